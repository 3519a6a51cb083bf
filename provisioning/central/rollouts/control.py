"""What a person does with a rollout: pause, resume, abort, roll back, finish, release."""

from dataclasses import replace
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.fleet import Fleet, iso
from provisioning.central.reports import Reports
from provisioning.central.rollouts.model import ACTIVE, Rollout, RolloutState, Told, Why
from provisioning.central.rollouts.rules import refresh, settle
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.rollouts.work import judge_hubs, look_at, tick


def find_rollout(fleet: Fleet, rollout_id: int) -> Rollout:
    """Return one rollout; UsageError where there is none of this number."""
    listed = Rollouts(fleet).list_rollouts()
    found = next((each for each in listed if each.rollout_id == rollout_id), None)
    if found is None:
        known = ", ".join(str(each.rollout_id) for each in listed[-5:]) or "none"
        raise UsageError(
            f"no rollout {rollout_id}", hint=f"The newest are: {known}; `central rollout status` lists them."
        )
    return found


def pause(fleet: Fleet, rollout_id: int, *, now: datetime) -> Rollout:
    """Let no further stage begin; hubs that have been reached go on. Again is fine."""
    rollout = _require(fleet, rollout_id, ACTIVE)
    if rollout.state == "paused":
        return rollout
    return _keep(fleet, rollout, "paused", "asked", now)


def resume(
    fleet: Fleet, reports: Reports | None, rollout_id: int, *, now: datetime
) -> tuple[Rollout, list[Told]]:
    """Go on; hubs that have failed or were skipped until now count no more. Returns what that led to."""
    rollout = _require(fleet, rollout_id, ("paused",))
    store = Rollouts(fleet)
    newest = reports.read_all_newest() if reports is not None else {}
    looked = look_at(fleet, store, newest, rollout, now=now)
    members = [
        replace(member, accepted=member.accepted or member.state in ("failed", "skipped"))
        for member in looked.members
    ]
    store.save(replace(looked.rollout, state="running", reason="", changed_at=iso(now)), members)
    told = tick(fleet, reports, now=now)
    return find_rollout(fleet, rollout_id), told


def abort(fleet: Fleet, reports: Reports | None, rollout_id: int, *, now: datetime) -> Rollout:
    """End it: who said that it has the version keeps it, all others have what they had before.

    A hub that has installed it and whose report comes later keeps it too (`tick`), unless it asked the depot
    in between: then it has gone back already.
    """
    rollout, store = _require(fleet, rollout_id, ACTIVE), Rollouts(fleet)
    newest = reports.read_all_newest() if reports is not None else {}
    members = refresh(rollout, store.list_members(rollout_id), fleet.list_hubs(), now=now)
    looked = judge_hubs(fleet, newest, rollout, members, now=now)
    store.save(rollout, [settle(member) for member in looked])
    return _keep(fleet, rollout, "aborted", "asked", now)


def roll_back(fleet: Fleet, rollout_id: int, *, now: datetime) -> Rollout:
    """End it, also one that has ended already: every hub shall have again what it had before."""
    rollout = _require(fleet, rollout_id, (*ACTIVE, "finished", "aborted"))
    return _keep(fleet, rollout, "rolled-back", "asked", now)


def finish(fleet: Fleet, rollout_id: int, *, now: datetime) -> Rollout:
    """Give it to all stages at once and end: from now on it is the pack's usual version."""
    rollout, store = _require(fleet, rollout_id, ACTIVE), Rollouts(fleet)
    members = refresh(rollout, store.list_members(rollout_id), fleet.list_hubs(), now=now)
    store.save(rollout, [replace(m, reached_at=m.reached_at or iso(now)) for m in members])
    return _keep(fleet, replace(rollout, stage=len(rollout.stages) - 1), "finished", "asked", now)


def release_pack(fleet: Fleet, pack_id: str, *, now: datetime) -> Rollout:
    """Let the newest version go to everybody at once again, as before the first rollout of a pack.

    Raises:
        UsageError: no rollout says which version of this pack is the usual one, or one goes on.
    """
    store = Rollouts(fleet)
    rollout = next((each for each in store.list_governing() if each.pack_id == pack_id), None)
    if rollout is None:
        raise UsageError(
            f"{pack_id}: no rollout holds it back",
            hint="`central rollout status` lists rollouts, `central packs` the versions.",
        )
    if rollout.is_active:
        raise UsageError(
            f"rollout {rollout.rollout_id} of {rollout.name} is {rollout.state}",
            hint=f"End it first: central rollout abort {rollout.rollout_id}, or finish {rollout.rollout_id}.",
        )
    released = replace(rollout, released_at=iso(now))
    store.save(released, store.list_members(rollout.rollout_id))
    return released


def _require(fleet: Fleet, rollout_id: int, states: tuple[RolloutState, ...]) -> Rollout:
    """Return a rollout that says which version is the usual one and is in one of these states."""
    rollout = find_rollout(fleet, rollout_id)
    if rollout.released_at is not None or rollout not in Rollouts(fleet).list_governing():
        raise UsageError(
            f"rollout {rollout_id} of {rollout.name}: a later one has taken its place, or it was released",
            hint="`central rollout status` lists them.",
        )
    if rollout.state not in states:
        raise UsageError(
            f"rollout {rollout_id} of {rollout.name} is {rollout.state}, expected {' or '.join(states)}",
            hint=f"central rollout status {rollout_id}",
        )
    return rollout


def _keep(fleet: Fleet, rollout: Rollout, state: RolloutState, reason: Why, now: datetime) -> Rollout:
    store = Rollouts(fleet)
    ended = replace(rollout, state=state, reason=reason, changed_at=iso(now))
    store.save(ended, store.list_members(rollout.rollout_id))
    return ended
