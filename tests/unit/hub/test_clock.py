"""The clock of a device without one."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import clock
from hub.uplink.limits import Moment

LATE = datetime(2031, 5, 1, tzinfo=UTC)


def floor_file(tmp_path):
    [path] = tmp_path.iterdir()
    return path


@pytest.mark.parametrize(
    ("system", "best", "known"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), LATE, False),
        (LATE - timedelta(days=1), LATE, False),
        (LATE - timedelta(minutes=5), LATE, True),  # the office's clock is a little ahead
        (LATE + timedelta(days=1), LATE + timedelta(days=1), True),
        (LATE + timedelta(days=3 * 365), LATE + timedelta(days=3 * 365), True),  # three years off
        (datetime(2099, 1, 1, tzinfo=UTC), LATE, False),
    ],
)
def test_a_clock_is_believed_only_from_the_floor_to_five_years_later(system, best, known):
    assert clock.best_time(system, LATE) == best
    assert clock.is_known(system, LATE) == known


def test_the_local_time_is_that_of_the_floor_where_the_clock_is_wrong(tmp_path):
    clock.raise_floor(tmp_path, LATE)
    moment = clock.hub_moment(tmp_path, datetime(2099, 1, 1, tzinfo=UTC))
    assert moment == Moment(LATE.astimezone().replace(tzinfo=None), is_known=False)


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
