"""`central filter`: what schools block; here the packs that are made of it."""

from dataclasses import asdict
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text, progress
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    now,
    tell,
    with_office,
)
from provisioning.central.filters.compiling import Difference
from provisioning.central.filters.finding import find_in_lists
from provisioning.central.filters.publishing import Outcome, publish_policies
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.roles import PACKS

_VERDICTS = {
    "always": "blocked",
    "lesson": "blocked in lessons",
    "allow": "left open",
    "open": "open: no list of it has this name",
}


_FOLDER = "provisioning.central.commands"
_COMMANDS = console.Commands(
    {
        "answer": f"{_FOLDER}.filter_appeals:answer",
        "appeals": f"{_FOLDER}.filter_appeals:appeals",
        "compile": f"{_FOLDER}.filter:compile_command",
        "explain": f"{_FOLDER}.filter:explain",
        "list": f"{_FOLDER}.filter_lists:list_group",
        "lists": f"{_FOLDER}.filter_lists:lists",
        "policies": f"{_FOLDER}.filter_policies:show_policies",
        "policy": f"{_FOLDER}.filter_policies:policy_group",
    }
)


@click.group("filter", commands=_COMMANDS)
def filter_command() -> None:
    """What schools block where learners may use the Internet: lists, policies, appeals."""


@click.command("compile")
@click.argument("names", metavar="[POLICY]...", nargs=-1)
@click.option("--yes", "allow_shrink", is_flag=True, help="Publish even what shrank by more than 20 %.")
@dry_run_option
@json_option
@with_office
def compile_command(
    office: Office, names: tuple[str, ...], allow_shrink: bool, dry_run: bool, as_json: bool
) -> None:
    """Make the packs of policies, of all without a name, and put those that changed on offer.

    What did not change gets no new version. The `packs` key from keys/offline must be here, except for a
    --dry-run, which says what would be added and removed.
    """
    if not dry_run:
        office.open_keys().require(PACKS)
    moment = now()

    def edit(fleet: Fleet) -> list[Outcome]:
        return publish_policies(
            *(office, fleet, names),
            now=moment,
            allow_shrink=allow_shrink,
            dry_run=dry_run,
            progress=progress,
        )

    done, changes = change(office, edit, doing="filter compile", now=moment, dry_run=dry_run)
    lines = [line for outcome in done for line in _outcome_lines(outcome, dry_run=dry_run)]
    values = {"policies": [_outcome_to_dict(outcome) for outcome in done]}
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)


def _outcome_lines(outcome: Outcome, *, dry_run: bool) -> list[str]:
    compiled, pack_id = outcome.compiled, outcome.compiled.policy.pack_id
    if not outcome.is_new:
        state = f"unchanged, version {outcome.version}"
    else:
        state = "would be published" if dry_run else f"published as version {outcome.version}"
    lines = [f"{pack_id}: {count_text(compiled.total, 'name')}, {state}"]
    for name in dict.fromkeys((*compiled.always, *compiled.lesson)):
        lesson = f", {compiled.lesson[name]} in lessons" if compiled.lesson[name] else ""
        lines.append(f"  {name}: {compiled.always[name]} always{lesson}")
    for what, each in (("always", outcome.always), ("lessons", outcome.lesson), ("open", outcome.allowed)):
        lines += _difference_lines(what, each)
    for name, count in compiled.opened.most_common(20):
        lines.append(f"  contradiction: {name} is left open, so {count_text(count, 'blocked name')} went")
    lines += [f"  without effect: {name} is left open, and nothing blocks it" for name in compiled.idle]
    lines += [f"  warning: no list has the category {name}" for name in compiled.without]
    return lines


def _difference_lines(what: str, each: Difference) -> list[str]:
    if not each.added and not each.removed:
        return []
    lines = [f"  {what}: {each.added} more, {each.removed} less"]
    lines += [f"    + {name}" for name in each.first_added[:5]]
    return lines + [f"    - {name}" for name in each.first_removed[:5]]


def _outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    compiled = outcome.compiled
    return {
        "policy": compiled.policy.name,
        "pack": compiled.policy.pack_id,
        "version": outcome.version or None,
        "changed": outcome.is_new,
        "always": dict(compiled.always),
        "lesson": dict(compiled.lesson),
        "allowed": compiled.allowed,
        "difference": {
            name: asdict(each)
            for name, each in (
                *(("always", outcome.always), ("lesson", outcome.lesson), ("allowed", outcome.allowed)),
            )
        },
        "contradictions": dict(compiled.opened),
        "without_effect": compiled.idle,
        "empty_categories": compiled.without,
    }


@click.command("explain")
@click.argument("name", metavar="NAME")
@json_option
@with_office
def explain(office: Office, name: str, as_json: bool) -> None:
    """Say which lists hold NAME, and what each policy does with it. On a hub: `hub filter explain`."""
    wanted = name.strip().lower().removesuffix(".")
    with open_fleet(office.fleet_db) as fleet:
        found, rulings = find_in_lists(office, fleet, wanted)
    if as_json:
        listed = [
            {"list": each.list.name, "category": each.list.category, "listed": each.listed} for each in found
        ]
        values = {"lists": listed, "policies": [asdict(each) for each in rulings]}
        console.print_json({"format": 1, "name": wanted, **values})
        return
    for each in found:
        by = "" if each.listed == wanted else f", by {each.listed}"
        click.echo(f"list {each.list.name}: {each.list.category or 'allow'}{by}")
    if not found:
        click.echo(f"no list has {wanted}")
    for ruling in rulings:
        click.echo(f"policy {ruling.policy}: {_VERDICTS[ruling.verdict]}")
