"""Budgets and quiet hours decide how much content may travel now."""

from datetime import datetime

from hub.uplink.limits import Limits, Moment, Spent, allow
from hub.uplink.quiet_hours import parse_quiet_hours


def local(*when):
    return datetime(*when)  # noqa: DTZ001 - the hub's local time has no zone


NOON = Moment(local(2026, 11, 23, 12, 0))
EVENING = Moment(local(2026, 11, 23, 18, 0))
SCHOOL = parse_quiet_hours("08:00-15:00")
MB = 1_000_000


def test_without_limits_everything_may_travel():
    assert allow(Limits(), Spent(10**12, 10**12, 10**12), NOON).left_bytes is None


def test_in_quiet_hours_content_waits_until_they_end():
    allowance = allow(Limits(SCHOOL), Spent(), NOON)
    assert allowance.is_shut
    assert (allowance.wait.code, allowance.wait.until) == ("quiet-hours", local(2026, 11, 23, 15, 0))
    assert allow(Limits(SCHOOL), Spent(), EVENING).left_bytes is None


def test_a_clock_that_is_not_known_has_no_quiet_hours():
    assert not allow(Limits(SCHOOL), Spent(), Moment(NOON.local, is_known=False)).is_shut


def test_the_tightest_budget_counts():
    limits = Limits(session_bytes=50 * MB, day_bytes=100 * MB, month_bytes=1000 * MB)
    allowance = allow(limits, Spent(10 * MB, 70 * MB, 900 * MB), EVENING)
    assert (allowance.left_bytes, allowance.wait.code) == (30 * MB, "day-budget")


def test_a_spent_day_goes_on_tomorrow_after_the_quiet_hours():
    limits = Limits(parse_quiet_hours("00:00-06:00"), day_bytes=MB)
    allowance = allow(limits, Spent(MB, MB, MB), EVENING)
    assert allowance.is_shut
    assert allowance.wait.until == local(2026, 11, 24, 6, 0)


def test_a_spent_month_outlasts_a_spent_day():
    allowance = allow(Limits(day_bytes=MB, month_bytes=MB), Spent(0, MB, 2 * MB), EVENING)
    assert (allowance.wait.code, allowance.wait.until) == ("month-budget", local(2026, 12, 1))


def test_a_session_goes_on_with_the_next_sync():
    allowance = allow(Limits(session_bytes=MB), Spent(MB, MB, MB), EVENING)
    assert (allowance.wait.code, allowance.wait.until) == ("session-budget", None)


def test_nobody_says_tomorrow_by_a_clock_that_is_not_known():
    allowance = allow(Limits(day_bytes=MB), Spent(0, MB, MB), Moment(EVENING.local, is_known=False))
    assert (allowance.wait.code, allowance.wait.until) == ("day-budget", None)


def test_december_is_followed_by_january():
    allowance = allow(Limits(month_bytes=MB), Spent(0, 0, MB), Moment(local(2026, 12, 31, 23, 0)))
    assert allowance.wait.until == local(2027, 1, 1)
