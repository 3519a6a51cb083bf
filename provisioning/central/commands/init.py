"""`central init`: found an installation."""

from pathlib import Path

import click

from content_packs import console
from provisioning.central.commands.options import given_to, json_option, now
from provisioning.central.found import found_office
from provisioning.central.keyfile import is_encrypted, read_key_file
from provisioning.central.roles import DEFAULT_HASH_BITS, MAX_HASH_BITS


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Whose installation this is, for example the municipality.")
@click.option(
    "--hash-bits",
    type=click.IntRange(1, MAX_HASH_BITS),
    default=DEFAULT_HASH_BITS,
    show_default=True,
    help="Packs and assignments are each spread over 2^N signed files; more for a larger fleet.",
)
@click.option("--no-passphrase", is_flag=True, help="Ask for no passphrases: offline keys are open files.")
@json_option
@click.pass_context
def init(
    context: click.Context, directory: Path, name: str, hash_bits: int, no_passphrase: bool, as_json: bool
) -> None:
    """Make a central installation in the new or empty folder DIR.

    It holds depot/ (what hubs read), keys/ (keep keys/offline on sticks in safes), fleet.db, and
    hub-root.json, which every hub ships with. A terminal asks for the passphrases of the offline keys; a
    script gives them by `central --passphrase-file FILE init DIR`. Without, whoever gets a key's file can
    use it, until `central keys passphrase` gives it one.
    """
    access = given_to(context).access(none=no_passphrase)
    office = found_office(directory, name=name, hash_bits=hash_bits, now=now(), access=access)
    is_open = not is_encrypted(read_key_file(office.keys / "offline" / "packs.pem"))
    if as_json:
        values = {"dir": office.dir, "depot": office.depot, "root": office.root}
        console.print_json({"format": 1} | {key: str(path) for key, path in values.items()})
    else:
        click.echo(f"{office.dir}: made; hubs ship with {office.root}")
        if is_open:
            console.note(
                "warning: the offline keys have no passphrases: central keys passphrase KEY gives one"
            )
        console.note(f"next: back up {office.keys}, and keep its folder offline/ on sticks in safes")
