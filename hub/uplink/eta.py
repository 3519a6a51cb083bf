"""How long content will take, by the speed of the link, the budgets and the quiet hours."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hub.uplink.limits import Limits, Moment, Spent

SESSION_PAUSE_S = 1800.0  # between two syncs, as the timer in the technician's guide has it
MAX_DAYS = 3660

Limit = Literal["", "quiet-hours", "session-budget", "day-budget", "month-budget"]


@dataclass(frozen=True, slots=True)
class Eta:
    """`seconds` until it is here, with a link that stays up; `limited_by` is what makes it longer."""

    seconds: float
    link_seconds: float  # at the full speed of the link, nothing else counted
    limited_by: Limit = ""

    @property
    def days(self) -> float:
        """The same in days."""
        return self.seconds / 86400


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an ETA stands on."""

    bytes_per_s: float | None  # of the link; None: nobody has measured it
    limits: Limits
    spent: Spent
    moment: Moment

    def eta(self, size_bytes: int) -> Eta | None:
        """Return when so many bytes are here; None where nobody can know, or not within MAX_DAYS."""
        return self.etas([size_bytes])[0]

    def etas(self, sizes_bytes: Sequence[int]) -> list[Eta | None]:
        """Return when the first so many bytes are here, for each of these counts, each at least the last."""
        if not self.bytes_per_s:
            return [None] * len(sizes_bytes)
        found = list(estimate(sizes_bytes, self.bytes_per_s, self))
        return found + [None] * (len(sizes_bytes) - len(found))


def estimate(sizes_bytes: Sequence[int], bytes_per_s: float, outlook: Outlook) -> Iterator[Eta]:
    """Go through the days as a hub would that does nothing else; what takes over MAX_DAYS is left out."""
    limits, begin = outlook.limits, outlook.moment.local
    speed = _speed(bytes_per_s, limits)
    spent_day, spent_month = outlook.spent.day_bytes, float(outlook.spent.month_bytes)
    bound: Counter[Limit] = Counter()
    local, gone, wanted = begin, 0.0, deque(sizes_bytes)
    for _ in range(MAX_DAYS):
        spans = list(limits.quiet_hours.open_spans(local))
        open_s = sum((end - start).total_seconds() for start, end in spans)
        shares: tuple[tuple[float, Limit], ...] = (
            (open_s * speed, ""),
            (_left(limits.day_bytes, spent_day), "day-budget"),
            (_left(limits.month_bytes, spent_month), "month-budget"),
        )
        share, by = min(shares)
        while wanted and wanted[0] <= gone + share:
            size = wanted.popleft()
            end = _moment_of((size - gone) / speed, spans) if size > gone else local
            yield _finish((end - begin).total_seconds(), size / bytes_per_s, bound, limits)
        if not wanted:
            return
        bound[by] += 1
        gone += share
        spent_day, spent_month = 0, spent_month + share
        tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        if tomorrow.month != local.month:
            spent_month = 0.0
        local = tomorrow


def _speed(bytes_per_s: float, limits: Limits) -> float:
    """Return the bytes a second that last, with the pauses that a budget for each session brings."""
    if not limits.session_bytes:
        return bytes_per_s
    return limits.session_bytes / (limits.session_bytes / bytes_per_s + SESSION_PAUSE_S)


def _left(limit: int, spent: float) -> float:
    return max(0.0, limit - spent) if limit else float("inf")


def _moment_of(open_s: float, spans: list[tuple[datetime, datetime]]) -> datetime:
    """Return when so many seconds of the open spans are over."""
    end = spans[0][0]
    for start, end in spans:
        length = (end - start).total_seconds()
        if open_s <= length:
            return start + timedelta(seconds=open_s)
        open_s -= length
    return end  # a rounding error beyond the last


def _finish(seconds: float, link_s: float, bound: Counter[Limit], limits: Limits) -> Eta:
    if seconds <= link_s * 1.05 + 60:
        return Eta(seconds, link_s)
    by: Limit = bound.most_common(1)[0][0] if bound else ""
    if not by:
        by = "session-budget" if limits.session_bytes else "quiet-hours"
    return Eta(seconds, link_s, by)
