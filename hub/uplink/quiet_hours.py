"""Hours of the day in which content waits, because a class needs the uplink for itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Spans of minutes of the local day, `[begin, end)`: sorted, none touches another or crosses midnight."""

    spans: tuple[tuple[int, int], ...] = ()

    def covers(self, local: datetime) -> bool:
        """Whether a local time lies in a span."""
        minute = local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.spans)

    @property
    def leaves_nothing(self) -> bool:
        """Whether no minute of the day is left."""
        return self.spans == ((0, DAY_MINUTES),)

    def joined(self, other: "QuietHours") -> "QuietHours":
        """Return the hours in which either is quiet."""
        return QuietHours(tuple(_join([*self.spans, *other.spans])))

    def until(self, local: datetime) -> datetime:
        """Return when content may travel again: `local` itself outside the spans."""
        while self.covers(local):
            minute = local.hour * 60 + local.minute
            end = next(end for begin, end in self.spans if begin <= minute < end)
            local = _midnight(local) + timedelta(minutes=end)
        return local

    def open_spans(self, local: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when content may travel, from `local` to the end of its day."""
        begin, midnight = local, _midnight(local)
        for quiet_from, quiet_until in self.spans:
            quiet_begin = midnight + timedelta(minutes=quiet_from)
            if begin < quiet_begin:
                yield begin, quiet_begin
            begin = max(begin, midnight + timedelta(minutes=quiet_until))
        if begin < midnight + timedelta(days=1):
            yield begin, midnight + timedelta(days=1)


def parse_quiet_hours(text: str) -> QuietHours:
    """Return what `08:00-15:00` or `21:30-06:00, 12:00-13:00` says; nothing at all is no quiet hours.

    Raises:
        ValueError: not written so, or no minute of the day is left; the text says what is right.
    """
    spans: list[tuple[int, int]] = []
    for part in filter(None, map(str.strip, text.split(","))):
        begin, end = _parse_span(part)
        # A span over midnight is two.
        spans += [(begin, end)] if begin < end else [(begin, DAY_MINUTES), (0, end)]
    found = QuietHours(tuple(_join(spans)))
    if found.leaves_nothing:
        raise ValueError("hours that leave some of the day")
    return found


def check_quiet_hours(text: str) -> str:
    """Return what would be right instead, or nothing where the text can be used."""
    try:
        parse_quiet_hours(text)
    except ValueError as error:
        return f"expected {error}"
    return ""


def _parse_span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("hours such as 08:00-15:00, several with a comma between")
    first, first_minute, last, last_minute = map(int, found.groups())
    begin, end = first * 60 + first_minute, last * 60 + last_minute
    if max(first_minute, last_minute) > 59 or begin >= DAY_MINUTES or end > DAY_MINUTES or begin == end:
        raise ValueError("times from 00:00 to 24:00, and two different ones")
    return begin, end


def _join(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    yield from joined


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
