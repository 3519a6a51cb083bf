"""What the office says of one pack holds beside hub.toml, and cannot keep it away for ever."""

from datetime import datetime

import pytest

from hub.uplink.limits import UNLIMITED, Allowance, Limits, Moment, Wait, tighter
from hub.uplink.quiet_hours import QuietHours, parse_quiet_hours
from hub.uplink.terms import allow_pack, read_terms
from hub.uplink.words import wait_text

NONE = QuietHours()
LESSONS = parse_quiet_hours("08:00-15:00")
MB = 1_000_000


def at(clock, *, is_known=True):
    return Moment(datetime.fromisoformat(f"2026-11-28T{clock}"), is_known)


@pytest.mark.parametrize(
    ("quiet_hours", "day_mb", "own", "expected"),
    [
        ("", 0, LESSONS, Limits()),  # hub.toml's own hold anyway
        ("", 50, NONE, Limits(day_bytes=50 * MB)),
        ("08:00-15:00", 0, NONE, Limits(LESSONS)),
        ("14:00-18:00", 0, LESSONS, Limits(parse_quiet_hours("08:00-18:00"))),  # until both are over
        ("20:00-06:00", 5, LESSONS, Limits(parse_quiet_hours("20:00-06:00,08:00-15:00"), day_bytes=5 * MB)),
    ],
)
def test_terms_join_those_of_the_hub(quiet_hours, day_mb, own, expected):
    assert read_terms(quiet_hours, day_mb, own) == (expected, "")


@pytest.mark.parametrize(
    ("quiet_hours", "own", "words"),
    [
        ("always", NONE, "expected hours such as"),
        ("00:00-24:00", NONE, "leave some of the day"),
        ("15:00-08:00", LESSONS, "leave nothing of the day"),
        ("25:00-26:00", NONE, "00:00 to 24:00"),
        ("\x1b[2J", NONE, "expected"),
    ],
)
def test_what_cannot_be_used_is_told_and_counts_as_not_said(quiet_hours, own, words):
    limits, warning = read_terms(quiet_hours, 7, own)
    assert limits == Limits(day_bytes=7 * MB)
    assert words in warning
    assert warning.isprintable()


@pytest.mark.parametrize(
    ("clock", "spent", "left", "until"),
    [
        ("07:59", 0, 2 * MB, None),
        ("07:59", 2 * MB, 0, "2026-11-29 00:00"),
        ("08:00", 0, 0, "2026-11-28 15:00"),
        ("15:00", MB, MB, None),
    ],
)
def test_one_pack_waits_for_its_own_hours_and_its_own_budget(clock, spent, left, until):
    found = allow_pack(Limits(LESSONS, day_bytes=2 * MB), spent, at(clock))
    assert found.left_bytes == left
    if until:
        assert f"as the office said for this pack; goes on {until}" in wait_text(found.wait)


def test_without_a_clock_only_the_budget_holds():
    found = allow_pack(Limits(LESSONS, day_bytes=2 * MB), MB, at("09:00", is_known=False))
    assert found.left_bytes == MB


SOON, LATE = (Wait("day-budget", datetime.fromisoformat(f"2026-11-{day}")) for day in (28, 29))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (UNLIMITED, UNLIMITED, UNLIMITED),
        (UNLIMITED, Allowance(5, SOON), Allowance(5, SOON)),
        (Allowance(5, SOON), Allowance(7, LATE), Allowance(5, SOON)),
        (Allowance(5, SOON), Allowance(0, LATE), Allowance(0, LATE)),
        (Allowance(0, SOON), Allowance(0, LATE), Allowance(0, LATE)),
        (Allowance(0, Wait("session-budget", None)), Allowance(0, LATE), Allowance(0, LATE)),
    ],
)
def test_the_tighter_of_two_holds_whichever_comes_first(one, other, expected):
    assert tighter(one, other) == tighter(other, one) == expected
