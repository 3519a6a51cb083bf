"""`central ingest`: what the hubs report."""

from dataclasses import asdict
from pathlib import Path

import click

from content_packs import console
from content_packs.console import count_text
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office
from provisioning.central.ingest import Taken
from provisioning.central.ingest import ingest as take_in
from provisioning.central.office import Office

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
    report goes to the folder quarantine.
    """
    taken = take_in(office, source=source, now=now(), dry_run=dry_run)
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, "hubs": [asdict(hub) for hub in taken]})
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
    if not taken:
        console.note("no hub has left a report since the last time")


def _line(hub: Taken) -> str:
    known = f", {hub.repeated} known before" if hub.repeated else ""
    events, reports = count_text(hub.events, "new event"), count_text(hub.segments, "report")
    return f"{hub.hub_id}: {events} in {reports}{known}"
