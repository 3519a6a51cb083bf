"""How long it takes: the speed of the link, and what makes it longer."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink.eta import Outlook
from hub.uplink.limits import Limits, Moment, Spent
from hub.uplink.quiet_hours import parse_quiet_hours


def local(*when):
    return datetime(*when)  # noqa: DTZ001 - the hub's local time has no zone


MIDNIGHT = Moment(local(2026, 11, 1))
KBIT_64 = 8000.0  # bytes a second
GB = 10**9
HOUR, DAY = 3600, 86400


NOTHING = Spent()


def outlook(speed=KBIT_64, spent=NOTHING, moment=MIDNIGHT, **limits):
    return Outlook(speed, Limits(**limits), spent, moment)


def test_sixty_gigabytes_at_64_kbit_are_87_days():
    eta = outlook().eta(60 * GB)
    assert eta.days == pytest.approx(86.8, abs=0.1)
    assert eta.limited_by == ""


def test_an_unmeasured_link_has_no_eta():
    assert outlook(speed=None).eta(GB) is None


def test_nothing_takes_no_time_whatever_the_hour():
    noon = Moment(local(2026, 11, 1, 12))
    assert outlook(moment=noon, quiet_hours=parse_quiet_hours("08:00-24:00")).eta(0).seconds == 0


def test_fifty_megabytes_a_day_make_25_days_of_1250():
    eta = outlook(speed=10**6, day_bytes=50 * 10**6).eta(1250 * 10**6)
    assert eta.days == pytest.approx(24, abs=0.1)  # the 25th day needs seconds only
    assert eta.limited_by == "day-budget"


def test_what_is_spent_today_counts_today_only():
    limits = {"day_bytes": 100, "spent": Spent(0, 100, 100)}
    assert outlook(speed=100.0, **limits).eta(50).seconds == pytest.approx(DAY + 0.5)


def test_a_month_that_is_spent_goes_on_with_the_next():
    late = Moment(local(2026, 11, 30, 12))
    eta = outlook(speed=100.0, moment=late, month_bytes=1000, spent=Spent(0, 0, 1000)).eta(500)
    assert eta.seconds == pytest.approx(DAY / 2 + 5)
    assert eta.limited_by == "month-budget"


def test_quiet_hours_stand_between():
    school = parse_quiet_hours("08:00-15:00")
    six = Moment(local(2026, 11, 1, 6))
    eta = outlook(moment=six, quiet_hours=school).eta(int(3 * HOUR * KBIT_64))
    assert eta.seconds == pytest.approx(10 * HOUR)  # two hours, seven of school, one more
    assert eta.limited_by == "quiet-hours"


def test_a_budget_for_each_sync_brings_pauses():
    eta = outlook(speed=1000.0, session_bytes=1000 * 1800).eta(10 * 1000 * 1800)
    assert eta.seconds == pytest.approx(2 * 10 * 1800)
    assert eta.limited_by == "session-budget"


def test_what_takes_longer_than_ten_years_has_no_end():
    assert outlook(day_bytes=1).eta(GB) is None


def test_many_packs_are_reckoned_in_one_go_as_each_alone():
    found = outlook(day_bytes=10**6, quiet_hours=parse_quiet_hours("08:00-15:00"))
    sizes = [0, 10**5, 10**5, 5 * 10**6, 40 * 10**6, 10**12]
    assert found.etas(sizes) == [found.eta(size) for size in sizes]
    assert found.etas(sizes)[-1] is None


@given(
    st.integers(1, 10**9),
    st.floats(1000, 10**6),
    st.just(0) | st.integers(10**4, 10**8),
    st.sampled_from(["", "08:00-15:00", "22:00-06:00, 12:00-13:00"]),
    st.integers(0, 23),
)
def test_limits_never_make_it_shorter_and_more_never_comes_earlier(size, speed, day_bytes, quiet, hour):
    found = outlook(
        speed=speed,
        moment=Moment(local(2026, 11, 1, hour)),
        day_bytes=day_bytes,
        quiet_hours=parse_quiet_hours(quiet),
    )
    eta, more = found.eta(size), found.eta(size + 1000)
    if eta is not None:
        assert eta.seconds >= eta.link_seconds - 1
        assert more is None or more.seconds >= eta.seconds - 1
