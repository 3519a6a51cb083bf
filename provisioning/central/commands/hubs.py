"""`central enrol | revoke | hubs`: the fleet."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from content_packs import console
from content_packs.console import count_text
from content_packs.errors import UsageError
from hub.school.statusblock import short_fingerprint
from provisioning.central import enrol as enrolling
from provisioning.central import requests
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    nobody_text,
    now,
    tell,
    with_office,
)
from provisioning.central.fleet import Fleet, Hub, iso, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change, read_wanted
from provisioning.central.requests import clear_requests
from provisioning.central.ssh_keys import read_public_key
from provisioning.central.status_file import enrol_by_status, read_status_file


@click.command()
@click.argument("hub_id", metavar="HUB_ID", required=False)
@click.argument("pubkey_file", metavar="PUBKEY_FILE", required=False, type=click.Path(path_type=Path))
@click.option("--school", metavar="NAME", help="Where it stands, as people name it.")
@click.option(
    "--ring", metavar="RING", help="Which hubs get packs together with it [default: as before, else all]."
)
@click.option("--pending", is_flag=True, help="List the cards that were made, and the hubs that ask.")
@click.option("--approve", metavar="FINGERPRINT", help="Enrol HUB_ID, whose request has this fingerprint.")
@click.option(
    "--from-status",
    "status_file",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Enrol the hub whose hub-status.txt this is; - reads it, or what its QR code says, from stdin.",
)
@dry_run_option
@json_option
@with_office
def enrol(
    office: Office,
    hub_id: str | None,
    pubkey_file: Path | None,
    school: str | None,
    ring: str | None,
    pending: bool,
    approve: str | None,
    status_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give a hub its place in the fleet and access to the depot.

    By hand: HUB_ID, PUBKEY_FILE and --school, which are what `hub init` made. Again with the same key
    changes the school, and the ring where --ring is given. By a card of `central card`: the hub asks by
    itself; --pending shows the fingerprint of its key, and --approve takes it once somebody has compared it
    with the one in hub-status.txt. Without a link: --from-status takes that file, or its text.
    Besides its own ring, every hub is in the ring `all`.
    """
    if pending:
        _show_pending(office, as_json=as_json)
        return
    edit = _plan_enrol(office, hub_id, pubkey_file, school, ring, approve, status_file)
    hub, changes = change(office, edit, doing="enrol", now=now(), dry_run=dry_run)
    if (approve or status_file) and not dry_run:
        clear_requests(office, hub.hub_id)
    shown = short_fingerprint(hub.public_key)
    values = {"hub_id": hub.hub_id, "school": hub.school, "ring": hub.ring, "fingerprint": shown}
    done = "would be enrolled" if dry_run else "enrolled"
    lines = [f"{hub.hub_id}: {done}, school {hub.school!r}, ring {hub.ring}, key {shown}"]
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)


def _plan_enrol(
    office: Office,
    hub_id: str | None,
    pubkey_file: Path | None,
    school: str | None,
    ring: str | None,
    approve: str | None,
    status_file: Path | None,
) -> Callable[[Fleet], Hub]:
    """Return what to do with the fleet, of the three ways to enrol."""
    moment = now()
    if status_file is not None:
        block = read_status_file(status_file)
        return lambda fleet: enrol_by_status(fleet, block, school=school, ring=ring, now=moment)
    if hub_id is None:
        raise UsageError(
            "which hub?", hint="Give HUB_ID and PUBKEY_FILE, or --pending, or --from-status FILE."
        )
    if approve is not None:
        return lambda fleet: requests.approve(office, fleet, hub_id, approve, now=moment)
    if pubkey_file is None or school is None:
        raise UsageError(
            f"{hub_id}: PUBKEY_FILE and --school are missing",
            hint="`hub init` made the file; or say --approve FINGERPRINT for a hub that asked by itself.",
        )
    key = read_public_key(pubkey_file)
    return lambda fleet: enrolling.enrol(fleet, hub_id, key, school=school, ring=ring, now=moment)


def _show_pending(office: Office, *, as_json: bool) -> None:
    with open_fleet(office.fleet_db) as fleet:
        listed = requests.list_pending(office, fleet)
    moment = now()
    if as_json:
        rows = [
            {
                "hub_id": each.card.hub_id,
                "school": each.card.school,
                "ring": each.card.ring,
                "made_at": each.card.made_at,
                "expires_at": each.card.expires_at,
                "asked_at": each.asked_at,
                "fingerprint": each.fingerprint or None,
                "public_key": each.public_key or None,
                "refused": list(each.refused),
            }
            for each in listed
        ]
        console.print_json({"format": 1, "pending": rows})
        return
    for each in listed:
        click.echo(f"{each.card.hub_id}  {each.card.school}  {_waits(each, moment)}")
        for why in each.refused:
            console.note(f"  warning: {why}")
    if any(each.public_key for each in listed):
        console.note(
            "compare with hub-status.txt of the card, then: central enrol HUB_ID --approve FINGERPRINT"
        )
    if not listed:
        console.note("no card waits for its hub: central card SCHOOL -o hub-config.txt")


def _waits(each: requests.Pending, moment: datetime) -> str:
    """Return how a card stands: whether its hub asks, and for how long already."""
    since = each.asked_at or each.card.made_at
    days = (moment - datetime.fromisoformat(since)).days
    waited = f" for {count_text(days, 'day')}" if days > 0 else ""
    state = f"asks{waited}: key {each.fingerprint}" if each.public_key else f"not started yet{waited}"
    is_over = each.card.expires_at <= iso(moment)
    return f"{state}; its token {'ended' if is_over else 'ends'} {minute_text(each.card.expires_at)}"


@click.command()
@click.argument("hub_id", metavar="HUB_ID")
@click.option("--why", default="", metavar="TEXT", help="Why, for those who look later.")
@dry_run_option
@json_option
@with_office
def revoke(office: Office, hub_id: str, why: str, dry_run: bool, as_json: bool) -> None:
    """Take a hub's access to the depot away: stolen, or given up. A broken one: `central replace`.

    What was assigned to it by --hub is forgotten; enrolled again, it begins in the ring `all`.
    """
    moment = now()
    _, changes = change(
        office,
        lambda fleet: enrolling.revoke(fleet, hub_id, now=moment, why=why),
        doing="revoke",
        now=moment,
        dry_run=dry_run,
    )
    done = "would be revoked" if dry_run else "revoked"
    tell([f"{hub_id}: {done}"], {"hub_id": hub_id}, changes, as_json=as_json, dry_run=dry_run)


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
        state = _revoked(hub) or shall_have or "nothing assigned"
        if not hub.public_key:
            state += f"  (card replaced {minute_text(hub.replaced_at)}, the new one not approved yet)"
        click.echo(f"{hub.hub_id}  ring {hub.ring}  {hub.school}  {state}")
    if not listed:
        console.note(nobody_text(office))


def _revoked(hub: Hub) -> str:
    if hub.revoked_at is None:
        return ""
    return f"revoked {minute_text(hub.revoked_at)}{f': {hub.revoked_why}' if hub.revoked_why else ''}"
