"""`central enrol | revoke | hubs`: the fleet."""

from dataclasses import asdict
from pathlib import Path

import click

from content_packs import console
from provisioning.central import enrol as enrolling
from provisioning.central.commands.options import json_option, minute_text, now, tell, with_office
from provisioning.central.fleet import open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change, read_wanted
from provisioning.central.ssh_keys import read_public_key


@click.command()
@click.argument("hub_id", metavar="HUB_ID")
@click.argument("pubkey_file", metavar="PUBKEY_FILE", type=click.Path(path_type=Path))
@click.option("--school", metavar="NAME", required=True, help="Where it stands, as people name it.")
@click.option(
    "--ring", metavar="RING", help="Which hubs get packs together with it [default: as before, else all]."
)
@json_option
@with_office
def enrol(
    office: Office, hub_id: str, pubkey_file: Path, school: str, ring: str | None, as_json: bool
) -> None:
    """Give a hub its place in the fleet and access to the depot.

    HUB_ID and PUBKEY_FILE are what `hub init` made. Again with the same key changes the school, and
    the ring where --ring is given.
    Besides its own ring, every hub is in the ring `all`.
    """
    key = read_public_key(pubkey_file)
    moment = now()
    hub, changes = change(
        office,
        lambda fleet: enrolling.enrol(fleet, hub_id, key, school=school, ring=ring, now=moment),
        doing="enrol",
        now=moment,
    )
    values = {"hub_id": hub.hub_id, "school": hub.school, "ring": hub.ring}
    lines = [f"{hub.hub_id}: enrolled, school {hub.school!r}, ring {hub.ring}"]
    tell(lines, values, changes, as_json=as_json, dry_run=False)


@click.command()
@click.argument("hub_id", metavar="HUB_ID")
@json_option
@with_office
def revoke(office: Office, hub_id: str, as_json: bool) -> None:
    """Take a hub's access to the depot away: stolen, broken, or to be enrolled with a new key.

    What was assigned to it by --hub is forgotten; enrolled again, it begins in the ring `all`.
    """
    moment = now()
    _, changes = change(
        office, lambda fleet: enrolling.revoke(fleet, hub_id, now=moment), doing="revoke", now=moment
    )
    tell([f"{hub_id}: revoked"], {"hub_id": hub_id}, changes, as_json=as_json, dry_run=False)


@click.command()
@json_option
@with_office
def hubs(office: Office, as_json: bool) -> None:
    """List the hubs, and which packs each shall have."""
    with open_fleet(office.fleet_db) as fleet:
        listed, wanted = fleet.list_hubs(), read_wanted(fleet)
    rows = [asdict(hub) | {"packs": wanted.by_hub.get(hub.hub_id, {})} for hub in listed]
    if as_json:
        console.print_json({"format": 1, "hubs": rows})
        return
    for hub in listed:
        shall_have = ", ".join(f"{pack}@{v}" for pack, v in wanted.by_hub.get(hub.hub_id, {}).items())
        revoked = f"revoked {minute_text(hub.revoked_at)}" if hub.revoked_at else ""
        state = revoked or shall_have or "nothing assigned"
        click.echo(f"{hub.hub_id}  ring {hub.ring}  {hub.school}  {state}")
    if not listed:
        console.note("no hub is enrolled yet: central enrol HUB_ID PUBKEY_FILE --school NAME")
