"""`central init`: found an installation."""

from pathlib import Path

import click

from content_packs import console
from provisioning.central.commands.options import json_option, now
from provisioning.central.found import found_office
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
@json_option
def init(directory: Path, name: str, hash_bits: int, as_json: bool) -> None:
    """Make a central installation in the new or empty folder DIR.

    It holds depot/ (what hubs read), keys/ (keep keys/offline on a stick in a safe), fleet.db, and
    hub-root.json, which every hub ships with.
    """
    office = found_office(directory, name=name, hash_bits=hash_bits, now=now())
    if as_json:
        values = {"dir": office.dir, "depot": office.depot, "root": office.root}
        console.print_json({"format": 1} | {key: str(path) for key, path in values.items()})
    else:
        click.echo(f"{office.dir}: made; hubs ship with {office.root}")
        console.note(f"next: back up {office.keys}, and keep its folder offline/ on a stick in a safe")
