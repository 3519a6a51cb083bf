"""`central ingest | fleet`: what the hubs report."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text, size_text
from content_packs.errors import BusyError
from provisioning.central.commands.options import dry_run_option, json_option, minute_text, now, with_office
from provisioning.central.commands.rollout import told_line
from provisioning.central.ingest import Taken
from provisioning.central.ingest import ingest as take_in
from provisioning.central.office import Office
from provisioning.central.overview import NEVER, HubOverview, read_overview
from provisioning.central.rollouts.model import Told
from provisioning.central.rollouts.work import go_on

COPIED = "its card was copied: two hubs say that they are this one"
ENROL_ANEW = "`central revoke {hub_id}`, then `hub init` into a new folder on both, and enrol each anew"


@click.command()
@click.option(
    "--from",
    "source",
    metavar="STICK",
    type=click.Path(path_type=Path, file_okay=False),
    help="A stick that came back from schools, instead of the depot.",
)
@dry_run_option
@json_option
@with_office
def ingest(office: Office, source: Path | None, dry_run: bool, as_json: bool) -> None:
    """Take in what hubs have reported, and tell them what they may forget.

    Run it as often as you like, from a timer: each report counts once. What lies in an inbox and is no
    report goes to the folder quarantine. At its end rollouts go on, or stop, by what was reported.
    """
    moment = now()
    taken = take_in(office, source=source, now=moment, dry_run=dry_run)
    told = [] if dry_run else _go_on(office, moment)
    if as_json:
        hubs, rollouts = [asdict(hub) for hub in taken], [asdict(each) for each in told]
        console.print_json({"format": 1, "dry_run": dry_run, "hubs": hubs, "rollouts": rollouts})
        return
    for hub in taken:
        click.echo(_line(hub))
        for refused in hub.refused:
            console.note(f"warning: {hub.hub_id}: refused {refused}")
        if hub.left:
            left = count_text(hub.left, "report")
            console.note(f"warning: {hub.hub_id}: {left} could not be removed; nothing is lost")
        if hub.copied:
            console.note(f"warning: {hub.hub_id}: {COPIED}")
            console.note(f"  next: {ENROL_ANEW.format(hub_id=hub.hub_id)}")
    for each in told:
        click.echo(told_line(each))
    if not taken:
        console.note("no hub has left a report since the last time")


def _go_on(office: Office, moment: datetime) -> list[Told]:
    """Let rollouts go on by what was reported; where another command is at work, the next time does."""
    try:
        told, _ = go_on(office, now=moment)
    except BusyError:
        console.note("rollouts go on with the next ingest: another command is changing this installation")
        return []
    return told


def _line(hub: Taken) -> str:
    known = f", {hub.repeated} known before" if hub.repeated else ""
    events, reports = count_text(hub.events, "new event"), count_text(hub.segments, "report")
    return f"{hub.hub_id}: {events} in {reports}{known}"


@click.command()
@json_option
@with_office
def fleet(office: Office, as_json: bool) -> None:
    """Say how each hub is, by its newest report: last contact, packs, last sync, disk, software."""
    hubs = read_overview(office)
    if as_json:
        console.print_json({"format": 1, "hubs": [_to_dict(hub) for hub in hubs]})
        return
    for hub in hubs:
        for line in _describe(hub):
            click.echo(line)
    if not hubs:
        console.note("no hub is enrolled yet: central enrol HUB_ID PUBKEY_FILE --school NAME")


def _to_dict(hub: HubOverview) -> dict[str, Any]:
    return {
        "hub_id": hub.hub.hub_id,
        "school": hub.hub.school,
        "ring": hub.hub.ring,
        "heard_at": hub.heard_at,
        "said_at": hub.said_at,
        "packs": [
            {"id": pack.pack_id, "want": pack.want, "have": pack.have, "state": pack.state}
            for pack in hub.packs
        ],
        "last_sync": hub.body("sync"),
        "health": hub.body("health"),
        "notes": [asdict(note) for note in hub.notes],
    }


def _describe(hub: HubOverview) -> list[str]:
    heard = f"heard {minute_text(hub.heard_at)}, says {minute_text(hub.said_at)}" if hub.heard_at else NEVER
    lines = [f"{hub.hub.hub_id}  {hub.hub.school}  {heard}"]
    if hub.is_copied:
        lines += [f"  {COPIED}", f"    next: {ENROL_ANEW.format(hub_id=hub.hub.hub_id)}"]
    lines += [f"  {_pack_line(pack.pack_id, pack.want, pack.have, pack.state)}" for pack in hub.packs]
    if sync := hub.body("sync"):
        lines.append(f"  last told: {minute_text(sync['finished_at'])} sync {_result(sync)}")
    if health := hub.body("health"):
        free, total = size_text(health["free_bytes"]), size_text(health["total_bytes"])
        lines.append(f"  disk: {free} of {total} free; software {health['software']}")
    lines += [f"  note {minute_text(note.at)}: {note.kind}: {note.text}" for note in hub.notes[:3]]
    return lines


def _pack_line(pack_id: str, want: int | None, have: int | None, state: str) -> str:
    has = "none" if have is None else f"v{have}"
    shall_have = "none" if want is None else f"v{want}"
    return f"{pack_id}: {has}" if state == "current" else f"{pack_id}: {has}, shall be {shall_have}: {state}"


def _result(sync: Mapping[str, Any]) -> str:
    failed = "".join(f", {name} {code}" for name, code in sync["failed"].items())
    return f"{sync['result']}, {size_text(sync['received_bytes'])} received{failed}"
