"""How much content may travel over the uplink now: quiet hours and byte budgets, and when it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hub.uplink.quiet_hours import QuietHours

WaitCode = Literal["quiet-hours", "session-budget", "day-budget", "month-budget"]
_TINY_BYTES = 4096  # opening a file costs more
_TINY_SHARE = 32  # of a budget: less than this part of it is not worth another session


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow; a budget of 0 bytes is none. Budgets count both directions."""

    quiet_hours: QuietHours = field(default_factory=QuietHours)
    session_bytes: int = 0
    day_bytes: int = 0
    month_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """Bytes that went over the uplink: in this sync, today, this month, each including the one before it."""

    session_bytes: int = 0
    day_bytes: int = 0
    month_bytes: int = 0

    def plus(self, count: int) -> "Spent":
        """Return what is spent after `count` bytes more."""
        return Spent(self.session_bytes + count, self.day_bytes + count, self.month_bytes + count)


@dataclass(frozen=True, slots=True)
class Moment:
    """The hub's local time, without a zone; `is_known` false: the clock is not to be believed."""

    local: datetime
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """Why content waits, and when it goes on by the hub's local time; None: with the next sync."""

    code: WaitCode
    until: datetime | None
    by_office: bool = False  # for this pack alone; else by the hub's own settings


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes that may still travel now, None without end, and what stops it afterwards."""

    left_bytes: int | None = None
    wait: Wait | None = None

    @property
    def is_shut(self) -> bool:
        """Whether no content may travel at all."""
        return self.left_bytes == 0


UNLIMITED = Allowance()


def tighter(one: Allowance, other: Allowance) -> Allowance:
    """Return the one that lets less through; of two that let nothing through, the one that lasts longer."""
    if one.left_bytes is None or other.left_bytes is None:
        return other if one.left_bytes is None else one
    if not (one.is_shut and other.is_shut):
        return one if one.left_bytes <= other.left_bytes else other
    ends = [found.wait.until if found.wait is not None else None for found in (one, other)]
    lasts_longer = ends[1] is not None and (ends[0] is None or ends[0] < ends[1])
    return other if lasts_longer else one


def allow(limits: Limits, spent: Spent, moment: Moment) -> Allowance:
    """Return what may travel now.

    Where the clock is not known, quiet hours do not count: nobody knows when they are, and a hub that waits
    for ever helps no class. What a day and a month are then is up to who counts `spent`.
    """
    if moment.is_known and limits.quiet_hours.covers(moment.local):
        return Allowance(0, Wait("quiet-hours", limits.quiet_hours.until(moment.local)))
    budgets = sorted(_budgets(limits, spent, moment), key=lambda found: found[0])
    if not budgets:
        return Allowance()
    left, wait = budgets[0]
    # Of several that are spent, the one that lasts longest says when it goes on.
    spent_ones = [found for size, found in budgets if not size]
    if spent_ones:
        return Allowance(0, max(spent_ones, key=lambda found: found.until or moment.local))
    return Allowance(left, wait)


def _budgets(limits: Limits, spent: Spent, moment: Moment) -> Iterator[tuple[int, Wait]]:
    """Yield for each budget the bytes left and what it means when they are gone."""
    midnight = moment.local.replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + timedelta(days=1)
    next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    budgets: tuple[tuple[WaitCode, int, int, datetime | None], ...] = (
        ("session-budget", limits.session_bytes, spent.session_bytes, None),
        ("day-budget", limits.day_bytes, spent.day_bytes, tomorrow),
        ("month-budget", limits.month_bytes, spent.month_bytes, next_month),
    )
    for code, limit, used, until in budgets:
        if limit:
            again = limits.quiet_hours.until(until) if until is not None and moment.is_known else None
            left = limit - used
            yield left if left > max(_TINY_BYTES, limit // _TINY_SHARE) else 0, Wait(code, again)
