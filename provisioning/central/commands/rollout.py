"""`central rollout …`: a version goes from stage to stage of hubs, and stops by itself where it does harm."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text, size_text
from provisioning.central.assign import parse_spec
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
)
from provisioning.central.commands.rollout_options import make_rules, rules_options, stages_option
from provisioning.central.fleet import Fleet
from provisioning.central.fleetview.alert import span_text
from provisioning.central.office import Office
from provisioning.central.reports import Reports
from provisioning.central.rollouts import control
from provisioning.central.rollouts.model import Rollout, Told
from provisioning.central.rollouts.stages import Stage
from provisioning.central.rollouts.view import (
    REASONS,
    RolloutHub,
    RolloutView,
    list_rollouts,
    read_rollout,
)
from provisioning.central.rollouts.work import edit_rollouts, start, tick
from provisioning.central.wanted import Change

Did = tuple[Rollout, list[Told]]
_SHOWN = 40  # hubs of a rollout that a person is shown; those that need looking at come first


@click.group("rollout")
def rollout() -> None:
    """Give a version to one stage of hubs after another; it stops by itself where it fails.

    Hubs of stages that were not reached keep the version that they have. An assignment that names a version
    goes before a rollout: its hubs are left out. `central ingest` lets rollouts go on.
    """


@rollout.command("start")
@click.argument("spec", metavar="PACK[@VERSION]")
@stages_option(required=True)
@rules_options
@dry_run_option
@json_option
@with_office
def start_command(
    office: Office,
    spec: str,
    stages: tuple[Stage, ...],
    wait_s: int,
    at_least_s: int,
    enough: int,
    max_fail: int,
    deadline: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Begin a rollout of the newest version, or of the one that is named: its first stage gets it.

    From then on new versions of this pack reach nobody before a rollout of theirs (see `release`). Where
    schools always get the newest version of a pack, publish the next one with `publish --stages`.
    """
    rules = make_rules(wait_s, at_least_s, enough, max_fail, deadline)
    pack, moment = parse_spec(spec), now()

    def edit(fleet: Fleet, reports: Reports | None) -> Did:
        begun = start(fleet, pack, stages, rules, now=moment)
        told = tick(fleet, reports, now=moment)
        return control.find_rollout(fleet, begun.rollout_id), told

    did, changes = edit_rollouts(office, edit, now=moment, dry_run=dry_run)
    _tell(did, changes, "started", as_json=as_json, dry_run=dry_run)


@rollout.command()
@click.argument("rollout_id", metavar="[ID]", type=click.IntRange(min=1), required=False)
@json_option
@with_office
def status(office: Office, rollout_id: int | None, as_json: bool) -> None:
    """Say how a rollout stands, school by school; without ID: every rollout, in a line each."""
    moment = now()
    if rollout_id is None:
        views = list_rollouts(office, moment)
        if as_json:
            console.print_json({"format": 1, "rollouts": [to_dict(view) for view in views]})
            return
        for view in views:
            click.echo(f"{view.rollout.rollout_id:4}  {view.rollout.name}  {view.says[0].said}")
        if not views:
            console.note("no rollout yet: central rollout start PACK --stages pilot,all")
        return
    view = read_rollout(office, rollout_id, moment)
    if as_json:
        console.print_json({"format": 1, **to_dict(view), "hubs": [asdict(hub) for hub in view.hubs]})
        return
    for line in _describe(view):
        click.echo(line)


def _command(
    name: str, verb: str, edit: Callable[[Fleet, Reports | None, int, datetime], Did], help_text: str
) -> None:
    """Add a command that does something with one rollout."""

    @rollout.command(name, help=help_text)
    @click.argument("rollout_id", metavar="ID", type=click.IntRange(min=1))
    @dry_run_option
    @json_option
    @with_office
    def command(office: Office, rollout_id: int, dry_run: bool, as_json: bool) -> None:
        moment = now()
        did, changes = edit_rollouts(
            office,
            lambda fleet, reports: edit(fleet, reports, rollout_id, moment),
            now=moment,
            dry_run=dry_run,
        )
        _tell(did, changes, verb, as_json=as_json, dry_run=dry_run)


_command(
    "pause",
    "paused",
    lambda fleet, _, number, at: (control.pause(fleet, number, now=at), []),
    "Let no further stage begin; hubs that were reached go on.",
)
_command(
    "resume",
    "goes on",
    lambda fleet, reports, number, at: control.resume(fleet, reports, number, now=at),
    "Let a paused one go on; hubs that have failed or were left out until now count no more.",
)
_command(
    "abort",
    "aborted",
    lambda fleet, reports, number, at: (control.abort(fleet, reports, number, now=at), []),
    "End it: who has reported the version keeps it, all others have what they had before.",
)
_command(
    "roll-back",
    "rolled back",
    lambda fleet, _, number, at: (control.roll_back(fleet, number, now=at), []),
    "End it, also one that has finished: every hub shall have again what it had before.",
)
_command(
    "finish",
    "finished",
    lambda fleet, _, number, at: (control.finish(fleet, number, now=at), []),
    "Give it to all stages at once; it is the usual version from now on.",
)


@rollout.command()
@click.argument("pack_id", metavar="PACK")
@dry_run_option
@json_option
@with_office
def release(office: Office, pack_id: str, dry_run: bool, as_json: bool) -> None:
    """Let the newest version of a pack go to everybody at once again, as before its first rollout."""
    pack, moment = parse_spec(pack_id), now()

    def edit(fleet: Fleet, _: Reports | None) -> Did:
        return control.release_pack(fleet, pack.pack_id, now=moment), []

    did, changes = edit_rollouts(office, edit, now=moment, dry_run=dry_run)
    _tell(did, changes, "released: the newest version goes to everybody", as_json=as_json, dry_run=dry_run)


@rollout.command("tick")
@dry_run_option
@json_option
@with_office
def tick_command(office: Office, dry_run: bool, as_json: bool) -> None:
    """Let every rollout go on as far as it may by now; `central ingest` does this at its end."""
    moment = now()
    told, changes = edit_rollouts(
        office, lambda fleet, reports: tick(fleet, reports, now=moment), now=moment, dry_run=dry_run
    )
    tell(
        [told_line(each) for each in told] or ["no rollout has anything to do"],
        {"told": [asdict(each) for each in told]},
        changes,
        as_json=as_json,
        dry_run=dry_run,
    )


def told_line(told: Told) -> str:
    """Return what a rollout did by itself."""
    whom = ", ".join(told.hubs[:5]) + (f" and {len(told.hubs) - 5} more" if len(told.hubs) > 5 else "")
    words = {
        ("stage-began", ""): f"stage {told.stage} begins: {count_text(len(told.hubs), 'hub')}",
        ("paused", "failures"): f"paused at stage {told.stage}: it failed at {whom}",
        ("paused", "nobody-ok"): f"paused at stage {told.stage}: nobody has it",
        ("ended", "withdrawn"): "aborted: the version was withdrawn",
        ("finished", ""): "finished: it is the usual version from now on",
    }
    return f"rollout {told.rollout_id} of {told.name}: {words.get((told.event, told.reason), told.event)}"


def _tell(did: Did, changes: Sequence[Change], verb: str, *, as_json: bool, dry_run: bool) -> None:
    done, told = did
    values = {**rollout_values(done), "told": [asdict(each) for each in told]}
    lines = [f"rollout {done.rollout_id} of {done.name}: {verb}", *map(told_line, told)]
    tell(lines, values, changes, as_json=as_json, dry_run=dry_run)


def rollout_values(rollout: Rollout) -> dict[str, Any]:
    """Return the members of a rollout in JSON: docs/reference/json.md."""
    values = asdict(rollout)
    stages = [str(stage) for stage in rollout.stages]
    return {"rollout": {"id": values.pop("rollout_id")} | values | {"stages": stages}}


def to_dict(view: RolloutView) -> dict[str, Any]:
    """Return how a rollout stands, without its hubs."""
    return {
        **rollout_values(view.rollout),
        "title": view.title,
        "kind": view.kind,
        "percent": view.percent,
        "counts": dict(view.counts),
        "late": view.is_late,
        "stages": [asdict(stage) for stage in view.stages],
        "says": [
            {"code": said.code, "level": said.level, "text": said.said, "hint": said.advice}
            for said in view.says
        ],
    }


def _describe(view: RolloutView) -> list[str]:
    first, *others = view.says
    lines = [f"{view.rollout.name}  {view.title}  {view.percent} %", first.said]
    for said in others:
        lines += [said.said] + ([f"  next: {said.advice}"] if said.advice else [])
    for stage in view.stages:
        counts = ", ".join(f"{count} {state}" for state, count in stage.counts.items() if count)
        lines.append(f"  stage {stage.name:12} {stage.state:7} {counts or 'no hubs'}")
    lines += [_hub_line(hub) for hub in view.hubs[:_SHOWN]]
    if len(view.hubs) > _SHOWN:
        lines.append(f"  … and {len(view.hubs) - _SHOWN} more: --json lists all")
    return lines


def _hub_line(hub: RolloutHub) -> str:
    words = [f"  {hub.hub_id}  {hub.school}  {hub.state}"]
    if hub.reason:
        words.append(REASONS.get(hub.reason, hub.reason))
    if hub.state in ("waiting-for-contact", "fetching", "failed"):
        heard = minute_text(hub.heard_at)
        words.append(f"heard {heard}" if heard else "never heard from")
        if hub.state == "waiting-for-contact" and hub.expected_at:
            words.append(f"expected {hub.expected_at[:10]}")
        left = f"{size_text(hub.bytes_left)} left"
        words.append(f"{left}, about {span_text(hub.eta_s)}" if hub.eta_s else left)
    return "  ".join(words)
