from hypothesis import given
from hypothesis import strategies as st

from hub.uplink.backoff import MAX_DELAY_S, MIN_DELAY_S, next_delay_s


def test_waits_ever_longer():
    assert [next_delay_s(n, 1.0) for n in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert next_delay_s(50, 1.0) == MAX_DELAY_S


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_never_hammers_and_never_gives_up(failures, chance):
    assert MIN_DELAY_S <= next_delay_s(failures, chance) <= MAX_DELAY_S


def test_hubs_that_lost_the_same_link_come_back_apart():
    back = {round(next_delay_s(4, chance / 50)) for chance in range(50)}
    assert len(back) > 40
