"""Quiet hours: what a technician may write, and when content travels then."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink.quiet_hours import QuietHours, check_quiet_hours, parse_quiet_hours


def local(*when):
    return datetime(*when)  # noqa: DTZ001 - the hub's local time has no zone


DAY = local(2026, 11, 23)


def at(text):
    hour, minute = map(int, text.split(":"))
    return DAY.replace(hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("08:00-15:00", ((480, 900),)),
        ("8:00 - 15:00", ((480, 900),)),
        ("21:30-06:00", ((0, 360), (1290, 1440))),
        ("12:00-13:00,08:00-09:00", ((480, 540), (720, 780))),
        ("08:00-10:00, 09:00-12:00, 12:00-13:00", ((480, 780),)),
        ("20:00-24:00", ((1200, 1440),)),
    ],
)
def test_reads_what_people_write(text, spans):
    assert parse_quiet_hours(text).spans == spans


@pytest.mark.parametrize(
    "text",
    [
        "8-15",
        "08:00",
        "08:00-15:60",
        "25:00-26:00",
        "08:00-08:00",
        "00:00-24:00",
        "08:00-20:00, 20:00-08:00",
        "x",
    ],
)
def test_refuses_what_has_no_meaning_or_leaves_no_time(text):
    assert check_quiet_hours(text).startswith("expected ")


def test_the_end_of_a_span_is_outside_it():
    quiet = parse_quiet_hours("08:00-15:00")
    assert [quiet.covers(at(text)) for text in ("07:59", "08:00", "14:59", "15:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_content_goes_on_in_the_morning_after_a_span_over_midnight():
    quiet = parse_quiet_hours("21:00-06:00")
    assert quiet.until(at("22:30")) == at("06:00") + timedelta(days=1)
    assert quiet.until(at("03:00")) == at("06:00")
    assert quiet.until(at("12:00")) == at("12:00")


def test_a_day_is_cut_into_what_is_open():
    quiet = parse_quiet_hours("08:00-15:00, 20:00-21:00")
    spans = [(a.strftime("%H:%M"), b.strftime("%H:%M")) for a, b in quiet.open_spans(at("09:00"))]
    assert spans == [("15:00", "20:00"), ("21:00", "00:00")]


minutes = st.integers(0, 1439)


@given(st.lists(st.tuples(minutes, minutes), max_size=4), minutes)
def test_what_is_open_and_what_is_covered_are_the_same_day_seen_from_two_sides(pairs, minute):
    text = ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs if a != b)
    quiet = QuietHours() if check_quiet_hours(text) else parse_quiet_hours(text)
    moment = DAY + timedelta(minutes=minute)
    is_open = any(begin <= moment < end for begin, end in quiet.open_spans(DAY))
    assert is_open != quiet.covers(moment)
    assert not quiet.covers(quiet.until(moment))
