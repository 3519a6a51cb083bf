"""`central gc`: delete from the depot what no hub needs any more."""

from collections import Counter
from datetime import timedelta

import click

from content_packs import console
from content_packs.console import count_text, size_text
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office
from provisioning.central.gc import Collected, collect
from provisioning.central.held import GRACE
from provisioning.central.ingest import require_clock
from provisioning.central.office import Office

_MOST_DAYS = 36_500


@click.command()
@click.option(
    "--grace-days",
    metavar="DAYS",
    type=click.IntRange(1, _MOST_DAYS),
    default=GRACE.days,
    show_default=True,
    help="How long a hub may have been without a link, and still find what it was told to have.",
)
@dry_run_option
@json_option
@with_office
def gc(office: Office, grace_days: int, dry_run: bool, as_json: bool) -> None:
    """Delete from the depot what no hub needs any more.

    First, older versions that no hub has been told to have, nor reported, for DAYS are taken off the offers;
    this needs the `packs` key from keys/offline. After DAYS more their files are deleted: run it now and
    then. Files that were left by interrupted work go too.
    """
    moment = now()
    require_clock(office, now=moment)
    collected = collect(office, now=moment, grace=timedelta(days=grace_days), dry_run=dry_run)
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, **_to_dict(office, collected)})
    else:
        _tell(collected, dry_run=dry_run)


def _to_dict(office: Office, collected: Collected) -> dict[str, object]:
    return {
        "retired": collected.retired,
        "freed": collected.freed,
        "waiting_for_key": collected.waiting_for_key,
        "freed_bytes": collected.freed_bytes,
        "files": [
            {"path": str(file.path.relative_to(office.depot)), "size": file.size, "why": file.why}
            for file in collected.files
        ],
    }


def _tell(collected: Collected, *, dry_run: bool) -> None:
    if dry_run:
        click.echo("dry run, nothing was changed:")
    for name in collected.retired:
        click.echo(f"{name}: off the offers; its files stay for the grace")
    for name in collected.freed:
        click.echo(f"{name}: its files are deleted")
    sizes, numbers = Counter[str](), Counter[str]()
    for file in collected.files:
        sizes[file.why] += file.size
        numbers[file.why] += 1
    for why, size in sorted(sizes.items()):
        click.echo(f"  {count_text(numbers[why], 'file')}, {size_text(size)}: {why}")
    click.echo(f"{size_text(collected.freed_bytes)} {'would be' if dry_run else 'were'} freed")
    if collected.waiting_for_key:
        console.note(
            f"{count_text(len(collected.waiting_for_key), 'version')} could be taken off the offers: "
            "plug in the stick with the `packs` key and run it again"
        )
