"""`central filter list`: lists of names as others publish them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from content_packs import console
from content_packs.blocklist import CATEGORIES
from content_packs.console import count_text
from content_packs.errors import UsageError
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
)
from provisioning.central.filters import lists as listing
from provisioning.central.filters.reading import LeftOut
from provisioning.central.filters.tables import FilterTables, NameList
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change


@click.group("list")
def list_group() -> None:
    """Add or remove a list of names; `central filter lists` shows them."""


@click.command("lists")
@json_option
@with_office
def lists(office: Office, as_json: bool) -> None:
    """Show the lists of names that are there."""
    with open_fleet(office.fleet_db) as fleet:
        found = FilterTables(fleet).list_lists()
    if as_json:
        console.print_json({"format": 1, "lists": [_list_to_dict(each) for each in found]})
        return
    for each in found:
        what = "allow" if each.is_allow else each.category
        size, when = count_text(each.domains, "name"), minute_text(each.added_at)
        click.echo(f"{each.name}  {what}  {size}  from {each.source}, {when}")
    if not found:
        console.note("no list yet: central filter list add NAME FILE --category CATEGORY")


@list_group.command("add")
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--category", metavar="CATEGORY", help=f"What they are: {', '.join(CATEGORIES.values())}.")
@click.option("--allow", is_flag=True, help="Names that stay open, instead of names to block.")
@click.option(
    "--leave-out", is_flag=True, help="Leave out names that would refuse the list, such as com or hub.lan."
)
@dry_run_option
@json_option
@with_office
def list_add(
    office: Office,
    name: str,
    file: Path,
    category: str | None,
    allow: bool,
    leave_out: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in a list of names: plain, hosts, dnsmasq or AdBlock; one of the same name is replaced.

    What does not mean a whole site is left out and counted. Schools get it with the next `central filter
    compile`.
    """
    if bool(category) == allow:
        raise UsageError("expected either --category CATEGORY or --allow")
    moment = now()

    def edit(fleet: Fleet) -> listing.Added:
        return listing.add_list(
            *(office, fleet, name, file),
            category=category or "",
            now=moment,
            leave_out=leave_out,
            dry_run=dry_run,
        )

    added, changes = change(office, edit, doing="filter list", now=moment, dry_run=dry_run)
    size = count_text(added.list.domains, "name")
    before = "" if added.before is None else f", {added.before} before"
    lines = [f"{name}: {size}{before}; {added.repeated} said twice or below another"]
    lines += _left_out_lines("left out", added.reading.left_out) + _left_out_lines(
        "WRONG", added.reading.wrong
    )
    values = {
        "list": _list_to_dict(added.list),
        "before": added.before,
        "repeated": added.repeated,
        "left_out": {reason: asdict(each) for reason, each in added.reading.left_out.items()},
        "wrong": {reason: asdict(each) for reason, each in added.reading.wrong.items()},
    }
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)


def _left_out_lines(word: str, found: dict[str, LeftOut]) -> list[str]:
    lines = []
    for reason, each in found.items():
        lines.append(f"  {word}: {count_text(each.count, 'line')}: {reason}")
        lines += [f"    {example}" for example in each.examples]
    return lines


@list_group.command("remove")
@click.argument("name", metavar="NAME")
@dry_run_option
@json_option
@with_office
def list_remove(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """Forget a list."""
    removed, changes = change(
        office,
        lambda fleet: listing.remove_list(office, fleet, name, dry_run=dry_run),
        doing="filter list",
        now=now(),
        dry_run=dry_run,
    )
    done = "would be removed" if dry_run else "removed"
    tell([f"{name}: {done}"], {"list": _list_to_dict(removed)}, changes, as_json=as_json, dry_run=dry_run)


def _list_to_dict(each: NameList) -> dict[str, Any]:
    return asdict(each) | {"category": each.category or None, "allow": each.is_allow}
