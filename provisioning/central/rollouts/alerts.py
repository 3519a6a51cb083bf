"""Rollouts that need somebody: stopped by themselves, stuck, or late. By what the last ingest found."""

from collections.abc import Iterator
from datetime import datetime

from provisioning.central.fleet import Fleet
from provisioning.central.fleetview.alert import Alert, Value
from provisioning.central.rollouts.model import DONE
from provisioning.central.rollouts.rules import is_late, is_stuck
from provisioning.central.rollouts.store import Rollouts

_SHOWN = 10  # schools by name


def list_alerts(fleet: Fleet, now: datetime) -> Iterator[Alert]:
    """Yield one for each rollout that is paused by itself, whose stage does not end, or that is late."""
    store, schools = Rollouts(fleet), {hub.hub_id: hub.school for hub in fleet.list_hubs()}
    for rollout in store.list_governing():
        if not rollout.is_active:
            continue
        members = store.list_members(rollout.rollout_id)
        values: dict[str, Value] = {"number": rollout.rollout_id, "pack": rollout.name}
        if rollout.state == "paused" and rollout.reason == "failures":
            yield Alert(
                "rollout-failures",
                "urgent",
                "Rollout %(number)s of %(pack)s stopped by itself: it failed at %(schools)s.",
                values | {"schools": _names([schools[m.hub_id] for m in members if m.state == "failed"])},
                "Look what is wrong there. Then resume it, roll it back, or abort it and start one of a "
                "mended version.",
                rollout.changed_at,
            )
        if rollout.state == "paused" and rollout.reason == "nobody-ok":
            yield Alert(
                "rollout-nobody-ok",
                "urgent",
                "Rollout %(number)s of %(pack)s stopped by itself: no school of stage %(stage)s has it.",
                values | {"stage": str(rollout.stages[rollout.stage])},
                "Look why they are left out. Then resume it, or abort it and start one with other stages.",
                rollout.changed_at,
            )
        if is_stuck(rollout, now):
            awaited = [m for m in members if rollout.is_last_stage or m.stage == rollout.stage]
            yield Alert(
                "rollout-stuck",
                "soon",
                "Rollout %(number)s of %(pack)s: stage %(stage)s does not end, since too few of its schools "
                "have it; not there yet: %(schools)s.",
                values
                | {
                    "stage": str(rollout.stages[rollout.stage]),
                    "schools": _names([schools[m.hub_id] for m in awaited if m.state not in DONE]),
                },
                "Bring these schools a stick, take those that come no more off (central revoke), or give it "
                "to all at once: central rollout finish %(number)s.",
                rollout.stage_at,
            )
        if is_late(rollout, now):
            missing = [schools[m.hub_id] for m in members if m.state not in ("ok", "skipped")]
            yield Alert(
                "rollout-late",
                "soon",
                "The deadline of rollout %(number)s of %(pack)s is over; not there yet: %(schools)s.",
                values | {"schools": _names(missing)},
                "A stick is faster where a school has no link: central usb.",
                f"{rollout.deadline}T23:59:59+00:00",
            )


def _names(schools: list[str]) -> str:
    more = f", … +{len(schools) - _SHOWN}" if len(schools) > _SHOWN else ""
    return ", ".join(schools[:_SHOWN]) + more or "-"
