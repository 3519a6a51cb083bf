"""`central publishers`: who signs packs of their own."""

from dataclasses import asdict

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from content_packs import console
from content_packs.console import count_text
from content_packs.depot import PUBLISHER
from content_packs.errors import UsageError
from provisioning.central import publishers as publishing
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
)
from provisioning.central.fleet import Fleet, Published, open_fleet
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office
from provisioning.central.publishers import PublisherRow, Publishers
from provisioning.central.release import change

COMMANDS = console.Commands(
    {
        "add": f"{__name__}:add",
        "list": f"{__name__}:list_command",
        "revoke": f"{__name__}:revoke",
    }
)


@click.group("publishers", commands=COMMANDS)
def publishers() -> None:
    """Let others sign packs of their own: each with a key, and only packs whose ids begin with its prefix.

    Hubs themselves refuse anything else that such a key signs.
    """


@click.command("list")
@json_option
@with_office
def list_command(office: Office, as_json: bool) -> None:
    """List the publishers and their packs on offer."""
    with open_fleet(office.fleet_db) as fleet:
        rows = [(row, publishing.list_packs_of(fleet, row)) for row in Publishers(fleet).list_all()]
    if as_json:
        told = [asdict(row) | {"packs": [pack.name for pack in packs]} for row, packs in rows]
        console.print_json({"format": 1, "publishers": told})
        return
    for row, packs in rows:
        names = ", ".join(pack.name for pack in packs) or "no packs"
        state = f"revoked {minute_text(row.revoked_at)}" if row.revoked_at else names
        click.echo(f"{row.name}  {row.prefix}…  {row.title}  {state}")
    if not rows:
        console.note("the office publishes alone; another: central publishers add NAME --prefix PREFIX-")


@click.command("add")
@click.argument("name", metavar="NAME")
@click.option("--prefix", required=True, help="What the ids of its packs begin with, for example kyiv-")
@click.option("--title", default="", help="As people call it.")
@dry_run_option
@json_option
@with_office
def add(office: Office, name: str, prefix: str, title: str, dry_run: bool, as_json: bool) -> None:
    """Let NAME sign packs whose ids begin with PREFIX, with a key of its own.

    The key publisher-NAME is made in keys/offline; give it away by `central keys export STICK publisher-NAME
    --move`. Packs with this prefix that are on offer already are signed by it from now on. The key targets
    must be here, and packs if there are such packs.
    """
    moment = now()

    def edit(fleet: Fleet) -> tuple[PublisherRow, list[Published]]:
        publishing.check_new(name, prefix, title, Publishers(fleet).list_all())
        public = _make_key(office, fleet, name, prefix, dry_run=dry_run)
        return publishing.add_publisher(fleet, name, prefix, title, public, now=moment)

    (row, packs), changes = change(office, edit, doing="publishers add", now=moment, dry_run=dry_run)
    values = {"name": name, "prefix": prefix, "key": row.key_name, "packs": [pack.name for pack in packs]}
    lines = [f"{name}: {'may' if not dry_run else 'would'} sign packs that begin with {prefix}"]
    if packs:
        lines.append(f"  of those on offer: {', '.join(pack.name for pack in packs)}")
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)
    if not as_json and not dry_run:
        console.note(f"next: central keys export FOLDER {row.key_name} --move, and give that stick to {name}")


def _make_key(office: Office, fleet: Fleet, name: str, prefix: str, *, dry_run: bool) -> bytes:
    """Return the public half of the key that a publisher gets, made once all that have to sign are here."""
    ring = KeyRing(office.keys, office.access, keep=not dry_run)
    if not dry_run:
        has_packs = any(pack.on_offer and pack.pack_id.startswith(prefix) for pack in fleet.list_packs())
        ring.require("targets", *(("packs",) if has_packs else ()))
    made = ring.stage(f"{PUBLISHER}{name}")
    if not isinstance(made, Ed25519PrivateKey):
        raise AssertionError("a publisher signs")
    return made.public_key().public_bytes_raw()


@click.command("revoke")
@click.argument("name", metavar="NAME")
@click.option(
    "--take-over", is_flag=True, help="Its packs stay on offer, signed by the office: needs the key packs."
)
@click.option("--withdraw", is_flag=True, help="Its packs are withdrawn: no hub shall have them any more.")
@dry_run_option
@json_option
@with_office
def revoke(office: Office, name: str, take_over: bool, withdraw: bool, dry_run: bool, as_json: bool) -> None:
    """Let NAME sign no more: its key counts nowhere from now on. The key targets must be here.

    Say what becomes of its packs: --take-over where it went in peace, --withdraw where its key was stolen and
    you do not know what was signed with it.
    """
    if take_over == withdraw:
        raise UsageError(
            f"{name}: what becomes of its packs?", hint="Say either --take-over or --withdraw; see --help."
        )
    if not dry_run:
        with open_fleet(office.fleet_db) as fleet:
            packs = publishing.list_packs_of(fleet, publishing.find_publisher(fleet, name))
        office.open_keys().require("targets", *(("packs",) if take_over and packs else ()))
    moment = now()

    def edit(fleet: Fleet) -> tuple[PublisherRow, list[Published]]:
        return publishing.revoke_publisher(fleet, name, withdraw=withdraw, now=moment)

    (row, packs), changes = change(office, edit, doing="publishers revoke", now=moment, dry_run=dry_run)
    names = [pack.name for pack in packs]
    became = "withdrawn" if withdraw else "signed by the office"
    lines = [
        f"{row.name}: {'would be ' if dry_run else ''}revoked; {count_text(len(names), 'pack')} {became}"
    ]
    values = {"name": name, "packs": names, "withdrawn": withdraw}
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)
