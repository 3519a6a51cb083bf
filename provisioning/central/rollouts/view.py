"""How a rollout stands, for the command line and the pages: counts, stages, hubs, and one sentence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from provisioning.central.fleet import Assignment, DeltaRow, Fleet, Hub, Published, iso, open_fleet
from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.fleet import read_fleet
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.office import Office
from provisioning.central.reports import open_reports
from provisioning.central.rollouts.control import find_rollout
from provisioning.central.rollouts.model import DONE, HubState, Member, Rollout
from provisioning.central.rollouts.rules import back, is_late, is_stuck, look_anew, refresh, settle
from provisioning.central.rollouts.seen import Newest, find_facts
from provisioning.central.rollouts.store import Rollouts

STATES: tuple[HubState, ...] = ("failed", "waiting-for-contact", "fetching", "pending", "skipped", "ok")
REASONS: Mapping[str, str] = {  # codes in words; everything else is said as it is
    "revoked": "revoked",
    "pinned": "pinned to another version by an assignment",
    "aborted": "the rollout was aborted before it had it",
    "unassigned": "the pack is not assigned to it",
    "needs-space": "no room",
    "put-back": "put back at the school",
    "not-tried-yet": "installed, not tried yet",
    "writing": "being written",
    "waiting": "tried at its next start",
    "trying": "being tried",
    "update-failed": "the update did not work",
    "update-refused": "the update cannot be used here",
}


@dataclass(frozen=True, slots=True)
class RolloutHub:
    """One hub of a rollout. Times are ISO 8601, UTC."""

    hub_id: str
    school: str
    ring: str
    stage: str
    before: int | None
    have: int | None  # what it said that it has
    state: HubState
    reason: str  # a code, or what the hub itself said; `REASONS` has words
    since: str
    reached_at: str | None
    heard_at: str | None
    expected_at: str | None  # the next contact, by the school's own habit
    bytes_left: int  # of this version, at most
    eta_s: int | None  # from the contact on, at the school's own pace; None: nobody can tell


@dataclass(frozen=True, slots=True)
class RolloutStage:
    """One stage and how many of its hubs are how."""

    name: str
    state: Literal["done", "open", "coming", "never"]
    hubs: int
    counts: Mapping[HubState, int]


@dataclass(frozen=True, slots=True)
class RolloutView:
    """A rollout as it stands now. `says` are sentences: first how it is, then what needs somebody."""

    rollout: Rollout
    title: str
    kind: str
    stages: tuple[RolloutStage, ...]
    hubs: tuple[RolloutHub, ...]  # what needs looking at first
    counts: Mapping[HubState, int]
    is_late: bool
    says: tuple[Alert, ...]

    @property
    def percent(self) -> int:
        """How many of a hundred hubs are done with it: they have it, failed, or are left out."""
        done = sum(self.counts[state] for state in DONE)
        return 100 * done // len(self.hubs) if self.hubs else 0


def read_rollout(office: Office, rollout_id: int, now: datetime) -> RolloutView:
    """Return how one rollout stands.

    Raises:
        UsageError: there is none of this number; LocalError: a database cannot be read.
    """
    with open_fleet(office.fleet_db) as fleet:
        return _read(office, fleet, now).view(find_rollout(fleet, rollout_id))


def list_rollouts(office: Office, now: datetime) -> list[RolloutView]:
    """Return how every rollout stands, the newest first."""
    with open_fleet(office.fleet_db) as fleet:
        listed, read = Rollouts(fleet).list_rollouts(), _read(office, fleet, now)
        return [read.view(rollout) for rollout in reversed(listed)]


@dataclass(frozen=True, slots=True)
class _Read:
    """All that a view is made of."""

    store: Rollouts
    governing: Sequence[Rollout]
    hubs: Sequence[Hub]
    packs: Mapping[tuple[str, int], Published]
    deltas: Sequence[DeltaRow]
    assignments: Sequence[Assignment]
    newest: Newest
    schools: Mapping[str, SchoolView]
    now: datetime

    def view(self, rollout: Rollout) -> RolloutView:
        """Return how a rollout stands: only as hubs do; whether it goes on is decided at an ingest."""
        pack = self.packs[rollout.pack_id, rollout.version]
        members: Sequence[Member] = self.store.list_members(rollout.rollout_id)
        facts = find_facts(self.newest, rollout, self.hubs, self.assignments)
        if rollout.is_active:
            members = refresh(rollout, members, self.hubs, now=self.now)
        if rollout.state == "rolled-back":
            members = [back(member, facts.get(member.hub_id), rollout) for member in members]
        elif rollout in self.governing:
            members = look_anew(members, facts, version=rollout.version, kind=pack.kind, now=self.now)
            if rollout.state == "aborted":
                members = [settle(member) for member in members]
        hubs = {hub.hub_id: hub for hub in self.hubs}
        deltas = [delta for delta in self.deltas if delta.makes(pack)]
        shown = []
        for member in members:
            known = facts.get(member.hub_id)
            have, school = known.seen.have if known else None, self.schools.get(member.hub_id)
            shown.append(_hub(rollout, pack, deltas, member, hubs[member.hub_id], have, school))
        shown.sort(key=lambda hub: (STATES.index(hub.state), hub.school, hub.hub_id))
        return describe(rollout, pack, shown, now=self.now)


def _read(office: Office, fleet: Fleet, now: datetime) -> _Read:
    store = Rollouts(fleet)
    with open_reports(office.reports_db) as reports:
        newest = reports.read_all_newest()
    return _Read(
        store,
        store.list_governing(),
        fleet.list_hubs(),
        {(pack.pack_id, pack.version): pack for pack in fleet.list_packs()},
        fleet.list_deltas(),
        fleet.list_assignments(),
        newest,
        {view.hub.hub_id: view for view in read_fleet(office, now)},
        now,
    )


def _hub(
    rollout: Rollout,
    pack: Published,
    deltas: Iterable[DeltaRow],
    member: Member,
    hub: Hub,
    have: int | None,
    school: SchoolView | None,
) -> RolloutHub:
    is_done = member.state in DONE and member.state != "failed"
    size = 0 if is_done else _size(pack, deltas, have)
    return RolloutHub(
        hub_id=hub.hub_id,
        school=hub.school,
        ring=hub.ring,
        stage=str(rollout.stages[member.stage]),
        before=member.before,
        have=have,
        state=member.state,
        reason=member.reason,
        since=member.since,
        reached_at=member.reached_at,
        heard_at=school.heard_at if school else None,
        expected_at=school.expected_at if school else None,
        bytes_left=size,
        eta_s=_eta(size, school),
    )


def _size(pack: Published, deltas: Iterable[DeltaRow], have: int | None) -> int:
    direct = [delta.size for delta in deltas if delta.from_version == have]
    return min([pack.index_length + pack.download_bytes, *direct])


def _eta(size: int, school: SchoolView | None) -> int | None:
    """Return how long so many bytes take at the pace by which all that the school lacks takes `eta_s`."""
    if not size:
        return 0
    if school is None or school.eta_s is None or not school.bytes_left:
        return None
    return round(school.eta_s * min(1.0, size / school.bytes_left))


def describe(rollout: Rollout, pack: Published, hubs: Sequence[RolloutHub], *, now: datetime) -> RolloutView:
    """Return a rollout with what there is to say of it; pure."""
    counts: Mapping[HubState, int] = _count(hubs)
    stages = tuple(_stage(rollout, number, hubs) for number in range(len(rollout.stages)))
    late = is_late(rollout, now)
    says = [_sentence(rollout, counts, len(hubs)), *_why(rollout, hubs)]
    if is_stuck(rollout, now):
        says.append(_stuck(rollout, hubs))
    if late:
        says.append(_late(rollout, hubs, now))
    return RolloutView(rollout, pack.title, pack.kind, stages, tuple(hubs), counts, late, tuple(says))


def _count(hubs: Iterable[RolloutHub]) -> dict[HubState, int]:
    found = Counter(hub.state for hub in hubs)
    return {state: found[state] for state in STATES}


def _stage(rollout: Rollout, number: int, hubs: Sequence[RolloutHub]) -> RolloutStage:
    name = str(rollout.stages[number])
    here = [hub for hub in hubs if hub.stage == name]
    is_past = number < rollout.stage or rollout.state == "finished"
    state: Literal["done", "open", "coming", "never"] = "done" if is_past else "coming"
    if number == rollout.stage and not is_past:
        state = "open" if rollout.is_active else "done"
    elif not is_past and not rollout.is_active:
        state = "never"
    return RolloutStage(name, state, len(here), _count(here))


_SENTENCES: Mapping[str, str] = {
    "running": "Stage %(stage)s of %(stages)s: %(ok)s of %(all)s schools have it; waiting for contact: "
    "%(waiting)s, on its way: %(fetching)s, failed: %(failed)s, left out: %(skipped)s.",
    "paused": "Paused at stage %(stage)s of %(stages)s: %(ok)s of %(all)s schools have it; failed: "
    "%(failed)s, left out: %(skipped)s. No further school gets it.",
    "finished": "Finished: it is the usual version. %(ok)s of %(all)s schools have it; still waiting for "
    "contact: %(waiting)s, on its way: %(fetching)s, failed: %(failed)s, left out: %(skipped)s.",
    "aborted": "Aborted: %(ok)s of %(all)s schools have it and keep it; nobody else gets it.",
    "rolled-back": "Rolled back: %(ok)s of %(reached)s schools that it had reached have again what they had "
    "before.",
}


def _sentence(rollout: Rollout, counts: Mapping[HubState, int], all_of_them: int) -> Alert:
    values = {
        "stage": rollout.stage + 1,
        "stages": len(rollout.stages),
        "all": all_of_them,
        "ok": counts["ok"],
        "waiting": counts["waiting-for-contact"],
        "fetching": counts["fetching"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "reached": all_of_them - counts["pending"],
    }
    return Alert(f"rollout-{rollout.state}", "info", _SENTENCES[rollout.state], values)


def _why(rollout: Rollout, hubs: Sequence[RolloutHub]) -> list[Alert]:
    """Return why it is paused or was ended by itself."""
    failed = ", ".join(hub.school for hub in hubs if hub.state == "failed")
    at = rollout.changed_at
    if rollout.reason == "failures":
        return [
            Alert(
                "rollout-failures",
                "urgent",
                "It stopped by itself: it failed at %(schools)s.",
                {"schools": failed or "?"},
                "Look what is wrong there. Then resume it, roll it back, or abort it and start one of a "
                "mended version.",
                at,
            )
        ]
    if rollout.reason == "nobody-ok":
        return [
            Alert(
                "rollout-nobody-ok",
                "urgent",
                "It stopped by itself: no school of stage %(stage)s has it.",
                {"stage": str(rollout.stages[rollout.stage])},
                "Look why they are left out. Then resume it, or abort it and start one with other stages.",
                at,
            )
        ]
    if rollout.reason == "withdrawn":
        text = "It ended by itself: the version was withdrawn."
        return [Alert("rollout-withdrawn", "info", text, since=at)]
    return []


def _stuck(rollout: Rollout, hubs: Sequence[RolloutHub]) -> Alert:
    stage = str(rollout.stages[rollout.stage])
    awaited = [hub for hub in hubs if rollout.is_last_stage or hub.stage == stage]
    missing = [hub.school for hub in awaited if hub.state not in DONE]
    more = f", … +{len(missing) - 20}" if len(missing) > 20 else ""
    return Alert(
        "rollout-stuck",
        "soon",
        "Stage %(stage)s does not end, since too few of its schools have it; not there yet: %(schools)s.",
        {"stage": stage, "schools": ", ".join(missing[:20]) + more or "-", "number": rollout.rollout_id},
        "Bring these schools a stick, take those that come no more off (central revoke), or give it "
        "to all at once: central rollout finish %(number)s.",
        rollout.stage_at,
    )


def _late(rollout: Rollout, hubs: Sequence[RolloutHub], now: datetime) -> Alert:
    """Return who does not have it though the deadline is over, and when each is expected."""
    missing = [hub for hub in hubs if hub.state not in ("ok", "skipped")]
    listed = ", ".join(f"{hub.school} ({_expected(hub, now)})" for hub in missing[:20])
    more = f", … +{len(missing) - 20}" if len(missing) > 20 else ""
    return Alert(
        "rollout-late",
        "soon",
        "The deadline %(deadline)s is over; not there yet: %(schools)s.",
        {"deadline": rollout.deadline or "", "schools": (listed + more) or "-"},
        "A stick is faster where a school has no link: central usb.",
        f"{rollout.deadline}T23:59:59+00:00",
    )


def _expected(hub: RolloutHub, now: datetime) -> str:
    """Return the day on which a hub should have it, as far as that is known; `?` where nobody can tell."""
    if hub.expected_at is None or hub.state == "pending":
        return "?"
    contact = max(now, datetime.fromisoformat(hub.expected_at)) if hub.state != "fetching" else now
    return iso(contact + timedelta(seconds=hub.eta_s or 0))[:10]
