"""`central ingest`: what the hubs report."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from content_packs import console
from content_packs.console import count_text
from content_packs.errors import BusyError
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office
from provisioning.central.commands.rollout import told_line
from provisioning.central.ingest import Taken, require_clock
from provisioning.central.ingest import ingest as take_in
from provisioning.central.office import Office
from provisioning.central.rollouts.model import Told
from provisioning.central.rollouts.work import go_on

COPIED = "its card was copied: two hubs say that they are this one"
ENROL_ANEW = (
    "`central replace {hub_id} -o hub-config.txt`, which lets neither in any more; "
    "the file is for one of them, and `central card` makes the other's"
)


@click.command()
@click.option(
    "--from",
    "source",
    metavar="STICK",
    type=click.Path(path_type=Path, file_okay=False),
    help="A stick that came back from schools, instead of the depot.",
)
@click.option("--clock-is-right", is_flag=True, help="Where nothing was taken in for half a year.")
@dry_run_option
@json_option
@with_office
def ingest(office: Office, source: Path | None, clock_is_right: bool, dry_run: bool, as_json: bool) -> None:
    """Take in what hubs have reported, and tell them what they may forget.

    Run it as often as you like, from a timer: each report counts once. What lies in an inbox and is no
    report goes to the folder quarantine. At its end rollouts go on, or stop, by what was reported.
    """
    moment = now()
    if not clock_is_right:
        require_clock(office, now=moment)
    taken = take_in(office, source=source, now=moment, dry_run=dry_run)
    told = [] if dry_run else _go_on(office, moment)
    if as_json:
        hubs, rollouts = [asdict(hub) for hub in taken], [asdict(each) for each in told]
        console.print_json({"format": 1, "dry_run": dry_run, "hubs": hubs, "rollouts": rollouts})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
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
