"""Start rollouts, look at them, and what a person does with one. Each is an edit of fleet.db for `change`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from content_packs.errors import UsageError
from provisioning.central.assign import PackSpec, parse_spec, suggest
from provisioning.central.fleet import Assignment, Fleet, Hub, Published, iso, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change, read_wanted
from provisioning.central.reports import Reports, open_reports
from provisioning.central.rollouts.model import Member, Rollout, Told
from provisioning.central.rollouts.rules import Decision, advance, look_anew, may_have_it, refresh, settle
from provisioning.central.rollouts.seen import Newest, find_facts, why_not
from provisioning.central.rollouts.stages import Stage, find_whole, place_hubs
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.wanted import EVERYBODY, Change, Wanted, find_closest

Result = TypeVar("Result")
DAY_S = 86_400
WAIT_S = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class Rules:
    """When a rollout goes on, and when it stops by itself."""

    wait_s: int = WAIT_S  # 0: each stage waits for all of its hubs
    enough: int = 50  # per cent of a stage's hubs, once `wait_s` is over
    at_least_s: int = 0  # of a stage, however soon all have it: time to see how lessons go with it
    max_fail: int = 1
    deadline: str | None = None  # a day, ISO 8601


def start(
    fleet: Fleet,
    spec: PackSpec,
    stages: Sequence[Stage],
    rules: Rules,
    *,
    now: datetime,
    before: Wanted | None = None,
) -> Rollout:
    """Begin a rollout: the first stage shall have the version, all others keep what they have.

    `before` is what hubs were to have before this version was published, where that is one change with
    it. Hubs without an assignment of the pack get one: with a whole ring where a stage is one, else for
    themselves.

    Raises:
        UsageError: another rollout of this pack goes on, the version is not on offer, a ring is empty, every
            hub has it, or the whole first stage is pinned to another version.
    """
    before = before or read_wanted(fleet)
    pack = _find_on_offer(fleet, spec)
    store = Rollouts(fleet)
    _refuse_second(store, pack.pack_id)
    hubs = [hub for hub in fleet.list_hubs() if hub.revoked_at is None]
    _require_hubs(stages, hubs)
    had = {hub_id: packs.get(pack.pack_id) for hub_id, packs in before.by_hub.items()}
    placed = place_hubs(stages, hubs, seed=pack.name)
    if all(had.get(hub_id) == pack.version for hub_id in placed):
        raise UsageError(
            f"{pack.name}: every hub of these stages shall have it already",
            hint="Publish the next version with --stages, so that no hub is told of it before its stage.",
        )
    assignments = fleet.list_assignments()
    _refuse_pinned(pack, stages[0], [h for h in hubs if placed.get(h.hub_id) == 0], assignments)
    at = iso(now)
    rollout = Rollout(
        rollout_id=0,
        pack_id=pack.pack_id,
        version=pack.version,
        base=_base(store, before, assignments, pack.pack_id),
        stages=tuple(stages),
        started_at=at,
        stage_at=at,
        changed_at=at,
        wait_s=rules.wait_s,
        enough=rules.enough,
        at_least_s=rules.at_least_s,
        max_fail=rules.max_fail,
        deadline=rules.deadline,
    )
    members = [
        Member(
            0,
            hub.hub_id,
            hub.enrolled_at,
            stage,
            had.get(hub.hub_id),
            reached_at=None if stage else at,
            since=at,
        )
        for hub in hubs
        if (stage := placed.get(hub.hub_id)) is not None
    ]
    for assignment in _list_lacking(pack.pack_id, stages, hubs, placed, assignments):
        fleet.save_assignment(assignment)
    return store.add(rollout, members)


def start_all(
    fleet: Fleet,
    names: Iterable[str],
    stages: Sequence[Stage],
    rules: Rules,
    *,
    before: Wanted,
    now: datetime,
) -> list[Rollout]:
    """Begin a rollout of each of these versions, published in the same change; raises as `start`."""
    specs = [parse_spec(name) for name in names]
    return [start(fleet, spec, stages, rules, now=now, before=before) for spec in specs]


def _find_on_offer(fleet: Fleet, spec: PackSpec) -> Published:
    packs = [pack for pack in fleet.list_packs() if pack.on_offer]
    found = [pack for pack in packs if pack.pack_id == spec.pack_id and spec.version in (None, pack.version)]
    if not found:
        raise UsageError(
            f"{spec} is not on offer", hint=suggest(spec.pack_id, {pack.pack_id for pack in packs})
        )
    return found[-1]


def _refuse_second(store: Rollouts, pack_id: str) -> None:
    for other in store.list_governing():
        if other.pack_id == pack_id and other.is_active:
            number = other.rollout_id
            raise UsageError(
                f"rollout {number} of {other.name} is {other.state}: a pack has one rollout at a time",
                hint=f"End it first: central rollout abort {number}, roll-back {number} or finish {number}.",
            )


def _require_hubs(stages: Iterable[Stage], hubs: Sequence[Hub]) -> None:
    for stage in stages:
        if not any(stage.covers(hub) for hub in hubs):
            known = ", ".join(sorted({hub.ring for hub in hubs})) or "none"
            raise UsageError(
                f"--stages: no hub is in the ring {stage.ring}",
                hint=f"Rings with hubs: {known}; put one in: central rings move HUB_ID {stage.ring}",
            )


def _refuse_pinned(
    pack: Published, stage: Stage, hubs: Sequence[Hub], assignments: Sequence[Assignment]
) -> None:
    of_pack = [assignment for assignment in assignments if assignment.pack_id == pack.pack_id]
    if hubs and all(why_not(hub, of_pack, pack.version) == "pinned" for hub in hubs):
        pin = find_closest(hubs[0], of_pack)[pack.pack_id]
        raise UsageError(
            f"{pack.name}: every hub of stage {stage} is pinned to version {pin.version} by an assignment",
            hint=f"Let them follow: central assign {pack.pack_id} --{pin.audience} {pin.name}",
        )


def _base(store: Rollouts, before: Wanted, assignments: Iterable[Assignment], pack_id: str) -> int | None:
    """Return what hubs have that take no part: what the last rollout left them, else the newest there was."""
    course = store.read_courses().get(pack_id)
    if course is not None:
        return course.version if EVERYBODY in course.rings else course.base
    if not any(a.pack_id == pack_id and a.version is None for a in assignments):
        return None
    return max((pack.version for pack in before.packs if pack.pack_id == pack_id), default=None)


def _list_lacking(
    pack_id: str,
    stages: Sequence[Stage],
    hubs: Iterable[Hub],
    placed: Mapping[str, int],
    assignments: Sequence[Assignment],
) -> list[Assignment]:
    """Return the assignments without which some hubs would never be given this pack."""
    of_pack = [assignment for assignment in assignments if assignment.pack_id == pack_id]
    lacking: dict[tuple[str, str], Assignment] = {}
    for hub in hubs:
        if hub.hub_id in placed and not find_closest(hub, of_pack):
            whole = find_whole(stages, hub)
            made = (
                Assignment("hub", hub.hub_id, pack_id, None)
                if whole is None
                else Assignment("ring", stages[whole].ring, pack_id, None)
            )
            lacking[made.audience, made.name] = made
    return list(lacking.values())


# --- looking at them ---


def tick(fleet: Fleet, reports: Reports | None, *, now: datetime) -> list[Told]:
    """Let every rollout that is active go on as far as it may; return what it did by itself.

    Of one that was aborted, hubs keep the version that say only now that they have it.
    """
    store, told = Rollouts(fleet), list[Told]()
    watched = _list_watched(store)
    newest = reports.read_all_newest() if watched and reports is not None else {}
    for rollout in watched:
        if rollout.is_active:
            decision = look_at(fleet, store, newest, rollout, now=now)
            store.save(decision.rollout, decision.members)
            told += decision.told
        else:
            before = store.list_members(rollout.rollout_id)
            looked = judge_hubs(fleet, newest, rollout, before, now=now)
            store.save(
                rollout, [m if m.state == "ok" else settle(n) for m, n in zip(before, looked, strict=True)]
            )
    return told


def _list_watched(store: Rollouts) -> list[Rollout]:
    """Return the rollouts to which reports still matter."""
    return [
        rollout
        for rollout in store.list_governing()
        if rollout.is_active
        or any(may_have_it(rollout, member) for member in store.list_members(rollout.rollout_id))
    ]


def judge_hubs(
    fleet: Fleet, newest: Newest, rollout: Rollout, members: Iterable[Member], *, now: datetime
) -> list[Member]:
    """Return how these hubs of a rollout stand by their newest reports."""
    facts = find_facts(newest, rollout, fleet.list_hubs(), fleet.list_assignments())
    kind = _find_pack(fleet, rollout).kind
    return look_anew(members, facts, version=rollout.version, kind=kind, now=now)


def look_at(fleet: Fleet, store: Rollouts, newest: Newest, rollout: Rollout, *, now: datetime) -> Decision:
    """Return how a rollout goes on; nothing is kept."""
    hubs, pack = fleet.list_hubs(), _find_pack(fleet, rollout)
    facts = find_facts(newest, rollout, hubs, fleet.list_assignments())
    members = refresh(rollout, store.list_members(rollout.rollout_id), hubs, now=now)
    return advance(rollout, members, facts, kind=pack.kind, is_on_offer=pack.on_offer, now=now)


def _find_pack(fleet: Fleet, rollout: Rollout) -> Published:
    of_it = (rollout.pack_id, rollout.version)
    return next(pack for pack in fleet.list_packs() if (pack.pack_id, pack.version) == of_it)


def go_on(office: Office, *, now: datetime, dry_run: bool = False) -> tuple[list[Told], list[Change]]:
    """Look at all rollouts and let the depot follow: what `central ingest` ends with.

    Raises:
        BusyError: another command is changing this installation; the next time does as well.
    """
    with open_fleet(office.fleet_db) as fleet:
        if not _list_watched(Rollouts(fleet)):
            return [], []
    return edit_rollouts(
        office, lambda fleet, reports: tick(fleet, reports, now=now), now=now, dry_run=dry_run
    )


def edit_rollouts(
    office: Office,
    edit: Callable[[Fleet, Reports | None], Result],
    *,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Result, list[Change]]:
    """Run `change` with the reports at hand, where there are any."""
    with ExitStack() as stack:
        reports = None
        if office.reports_db.is_file():  # a dry run makes no files
            reports = stack.enter_context(open_reports(office.reports_db))
        return change(office, lambda fleet: edit(fleet, reports), doing="rollout", now=now, dry_run=dry_run)
