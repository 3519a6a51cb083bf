"""Decide how a rollout goes on: pure, from what hubs have reported and the time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning.central.fleet import Hub, iso
from provisioning.central.rollouts.model import (
    DONE,
    Event,
    HubFacts,
    HubState,
    Member,
    Rollout,
    RolloutState,
    Seen,
    Told,
    Why,
)
from provisioning.central.rollouts.stages import find_whole
from provisioning.central.wanted import Course

_DAY_S = 86_400
_LONGEST_S = 30 * _DAY_S  # of a stage that waits for all of its hubs, before somebody should look
SYSTEM_KINDS = ("software", "image")  # a pack that is there is not yet one that runs: hub/updates.py


@dataclass(frozen=True, slots=True)
class Decision:
    """How a rollout and its hubs stand now, and what there is to tell."""

    rollout: Rollout
    members: tuple[Member, ...]
    told: tuple[Told, ...] = ()


def judge(member: Member, facts: HubFacts | None, *, version: int, kind: str) -> tuple[HubState, str]:
    """Return how a hub stands, and why: a code, or what the hub itself said of an update.

    `facts` None: no such hub is enrolled any more. A report that came before the hub was told to have the
    version says nothing, but for updates of the hub itself: those are told once, and not tried again.
    """
    if facts is None or facts.hub.enrolled_at != member.enrolled_at:
        return "skipped", "revoked"
    if member.reached_at is None:
        return "pending", ""
    if facts.why_not:
        return "skipped", facts.why_not
    seen, since = facts.seen, member.enrolled_at if member.before == version else member.reached_at
    if kind in SYSTEM_KINDS and seen.update and seen.update_at >= member.enrolled_at:
        return _judge_update(seen)
    if seen.packs_at >= since:
        found = _judge_packs(seen, since, version=version, kind=kind)
        if found is not None:
            return found
    if seen.fault and seen.sync_at >= since:
        return "failed", seen.fault
    return "waiting-for-contact", ""


def back(member: Member, facts: HubFacts | None, rollout: Rollout) -> Member:
    """Return how a hub stands after a rollback: ok where it said since that it does not have the version."""
    if member.reached_at is None:
        return replace(member, state="pending", reason="")
    if facts is None or facts.hub.enrolled_at != member.enrolled_at:
        return replace(member, state="skipped", reason="revoked")
    is_told = facts.seen.packs_at >= rollout.changed_at
    is_back = is_told and facts.seen.have != rollout.version
    return replace(member, state="ok" if is_back else "waiting-for-contact", reason="")


def _judge_update(seen: Seen) -> tuple[HubState, str]:
    if seen.update == "good":
        return "ok", ""
    if seen.update == "failed":
        return "failed", seen.update_why or "update-failed"
    if seen.update == "refused":
        return "skipped", seen.update_why or "update-refused"
    return "fetching", seen.update


def _judge_packs(seen: Seen, since: str, *, version: int, kind: str) -> tuple[HubState, str] | None:
    """Return what a report of packs says; None where the hub did not know of the version yet."""
    if seen.have == version:
        return ("fetching", "not-tried-yet") if kind in SYSTEM_KINDS else ("ok", "")
    fault = seen.fault if seen.sync_at >= since else ""
    if seen.needs_space or fault == "disk-full":
        return "skipped", "needs-space"
    if fault:
        return "failed", fault
    if seen.is_coming:
        return "fetching", ""
    if seen.is_put_back:
        return "failed", "put-back"
    return ("fetching", "") if seen.is_known else None


def look_anew(
    members: Iterable[Member], facts: Mapping[str, HubFacts], *, version: int, kind: str, now: datetime
) -> list[Member]:
    """Return the same hubs as they stand now; `since` is when that became so."""
    found = []
    for member in members:
        state, reason = judge(member, facts.get(member.hub_id), version=version, kind=kind)
        since = member.since if state == member.state and member.since else iso(now)
        found.append(replace(member, state=state, reason=reason, since=since))
    return found


def settle(member: Member) -> Member:
    """Return how a hub stands in a rollout that was aborted: left out unless it said that it has it."""
    if member.state not in ("waiting-for-contact", "fetching"):
        return member
    return replace(member, state="skipped", reason="aborted")


def may_have_it(rollout: Rollout, member: Member) -> bool:
    """Whether a report of before the abort may still come: the hub was told of the version and is silent."""
    is_asked = rollout.state == "aborted" and rollout.reason == "asked"
    return is_asked and member.reached_at is not None and member.state in ("skipped", "failed")


def refresh(
    rollout: Rollout, members: Iterable[Member], hubs: Iterable[Hub], *, now: datetime
) -> list[Member]:
    """Return who takes part now: with hubs that were enrolled, enrolled anew or moved to another ring.

    Who has been reached stays, and so does who was revoked: it is told. A hub that came later takes part
    where all hubs of its ring do.
    """
    known = {member.hub_id: member for member in members}
    for hub in hubs:
        member = known.get(hub.hub_id)
        is_same = member is not None and member.enrolled_at == hub.enrolled_at
        if hub.revoked_at is not None or (is_same and member is not None and member.reached_at is not None):
            continue
        stage = _stage_of(rollout, member if is_same else None, hub)
        if stage is None:
            if member is not None:
                del known[hub.hub_id]
            continue
        if not is_same or member is None:
            member = Member(rollout.rollout_id, hub.hub_id, hub.enrolled_at, stage, rollout.base)
        is_reached = stage <= rollout.stage
        known[hub.hub_id] = replace(member, stage=stage, reached_at=iso(now) if is_reached else None)
    return [known[hub_id] for hub_id in sorted(known)]


def _stage_of(rollout: Rollout, member: Member | None, hub: Hub) -> int | None:
    """Return the stage of a hub that was not reached: its own, or an earlier one of its whole ring."""
    own = member.stage if member is not None and rollout.stages[member.stage].covers(hub) else None
    whole = find_whole(rollout.stages, hub)
    return min((stage for stage in (own, whole) if stage is not None), default=None)


def advance(
    rollout: Rollout,
    members: Sequence[Member],
    facts: Mapping[str, HubFacts],
    *,
    kind: str,
    is_on_offer: bool,
    now: datetime,
) -> Decision:
    """Return how a rollout goes on. One that has ended stays; a paused one only looks at its hubs."""
    if not rollout.is_active:
        return Decision(rollout, tuple(members))
    work = _Work(rollout, list(members), facts, kind, now)
    work.look()
    if not is_on_offer:
        work.end("aborted", "withdrawn")
    while work.rollout.state == "running" and work.goes_on():
        work.look()
    return Decision(work.rollout, tuple(work.members), tuple(work.told))


class _Work:
    """One look at a rollout that is active."""

    def __init__(
        self,
        rollout: Rollout,
        members: list[Member],
        facts: Mapping[str, HubFacts],
        kind: str,
        now: datetime,
    ) -> None:
        self.rollout, self.members = rollout, members
        self.told: list[Told] = []
        self._facts, self._kind, self._now = facts, kind, now

    def look(self) -> None:
        """Judge every hub anew."""
        self.members = look_anew(
            self.members, self._facts, version=self.rollout.version, kind=self._kind, now=self._now
        )

    def goes_on(self) -> bool:
        """Pause, begin the next stage or finish, where it is time; return whether a stage began."""
        failed = tuple(m.hub_id for m in self.members if m.state == "failed" and not m.accepted)
        if len(failed) >= self.rollout.max_fail:
            self.end("paused", "failures", failed)
            return False
        if not self._is_done():
            return False
        here = [m for m in self.members if m.stage == self.rollout.stage]
        if here and not any(m.state == "ok" or m.accepted for m in here):
            self.end("paused", "nobody-ok", tuple(m.hub_id for m in here))
            return False
        if self.rollout.is_last_stage:
            self.end("finished", "")
            return False
        self.begin_stage()
        return True

    def _is_done(self) -> bool:
        """Whether nothing more is awaited of this stage; of the last one: of the whole rollout."""
        is_last = self.rollout.is_last_stage
        awaited = [m for m in self.members if is_last or m.stage == self.rollout.stage]
        waited = self._now - datetime.fromisoformat(self.rollout.stage_at)
        if awaited and not is_last and waited < timedelta(seconds=self.rollout.at_least_s):
            return False
        if all(member.state in DONE for member in awaited):
            return True
        if not self.rollout.wait_s or waited < timedelta(seconds=self.rollout.wait_s):
            return False
        counted = [member for member in awaited if member.state != "skipped"]
        ok = sum(member.state == "ok" for member in counted)
        if ok:  # somebody has tried it: who never says anything cannot hold the others up
            counted = [member for member in counted if not self._is_unheard(member)]
        return ok * 100 >= self.rollout.enough * len(counted)

    def _is_unheard(self, member: Member) -> bool:
        """Whether its card has never said anything."""
        facts = self._facts.get(member.hub_id)
        return member.state == "waiting-for-contact" and facts is not None and not facts.seen.heard_at

    def begin_stage(self) -> None:
        """Let the hubs of the next stage have the version."""
        stage, at = self.rollout.stage + 1, iso(self._now)
        self.rollout = replace(self.rollout, stage=stage, stage_at=at)
        self.members = [replace(m, reached_at=at) if m.stage == stage else m for m in self.members]
        reached = tuple(m.hub_id for m in self.members if m.stage == stage)
        self._tell(Told(*self._name(), "stage-began", stage=str(self.rollout.stages[stage]), hubs=reached))

    def end(self, state: RolloutState, reason: Why, hubs: tuple[str, ...] = ()) -> None:
        """Go to another state and say so."""
        self.rollout = replace(self.rollout, state=state, reason=reason, changed_at=iso(self._now))
        event: Event = "paused" if state == "paused" else "finished" if state == "finished" else "ended"
        stage = str(self.rollout.stages[self.rollout.stage])
        self._tell(Told(*self._name(), event, reason, stage, hubs))

    def _name(self) -> tuple[int, str]:
        return self.rollout.rollout_id, self.rollout.name

    def _tell(self, told: Told) -> None:
        self.told.append(told)


def make_course(rollout: Rollout, members: Iterable[Member]) -> Course:
    """Return which version each hub shall have by a rollout, also one that has ended.

    After an abort those have it who said so: nobody fetches it any more.
    """
    is_back, is_finished = rollout.state == "rolled-back", rollout.state == "finished"
    is_aborted = rollout.state == "aborted"
    by_hub = {}
    for member in members:
        is_told = member.state == "ok" if is_aborted else member.reached_at is not None
        has_it = not is_back and (is_finished or is_told)
        choices = (rollout.version if has_it else None, member.before)
        by_hub[member.key] = tuple(version for version in choices if version is not None)
    reached: Sequence[object] = rollout.stages if is_finished else rollout.stages[: rollout.stage + 1]
    goes_on = is_finished or rollout.is_active
    rings = {s.ring for s in rollout.stages if goes_on and s.is_whole and s in reached}
    return Course(rollout.version, rollout.base, by_hub, frozenset(rings))


def is_stuck(rollout: Rollout, now: datetime) -> bool:
    """Whether a stage goes on for longer than it should: too few of its hubs have the version."""
    waited = now - datetime.fromisoformat(rollout.stage_at)
    longest = max(rollout.wait_s, rollout.at_least_s) if rollout.wait_s else _LONGEST_S
    return rollout.state == "running" and waited > timedelta(seconds=longest + _DAY_S)


def is_late(rollout: Rollout, now: datetime) -> bool:
    """Whether the day until which all should have it is over."""
    return rollout.deadline is not None and rollout.is_active and now.date().isoformat() > rollout.deadline
