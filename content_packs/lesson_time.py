"""When lessons are, by the clock on the wall: `mon-fri 08:30-15:00; sat 09:00-12:00`. Pure.

Used by the office, which writes it into a filter, and by the hub, which goes by it: docs/format/filter-v1.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_SPANS = 70  # ten a day
MAX_TEXT = 400  # characters
_DAY_MINUTES = 24 * 60
_TIMES = re.compile(r"(\d{1,2}):([0-5]\d)-(\d{1,2}):([0-5]\d)")
_HINT = 'days and times such as "mon-fri 08:30-15:00; sat 09:00-12:00"'


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes `[begin, end)` of one day of the week, 0 being Monday."""

    day: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LessonTime:
    """Spans of a week, sorted; none touches another."""

    spans: tuple[Span, ...] = ()

    def covers(self, local: datetime) -> bool:
        """Whether there is a lesson at a local time."""
        minute = local.hour * 60 + local.minute
        return any(span.day == local.weekday() and span.begin <= minute < span.end for span in self.spans)

    def next_change(self, local: datetime) -> datetime | None:
        """Return when lessons begin or end next, after `local`; None where they never do."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for passed in range(9):  # a week and a day: a span that covers its whole day is left at the next one
            day = midnight + timedelta(days=passed)
            edges = [e for span in self.spans if span.day == day.weekday() for e in (span.begin, span.end)]
            for minute in sorted(edges):
                edge = day + timedelta(minutes=minute)
                if edge > local and self.covers(edge) != self.covers(edge - timedelta(minutes=1)):
                    return edge
        return None

    def to_text(self) -> str:
        """Return the one way to write it: a day after another, equal days that follow each other together."""
        return "; ".join(
            f"{days} {','.join(f'{_clock(begin)}-{_clock(end)}' for begin, end in times)}"
            for days, times in _together(self.spans)
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a text says; nothing at all is no lesson time.

        Raises:
            ValueError: not written so; the text says what was expected.
        """
        found = [
            span for part in filter(None, map(str.strip, text.lower().split(";"))) for span in _part(part)
        ]
        joined = tuple(_join(sorted(found)))
        if len(text) > MAX_TEXT or len(joined) > MAX_SPANS:
            raise ValueError(f"at most {MAX_SPANS} spans of a week")
        return cls(joined)


def check_lesson_time(text: str) -> str:
    """Return what would be right instead, or nothing where the text can be used."""
    try:
        LessonTime.parse(text)
    except ValueError as error:
        return f"expected {error}"
    return ""


def _part(text: str) -> Iterator[Span]:
    days, _, times = re.sub(r"\s*([-,])\s*", r"\1", text).partition(" ")
    for day in _days(days):
        for part in times.strip().split(","):
            yield Span(day, *_minutes(part))


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(_HINT)
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        yield from range(begin, end + 1) if begin <= end else (*range(begin, 7), *range(end + 1))


def _minutes(text: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if found is None:
        raise ValueError(_HINT)
    hour, minute, last_hour, last_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, last_hour * 60 + last_minute
    if not 0 <= begin < end <= _DAY_MINUTES:
        raise ValueError("a beginning before its end, from 00:00 to 24:00")
    return begin, end


def _join(spans: list[Span]) -> Iterator[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].day == span.day and span.begin <= joined[-1].end:
            joined[-1] = Span(span.day, joined[-1].begin, max(span.end, joined[-1].end))
        else:
            joined.append(span)
    yield from joined


def _together(spans: tuple[Span, ...]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    by_day = [[(span.begin, span.end) for span in spans if span.day == day] for day in range(len(DAYS))]
    day = 0
    while day < len(DAYS):
        last = day
        while last + 1 < len(DAYS) and by_day[last + 1] == by_day[day]:
            last += 1
        if by_day[day]:
            yield DAYS[day] if last == day else f"{DAYS[day]}-{DAYS[last]}", by_day[day]
        day = last + 1


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
