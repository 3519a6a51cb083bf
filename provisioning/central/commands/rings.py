"""`central rings`: which hubs get a version together."""

import click

from content_packs import console
from content_packs.console import count_text
from provisioning.central import rings as ringing
from provisioning.central.commands.options import (
    dry_run_option,
    given_to,
    json_option,
    now,
    office_of,
    tell,
    with_office,
)
from provisioning.central.commands.rollout import told_line
from provisioning.central.fleet import Fleet, Hub, open_fleet
from provisioning.central.office import Office
from provisioning.central.reports import Reports
from provisioning.central.rings import list_rings
from provisioning.central.rollouts.model import Told
from provisioning.central.rollouts.work import edit_rollouts, tick


@click.group(invoke_without_command=True)
@json_option
@click.option("--dir", "directory", metavar="DIR", help="The central installation [default: $CENTRAL_DIR].")
@click.pass_context
def rings(context: click.Context, directory: str | None, as_json: bool) -> None:
    """List the rings with their hubs, or move hubs; `all` is every hub, whatever its own ring is."""
    context.obj = given_to(context, directory)
    if context.invoked_subcommand is None:
        _list(office_of(context, directory), as_json=as_json)


def _list(office: Office, *, as_json: bool) -> None:
    with open_fleet(office.fleet_db) as fleet:
        listed = list_rings(fleet)
    if as_json:
        rows = [
            {
                "ring": ring.name,
                "hubs": [hub.hub_id for hub in ring.hubs],
                "own": ring.own,
                "assigned": list(ring.assigned),
            }
            for ring in listed
        ]
        console.print_json({"format": 1, "rings": rows})
        return
    for ring in listed:
        own = f" ({ring.own} of no other ring)" if ring.name == "all" and ring.own < len(ring.hubs) else ""
        assigned = f"  {', '.join(ring.assigned)}" if ring.assigned else ""
        click.echo(f"{ring.name:12} {count_text(len(ring.hubs), 'hub')}{own}{assigned}")


@rings.command("move")
@click.argument("hub_ids", metavar="HUB_ID... RING", nargs=-1, required=True)
@dry_run_option
@json_option
@with_office
def move(office: Office, hub_ids: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Put hubs into another ring; what is assigned to that ring, and its rollouts, then hold for them."""
    if len(hub_ids) < 2:
        raise click.UsageError("Missing argument 'RING'.")
    *wanted, ring = hub_ids
    moment = now()

    def edit(fleet: Fleet, reports: Reports | None) -> tuple[list[Hub], list[Told]]:
        moved = ringing.move(fleet, wanted, ring)
        return moved, tick(fleet, reports, now=moment)

    (moved, told), changes = edit_rollouts(office, edit, now=moment, dry_run=dry_run)
    moved_ids = [hub.hub_id for hub in moved]
    lines = [f"{hub.hub_id}: ring {hub.ring} → {ring}" for hub in moved]
    lines += [f"{hub_id}: is in the ring {ring} already" for hub_id in wanted if hub_id not in moved_ids]
    lines += [told_line(each) for each in told]
    tell(lines, {"ring": ring, "moved": moved_ids}, changes, as_json=as_json, dry_run=dry_run)
