"""What is wrong with a hub and its packs, by what it reported: rules without I/O, an alert each."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.known import Known

_HOT_C = 80.0  # a Raspberry Pi slows itself down from here on
_WORN_BYTES = 20 * 10**12  # written in its life: what a card of 64 GB is sold for
_CLOCK_OFF = timedelta(days=1)
_UNDER_VOLTAGE, _SINCE_START = 1, 1 << 16  # get_throttled of a Raspberry Pi
_FAILS = 3  # of one version: once is the link, three times is the pack


def list_signs(known: Known) -> Iterator[Alert]:
    """Yield what is wrong, in no order."""
    health = known.body("health")
    if health is not None:
        yield from _of_health(health)
    yield from _of_packs(known)
    yield from _of_update(known.body("update"))
    if any(note.kind == "two-cards" and note.at > known.hub.enrolled_at for note in known.notes):
        yield Alert(
            "copied-card",
            "urgent",
            "Two hubs say that they are this one: its card was copied.",
            hint="Revoke it, set both hubs up anew with `hub init`, and enrol each.",
        )


def _of_health(health: Mapping[str, Any]) -> Iterator[Alert]:
    yield from _of_disk(int(health["free_bytes"]), int(health["total_bytes"]))
    degrees = health["temperature_c"]
    if degrees is not None and degrees >= _HOT_C:
        yield Alert(
            "overheating",
            "soon",
            "The hub is hot: %(degrees)s °C.",
            {"degrees": round(degrees)},
            "Ask the school to give it air and to take it out of the sun.",
        )
    if _bits(health["throttled"]) & (_UNDER_VOLTAGE | _SINCE_START):
        yield Alert(
            "under-voltage",
            "soon",
            "The hub gets too little power.",
            hint="Replace its power supply or its cable: those of the Raspberry Pi, and short.",
        )


def _of_disk(free: int, total: int) -> Iterator[Alert]:
    if free < max(total // 20, 2**30):
        yield Alert(
            "disk-full",
            "soon",
            "The disk is nearly full: %(free_bytes)s of %(total_bytes)s free.",
            {"free_bytes": free, "total_bytes": total},
            "Take a pack away from this school, or send a larger card.",
        )


def _bits(throttled: str | None) -> int:
    try:
        return int(throttled or "0", 16)
    except ValueError:
        return 0


def _of_packs(known: Known) -> Iterator[Alert]:
    names = [f"{pack.pack_id}@{pack.want}" for pack in known.packs if pack.state == "needs-space"]
    if names:
        yield Alert(
            "needs-space",
            "soon",
            "No room for: %(packs)s.",
            {"packs": ", ".join(names)},
            "Take another pack away from this school, or assign it with --when-full replace.",
        )


def _of_update(update: Mapping[str, Any] | None) -> Iterator[Alert]:
    states = update["states"] if update is not None else {}
    for name, state in sorted(states.items()):
        if state in ("failed", "refused"):
            yield Alert(
                "update-failed",
                "soon",
                "The hub's own update %(name)s did not work: %(why)s.",
                {"name": name, "why": update["reasons"].get(name, "?") if update else "?"},
                "Lessons go on with the version before. Publish a mended one.",
            )
