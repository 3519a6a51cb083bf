import pytest

from hub.tries import (
    FIRST_WAIT_S,
    FORGET_AFTER_S,
    FREE_MISSES,
    MOST_WAIT_S,
    Misses,
    missed,
    wait_left_s,
    wait_s,
)


def after(count, *, boot_id="b1", every_s=0.0, start_s=100.0):
    misses = Misses()
    for number in range(count):
        misses = missed(misses, now_s=start_s + number * every_s, boot_id=boot_id)
    return misses


@pytest.mark.parametrize(
    ("count", "expected_s"),
    [
        *((count, 0) for count in range(FREE_MISSES)),
        (FREE_MISSES, FIRST_WAIT_S),
        (FREE_MISSES + 1, 2 * FIRST_WAIT_S),
        (FREE_MISSES + 2, 4 * FIRST_WAIT_S),
        (FREE_MISSES + 9, MOST_WAIT_S),
        (10**9, MOST_WAIT_S),
    ],
)
def test_waits_double_up_to_a_limit(count, expected_s):
    assert wait_s(count) == expected_s


def test_the_wait_runs_out():
    misses = after(FREE_MISSES)
    assert wait_left_s(misses, now_s=100, boot_id="b1") == FIRST_WAIT_S
    assert wait_left_s(misses, now_s=110, boot_id="b1") == FIRST_WAIT_S - 10
    assert wait_left_s(misses, now_s=100 + FIRST_WAIT_S, boot_id="b1") == 0


def test_a_restart_does_not_shorten_it():
    misses = after(FREE_MISSES, start_s=90_000)
    assert wait_left_s(misses, now_s=12, boot_id="b2") == FIRST_WAIT_S - 12
    again = missed(misses, now_s=40, boot_id="b2")
    assert again.count == FREE_MISSES + 1
    assert wait_left_s(again, now_s=40, boot_id="b2") == 2 * FIRST_WAIT_S


def test_old_misses_are_forgotten():
    misses = after(FREE_MISSES)
    assert missed(misses, now_s=100 + FORGET_AFTER_S, boot_id="b1").count == 1
    assert missed(misses, now_s=99 + FORGET_AFTER_S, boot_id="b1").count == FREE_MISSES + 1


def test_a_slow_guesser_gets_a_hundred_guesses_a_day():
    now_s, misses, guesses = 0.0, Misses(), 0
    while now_s < 24 * 3600:
        misses, guesses = missed(misses, now_s=now_s, boot_id="b1"), guesses + 1
        now_s += wait_left_s(misses, now_s=now_s, boot_id="b1")
    assert guesses < 110
