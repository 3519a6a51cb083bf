"""How often a school is heard from, learnt from when it was: then silence can be told from trouble. Pure.

Why these numbers: docs/adr/0024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from provisioning.central.reports import Way

CONTACTS = 21  # the newest, of which 20 gaps are learnt: a month of school days
_ENOUGH = 4  # gaps; fewer say nothing of a rhythm
_LEAST = timedelta(days=4)  # a long weekend, of which nobody has to be told
_UNKNOWN: dict[Way, timedelta] = {"link": timedelta(days=14), "stick": timedelta(days=60)}
_TIMES_USUAL, _TIMES_LONG = 3.0, 2.0
_LONG = 0.9  # of ten gaps the longest is an exception: holidays, a broken mast


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a school was heard from last, how often it usually is, and when its silence becomes odd."""

    heard_at: datetime
    usual_gap: timedelta | None  # None: too few contacts to tell
    expected_at: datetime  # by its own habit, or where that is past, when it is overdue
    overdue_at: datetime


def learn(contacts: Sequence[datetime], *, way: Way, now: datetime) -> Rhythm | None:
    """Return the rhythm of a school that was in contact at these times, in any order; None: never.

    `way` is how the last contact came. A time after `now` counts as `now`: somebody's clock was wrong.
    """
    known = sorted(min(contact, now) for contact in contacts)
    visits = list({contact.date(): contact for contact in known}.values())  # of each day the last
    if not visits:
        return None
    gaps = sorted(later - earlier for earlier, later in pairwise(visits[-CONTACTS:]))
    heard_at = visits[-1]
    if len(gaps) < _ENOUGH:
        patience = max([_UNKNOWN[way], *(gap * _TIMES_LONG for gap in gaps)])
        return Rhythm(heard_at, None, heard_at + patience, heard_at + patience)
    usual, long = (
        timedelta(seconds=median(gap.total_seconds() for gap in gaps)),
        gaps[int(_LONG * (len(gaps) - 1))],
    )
    overdue_at = heard_at + max(_TIMES_USUAL * usual, _TIMES_LONG * long, _LEAST)
    expected_at = next((at for at in (heard_at + usual, heard_at + long) if at >= now), overdue_at)
    return Rhythm(heard_at, usual, expected_at, overdue_at)
