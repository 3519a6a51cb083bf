"""Bars by day as numbers for an SVG: the template only writes them down. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, log10

WIDTH, HEIGHT = 720, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 8, 16, 28  # room for the words
_GAP = 0.25  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One day."""

    day: date
    value: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside an axis, at its place."""

    at: float
    value: float
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn, in units of a box of WIDTH × HEIGHT."""

    bars: tuple[Bar, ...]
    rows: tuple[Mark, ...]  # values, at their height
    columns: tuple[Mark, ...]  # days, at their middle
    total: int

    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT


def day_chart(values: Sequence[tuple[date, int]]) -> Chart:
    """Return the bars of these days, which follow one another."""
    top = _round_up(max((value for _, value in values), default=0))
    place = (WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    room = HEIGHT - _TOP - _BOTTOM
    bars = []
    for number, (day, value) in enumerate(values):
        height = room * value / top
        x = _LEFT + number * place + place * _GAP / 2
        bars.append(
            Bar(
                day,
                value,
                round(x, 2),
                round(_TOP + room - height, 2),
                round(place * (1 - _GAP), 2),
                round(height, 2),
            )
        )
    rows = tuple(Mark(round(_TOP + room - room * part, 2), top * part) for part in (0.0, 0.5, 1.0))
    every = max(1, -(-len(bars) // 8))
    columns = tuple(Mark(bar.x + bar.width / 2, bar.value, bar.day) for bar in bars[::every])
    return Chart(tuple(bars), rows, columns, sum(value for _, value in values))


def _round_up(value: float) -> float:
    """Return a round number from `value` on, with a half that is round too: 2, 4, 10, 20, 40, 100 …"""
    if value <= 2:
        return 2.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)
