"""From when a school's silence is odd, by its own habit."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.central.fleetview.rhythm import learn

START = datetime(2026, 9, 1, 9, tzinfo=UTC)  # a Tuesday
DAY = timedelta(days=1)


def days(*numbers):
    return [START + DAY * number for number in numbers]


SCHOOL_DAYS = [n for n in range(60) if n % 7 < 5]
RHYTHMS = [  # contacts in days, the way of the last, usual gap and overdue after, in days
    ("every day", range(30), "link", 1, 4),
    ("school days only: a weekend is no trouble", SCHOOL_DAYS, "link", 1, 6),
    ("once a week", range(0, 70, 7), "link", 7, 21),
    ("a stick once a month is not overdue after a week", range(0, 300, 30), "stick", 30, 90),
    ("several reports a day are one contact", [n / 10 for n in range(300)], "link", 1, 4),
    ("one long holiday changes nothing", [*range(15), *range(40, 50)], "link", 1, 4),
    ("a new habit is learnt from the newest", [*range(0, 300, 30), *range(301, 331)], "link", 1, 4),
    ("one contact by link: nothing is known", [0], "link", None, 14),
    ("one contact by stick: it may come by stick again", [0], "stick", None, 60),
    ("three gaps are no habit, the longest is borne", [0, 1, 30, 31], "link", None, 58),
]


@pytest.mark.parametrize(
    ("contacts", "way", "usual", "overdue"), [row[1:] for row in RHYTHMS], ids=lambda v: ""
)
def test_rhythm_is_learnt(contacts, way, usual, overdue):
    contacts = days(*contacts)
    found = learn(contacts, way=way, now=contacts[-1])
    assert found.heard_at == contacts[-1]
    assert found.overdue_at - found.heard_at == DAY * overdue
    assert (found.usual_gap and round(found.usual_gap / DAY)) == usual


def test_who_was_never_heard_from_has_none():
    assert learn([], way="link", now=START) is None


def test_the_next_contact_is_expected_by_habit_then_by_the_longest_then_when_it_is_overdue():
    contacts = days(*SCHOOL_DAYS)  # the last one on a Friday
    last = contacts[-1]
    for now, expected in ((0.5, 1), (1.5, 3), (3.5, 6), (9, 6)):
        found = learn(contacts, way="link", now=last + DAY * now)
        assert found.expected_at - last == DAY * expected


def test_order_does_not_matter_and_a_clock_ahead_counts_as_now():
    now = START + DAY * 10
    contacts = days(*range(9), 4000)
    assert learn(reversed(contacts), way="link", now=now).heard_at == now
