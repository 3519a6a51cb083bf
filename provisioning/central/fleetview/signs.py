"""What is wrong with a hub and its packs, by what it reported: rules without I/O, an alert each."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from content_packs.errors import DepotBusyError, LinkDownError, LinkError, LinkTimeoutError
from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.findings import list_findings
from provisioning.central.fleetview.known import Known
from provisioning.central.tallies import MOST_OPENS

FAILS = 3  # reports of one version: once is the link, three times is the pack
_HOT_C = 80.0  # a Raspberry Pi slows itself down from here on
_WORN_TIMES = 250  # cells of cheap cards bear some 500 erasures, and a file system doubles writes
_CLOCK_OFF = timedelta(hours=26)  # a day, and its zone
_TOLD_LATELY = timedelta(days=30)
_UNDER_VOLTAGE, _SINCE_START = 1, 1 << 16  # get_throttled of a Raspberry Pi
_ORDINARY = {
    "ok",
    "interrupted",
    *(e.code for e in (LinkError, LinkDownError, LinkTimeoutError, DepotBusyError)),
}


def list_signs(known: Known, *, now: datetime) -> Iterator[Alert]:
    """Yield what is wrong, in no order."""
    for kind, heard in known.newest.items():
        if kind != "packs":  # of which some may not be wanted any more
            yield from by_event(kind, heard.event.body)
    crowded = {pack.pack_id: pack.want or 0 for pack in known.packs if pack.state == "needs-space"}
    yield from _of_room(crowded)
    yield from _of_clock(known)
    yield from _of_failures(known)
    yield from _of_dropped(known, now)
    yield from _of_opens(known, now)
    copied = [note for note in known.notes if note.kind == "two-cards" and note.at > known.hub.card_since]
    if copied:
        yield Alert(
            "copied-card",
            "urgent",
            "Two hubs say that they are this one: its card was copied.",
            hint="Replace it (`central replace`): both cards are out at once; make a new card for each hub.",
            since=copied[-1].at,
        )


def list_codes(kind: str, body: Mapping[str, Any]) -> list[str]:
    """Return the codes of what is wrong by one event, so that it can be kept since when."""
    return [alert.code for alert in by_event(kind, body)]


def by_event(kind: str, body: Mapping[str, Any]) -> Iterator[Alert]:
    """Yield what is wrong by one event alone."""
    if kind == "health":
        yield from _of_health(body)
    elif kind == "packs":
        yield from _of_room(body["needs_space"])
    elif kind == "update":
        yield from _of_update(body)
    elif kind == "sync":
        yield from _of_sync(body)


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
    times = (health["card_written_bytes"] or 0) // max(1, int(health["total_bytes"]))
    if times >= _WORN_TIMES:
        yield Alert(
            "card-worn",
            "info",
            "Its memory card has been written over %(times)s times.",
            {"times": times},
            "Have a new card ready, and see to it that the school makes backups.",
        )
    findings = dict(health["findings"])
    if _bits(health["throttled"]) & (_UNDER_VOLTAGE | _SINCE_START):
        findings["power"] = "attention"
    yield from list_findings(findings, errors=health["card_errors"] or 0)


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


def _of_room(needs_space: Mapping[str, int]) -> Iterator[Alert]:
    if needs_space:
        yield Alert(
            "needs-space",
            "soon",
            "No room for: %(packs)s.",
            {"packs": ", ".join(f"{pack_id}@{version}" for pack_id, version in sorted(needs_space.items()))},
            "Take another pack away from this school, or assign it with --when-full replace.",
        )


def _of_update(update: Mapping[str, Any]) -> Iterator[Alert]:
    for name, state in sorted(update["states"].items()):
        if state in ("failed", "refused"):
            yield Alert(
                "update-failed",
                "soon",
                "The hub's own update %(name)s did not work: %(why)s",
                {"name": name, "why": update["reasons"].get(name, "?")},
                "Lessons go on with the version before. Publish a mended one.",
            )


def _of_sync(sync: Mapping[str, Any]) -> Iterator[Alert]:
    if sync["result"] not in _ORDINARY and not sync["failed"]:
        yield Alert(
            "sync-failed",
            "soon",
            "The last sync that it told of failed (%(error)s): %(message)s",
            {"error": sync["result"], "message": sync["message"]},
            "docs/reference/errors.md says what this error means and what to do.",
        )


def _of_clock(known: Known) -> Iterator[Alert]:
    heard = known.newest.get("health")
    if heard is None:
        return
    body = heard.event.body
    try:
        clock, floor = (datetime.fromisoformat(body[name]) for name in ("clock", "floor"))
        received = datetime.fromisoformat(heard.received_at)
        is_wrong = clock + _CLOCK_OFF < floor or clock > received + _CLOCK_OFF
    except (ValueError, TypeError, OverflowError):
        is_wrong = True
    if is_wrong:
        yield Alert(
            "clock-wrong",
            "info",
            "The hub's clock is wrong: it said %(clock)s.",
            {"clock": str(body["clock"])[:16].replace("T", " ")},
            "Lessons and syncs work; dates shown may be wrong. Setting the time, or a link, mends it.",
        )


def _of_failures(known: Known) -> Iterator[Alert]:
    lacking = {pack.pack_id: pack.want for pack in known.packs if pack.have != pack.want}
    for failure in known.failures:
        if lacking.get(failure.pack_id) == failure.version and failure.times >= FAILS:
            yield Alert(
                "pack-fails",
                "urgent",
                "Pack %(pack)s could not be installed, told %(times)s times: %(error)s.",
                {"pack": failure.name, "times": failure.times, "error": failure.code},
                "If other schools fail too, withdraw this version; if only this one, send a stick.",
                failure.since,
            )


def _of_dropped(known: Known, now: datetime) -> Iterator[Alert]:
    heard = known.newest.get("dropped")
    if heard is None or now - datetime.fromisoformat(heard.received_at) > _TOLD_LATELY:
        return
    yield Alert(
        "reports-dropped",
        "info",
        "Reports that it had to throw away for want of room: %(count)s.",
        {"count": sum(heard.event.body["dropped"].values())},
        "It was not heard from for very long. Newer reports are complete.",
        heard.received_at,
    )


def _of_opens(known: Known, now: datetime) -> Iterator[Alert]:
    """Yield where a hub told of more use than there can be: what it says of it is then worth nothing."""
    for note in known.notes:
        at = datetime.fromisoformat(note.at)
        if note.kind == "too-many-opens" and note.at > known.hub.card_since and now - at <= _TOLD_LATELY:
            yield Alert(
                "too-many-opens",
                "info",
                "It told of more opened lessons than there can be: over %(most)s of a pack on one day.",
                {"most": MOST_OPENS},
                "No more were counted, and its numbers of use are wrong. If it comes again, replace its card "
                "(`central replace`): somebody may have its key.",
                note.at,
            )
