"""The goals of a sync in bytes and time: GOALS.md, "Sync"."""

from collections.abc import Callable

from bench.links import Link
from bench.tables import Goal

KIB = 1024
MAX_PEAK_BYTES = 120 * 1000 * 1000
_QUESTION_TRIPS = 10
_UPDATE_TRIPS = 14

BytesGoal = Callable[[int, int], Goal]  # from the floor and from what rsync took, in bytes


def update(floor: int, theirs: int) -> Goal:
    """An update, mostly of new pictures."""
    return Goal("≤ 1.10 × floor + 16 KiB", 1.10 * floor + 16 * KIB)


def edited(floor: int, theirs: int) -> Goal:
    """A few pages changed by hand."""
    return Goal("≤ 24 KiB", 24 * KIB)


def app(floor: int, theirs: int) -> Goal:
    """A new release of an app."""
    return Goal("≤ 180 KB", 180_000)


def first_install(floor: int, theirs: int) -> Goal:
    """Everything."""
    return Goal("≤ 0.99 × rsync", 0.99 * theirs)


def nothing_new(floor: int, theirs: int) -> Goal:
    """Only the question."""
    return Goal("≤ 8 KiB", 8 * KIB)


def question_time(link: Link) -> Goal:
    """How long it may take to learn that nothing is new."""
    return Goal(f"≤ {_QUESTION_TRIPS} round trips", _QUESTION_TRIPS * link.round_trip_s)


def update_time(link: Link, own_bytes: int, theirs_s: float) -> Goal:
    """How long an update of `own_bytes` may take where rsync's took `theirs_s`."""
    own_s = _UPDATE_TRIPS * link.round_trip_s + link.carry_s(own_bytes)
    text = f"≤ {_UPDATE_TRIPS} round trips + bytes ÷ bandwidth, < rsync"
    return Goal(text, min(own_s, theirs_s))


def most_round_trips(has: int | None, wants: int) -> int | None:
    """How many round trips a hub may wait for; None: a first install has no such goal."""
    if has is None:
        return None
    return _QUESTION_TRIPS if has == wants else _UPDATE_TRIPS


def memory() -> Goal:
    """What a hub's program may hold at its peak."""
    return Goal("≤ 120 MB", MAX_PEAK_BYTES)
