"""`central assign | unassign`: which hubs shall have which packs."""

from collections.abc import Callable
from typing import Literal, TypeVar

import click

from content_packs import console
from content_packs.depot import MAX_DAY_MB, MAX_PRIORITY
from provisioning.central import assign as assigning
from provisioning.central.commands.options import dry_run_option, json_option, now, tell, with_office
from provisioning.central.fleet import Assignment, Fleet, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.wanted import EVERYBODY

F = TypeVar("F", bound=Callable[..., object])


def _audience_options(function: F) -> F:
    for decorate in (
        click.option("--hub", "hub_id", metavar="HUB_ID", help="One hub; goes before its rings."),
        click.option("--ring", metavar="RING", help="The hubs of a ring; `all` is every hub."),
        click.argument("spec", metavar="PACK[@VERSION]"),
    ):
        function = decorate(function)
    return function


@click.command()
@_audience_options
@click.option(
    "--priority",
    metavar="N",
    type=click.IntRange(-MAX_PRIORITY, MAX_PRIORITY),
    default=0,
    show_default=True,
    help="-9 to 9: of what a hub still lacks, the highest comes first.",
)
@click.option(
    "--when-full",
    type=click.Choice(("wait", "replace")),
    default="wait",
    show_default=True,
    help="Where old and new do not fit on a hub together: keep the old one and wait for room, or remove it "
    "first; learners then go without until the new one is whole.",
)
@click.option(
    "--quiet-hours",
    metavar="HOURS",
    default="",
    help="When this pack does not travel, by the hub's clock, such as 08:00-15:00; beside the hub's own.",
)
@click.option(
    "--day-mb",
    metavar="N",
    type=click.IntRange(0, MAX_DAY_MB),
    default=0,
    help="How much of this pack a hub fetches a day, in MB; beside the hub's own budgets.",
)
@dry_run_option
@json_option
@with_office
def assign(
    office: Office,
    spec: str,
    ring: str | None,
    hub_id: str | None,
    priority: int,
    when_full: Literal["wait", "replace"],
    quiet_hours: str,
    day_mb: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give a pack to a ring or a hub: always the newest version, or just the one that is named.

    Said again for the same ring or hub, it replaces what was said before, priority and all.
    """
    pack = assigning.parse_spec(spec)
    assignment = assigning.make_assignment(
        pack,
        ring=ring,
        hub_id=hub_id,
        priority=priority,
        when_full=when_full,
        quiet_hours=quiet_hours,
        day_mb=day_mb,
    )
    _, changes = change(
        office, lambda fleet: assigning.assign(fleet, assignment), doing="assign", now=now(), dry_run=dry_run
    )
    line = f"{pack}: assigned to {assignment.audience} {assignment.name}{_terms_text(assignment)}"
    values = _values(assignment) | {
        "priority": priority,
        "when_full": when_full,
        "quiet_hours": assignment.quiet_hours,
        "day_mb": day_mb,
    }
    tell([line], values, changes, as_json=as_json, dry_run=dry_run)
    _note_empty_ring(office, assignment)
    _note_rollout(office, assignment)


@click.command()
@_audience_options
@dry_run_option
@json_option
@with_office
def unassign(
    office: Office, spec: str, ring: str | None, hub_id: str | None, dry_run: bool, as_json: bool
) -> None:
    """Take an assignment back; the hubs remove the pack, unless another assignment gives it to them."""
    pack = assigning.parse_spec(spec)
    assignment = assigning.make_assignment(pack, ring=ring, hub_id=hub_id)

    def edit(fleet: Fleet) -> bool:
        return assigning.unassign(fleet, assignment)

    was_there, changes = change(office, edit, doing="unassign", now=now(), dry_run=dry_run)
    verb = "unassigned from" if was_there else "was not assigned to"
    line = f"{pack}: {verb} {assignment.audience} {assignment.name}"
    tell([line], _values(assignment), changes, as_json=as_json, dry_run=dry_run)


def _terms_text(assignment: Assignment) -> str:
    priority = f", priority {assignment.priority}" if assignment.priority else ""
    replacing = ", replacing the old version where there is no room"
    quiet = f", not in {assignment.quiet_hours}" if assignment.quiet_hours else ""
    budget = f", {assignment.day_mb} MB a day" if assignment.day_mb else ""
    return priority + (replacing if assignment.when_full == "replace" else "") + quiet + budget


def _values(assignment: Assignment) -> dict[str, object]:
    return {
        "pack": assignment.pack_id,
        "version": assignment.version,
        assignment.audience: assignment.name,
    }


def _note_rollout(office: Office, assignment: Assignment) -> None:
    """Say it where "the newest" is what a rollout says."""
    with open_fleet(office.fleet_db) as fleet:
        governing = Rollouts(fleet).list_governing()
    for rollout in governing:
        if rollout.pack_id == assignment.pack_id and assignment.version is None:
            console.note(
                f"which version, rollout {rollout.rollout_id} of {rollout.name} says ({rollout.state}): "
                f"central rollout status {rollout.rollout_id}"
            )


def _note_empty_ring(office: Office, assignment: Assignment) -> None:
    """A misspelt ring is no error, since rings may be filled later; but say it."""
    if assignment.audience == "ring" and assignment.name != EVERYBODY:
        with open_fleet(office.fleet_db) as fleet:
            rings = {hub.ring for hub in fleet.list_hubs() if hub.revoked_at is None}
        if assignment.name not in rings:
            known = ", ".join(sorted(rings)) or "none"
            console.note(f"no hub is in the ring {assignment.name} yet; rings with hubs: {known}")
