"""`central usb`: a stick for schools that the uplink does not reach."""

from pathlib import Path

import click

from content_packs import console
from content_packs.console import count_text, progress, size_text
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.usb import plan_stick, refuse_own_folder, require_mounted, write_stick


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@click.option("--hub", "hub_id", metavar="HUB_ID", help="Only what this hub needs [default: all hubs].")
@dry_run_option
@json_option
@with_office
def usb(office: Office, destination: Path, hub_id: str | None, dry_run: bool, as_json: bool) -> None:
    """Write the packs that hubs shall have to the folder or stick DEST; hubs take it by `hub sync --from`.

    What is there already is kept, so a cut run goes on where it stopped. Everything is read back from the
    stick before it counts.
    """
    require_mounted(destination)
    refuse_own_folder(office, destination)
    if not dry_run:
        change(office, lambda _: None, doing="writing a stick", now=now())  # finishes what a crash left
    plan = plan_stick(office, hub_id)
    written = 0
    if not dry_run:
        with progress(f"writing {destination}", plan.total_bytes) as advance:
            written = write_stick(office, plan, destination, advance=advance)
    packs = [f"{pack_id}@{version}" for pack_id, version in plan.packs]
    values = {"packs": packs, "hubs": plan.hubs, "total_bytes": plan.total_bytes, "written_bytes": written}
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, "destination": str(destination), **values})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    held = "would hold" if dry_run else "holds"
    hubs = count_text(len(plan.hubs), "hub")
    click.echo(f"{destination}: {held} {size_text(plan.total_bytes)} for {hubs}")
    for pack in packs:
        click.echo(f"  {pack}")
    if not dry_run:
        click.echo(f"{size_text(written)} were written; it is safe to remove")
