"""Lesson time: what is read of it, and when it begins and ends."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.lesson_time import DAYS, LessonTime, Span, check_lesson_time

SCHOOL = LessonTime.parse("mon-fri 08:30-15:00; sat 9:00-12:00")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("Mon-Fri 8:30-15:00", "mon-fri 08:30-15:00"),
        ("mon 08:00-09:00; mon 09:00-10:00", "mon 08:00-10:00"),
        ("mon,wed 08:00-12:00, 13:00-15:00", "mon 08:00-12:00,13:00-15:00; wed 08:00-12:00,13:00-15:00"),
        ("fri-mon 10:00-24:00", "mon 10:00-24:00; fri-sun 10:00-24:00"),
        (" mon - fri 08:30 - 15:00 ;", "mon-fri 08:30-15:00"),
    ],
)
def test_is_written_one_way(text, written):
    assert LessonTime.parse(text).to_text() == written
    assert LessonTime.parse(written).to_text() == written


@pytest.mark.parametrize(
    "text",
    [
        *("mon", "08:30-15:00", "пн 08:30-15:00", "mon 15:00-08:30", "mon 08:60-09:00", "mon 08:00-25:00"),
        *("x" * 9, "mon 08:00-08:00", "mon-xyz 08:00-09:00", ";".join(["mon 08:00-09:00"] * 26)),
    ],
)
def test_what_is_no_time_is_told(text):
    assert check_lesson_time(text).startswith("expected ")


@pytest.mark.parametrize(
    ("at", "covered", "change"),
    [
        ("2026-11-27T08:29", False, "2026-11-27T08:30"),  # a Friday
        ("2026-11-27T08:30", True, "2026-11-27T15:00"),
        ("2026-11-27T14:59", True, "2026-11-27T15:00"),
        ("2026-11-27T15:00", False, "2026-11-28T09:00"),
        ("2026-11-28T12:00", False, "2026-11-30T08:30"),
        ("2026-11-29T10:00", False, "2026-11-30T08:30"),
    ],
)
def test_begins_and_ends_by_the_clock(at, covered, change):
    local = datetime.fromisoformat(at)
    assert SCHOOL.covers(local) is covered
    assert SCHOOL.next_change(local) == datetime.fromisoformat(change)


def test_a_whole_week_never_changes():
    week = LessonTime(tuple(Span(day, 0, 1440) for day in range(7)))
    assert week.next_change(datetime.fromisoformat("2026-11-27T09:00")) is None
    assert LessonTime().next_change(datetime.fromisoformat("2026-11-27T09:00")) is None
    assert week.to_text() == "mon-sun 00:00-24:00"


spans = st.tuples(st.sampled_from(DAYS), st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda s: s[1] < s[2]
)


@given(st.lists(spans, max_size=6), st.integers(0, 7 * 1440 - 1))
def test_says_what_its_parts_say(parts, minute):
    text = "; ".join(f"{d} {a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for d, a, b in parts)
    read = LessonTime.parse(text)
    at = datetime.fromisoformat("2026-11-23") + timedelta(minutes=minute)  # a Monday
    day = at.hour * 60 + at.minute
    assert read.covers(at) == any(DAYS[at.weekday()] == d and a <= day < b for d, a, b in parts)
    change = read.next_change(at)
    assert change is None or (change > at and read.covers(change) != read.covers(at))
