"""The clock of a device without one."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import clock

LATE = datetime(2031, 5, 1, tzinfo=UTC)


def floor_file(tmp_path):
    [path] = tmp_path.iterdir()
    return path


def test_system_behind_the_floor_is_not_believed():
    assert clock.later_of(datetime(1970, 1, 1, tzinfo=UTC), LATE) == LATE
    assert clock.later_of(LATE + timedelta(days=1), LATE) == LATE + timedelta(days=1)


def test_without_a_floor_it_is_no_earlier_than_the_program(tmp_path):
    assert clock.read_floor(tmp_path) == clock.BUILT_AT
    assert clock.hub_now(tmp_path) >= clock.BUILT_AT


def test_signed_time_raises_the_floor_and_never_lowers_it(tmp_path):
    clock.raise_floor(tmp_path, LATE)
    clock.raise_floor(tmp_path, LATE - timedelta(days=900))
    assert clock.read_floor(tmp_path) == LATE
    assert clock.hub_now(tmp_path) >= LATE


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"\0" * len(data),
        lambda data: b"\xff" * 9,
        lambda data: data.replace(b"2031", b"6031", 1),
        lambda data: b"2031-05-01\n2031-05-01\n",
    ],
)
def test_damaged_floor_counts_as_none_and_is_written_again(tmp_path, damage):
    clock.raise_floor(tmp_path, LATE)
    path = floor_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert clock.read_floor(tmp_path) == clock.BUILT_AT
    clock.raise_floor(tmp_path, LATE)
    assert clock.read_floor(tmp_path) == LATE
