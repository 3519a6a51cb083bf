"""`central notes`: what people wrote down about a school."""

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    login,
    minute_text,
    now,
    with_office,
)
from provisioning.central.fleet import open_fleet
from provisioning.central.office import Office
from provisioning.central.school_notes import add_note, list_notes


@click.command()
@click.argument("hub_id", metavar="HUB_ID")
@click.option("--add", "text", metavar="TEXT", help="Write this down.")
@dry_run_option
@json_option
@with_office
def notes(office: Office, hub_id: str, text: str | None, dry_run: bool, as_json: bool) -> None:
    """Show what people wrote down about a school, the newest first, or with --add write something down."""
    with open_fleet(office.fleet_db) as fleet:
        if hub_id not in {hub.hub_id for hub in fleet.list_hubs()}:
            raise UsageError(f"no hub {hub_id} was ever enrolled", hint="`central hubs` lists them.")
    if text is not None:
        add_note(office, hub_id, text, who=f"cli:{login()}", now=now(), dry_run=dry_run)
    listed = list_notes(office, hub_id)
    if as_json:
        rows = [{"at": each.at, "who": each.who, "text": each.text} for each in listed]
        console.print_json({"format": 1, "dry_run": dry_run, "hub_id": hub_id, "notes": rows})
        return
    if dry_run and text is not None:
        click.echo("dry run, nothing was changed: the note would be written down")
    for each in listed:
        click.echo(f"{minute_text(each.at)}  {each.who}  {each.text}")
    if not listed:
        console.note(f'no note yet: central notes {hub_id} --add "called, the teacher comes on Monday"')
