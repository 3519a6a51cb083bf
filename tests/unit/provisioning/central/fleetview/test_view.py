"""How a school is, by what is known of it."""

import pytest

from provisioning.central.fleetview.view import look_at, rank
from provisioning.central.overview import PackState
from support.known_schools import DAILY, DAY, known
from support.office import NOW

MISSING = PackState("maths", 2, 1, "waiting")
SILENT = tuple(contact - 9 * DAY for contact in DAILY)
STATES = [
    ("ok", known()),
    ("waiting", known(packs=[MISSING])),
    ("overdue", known(contacts=SILENT)),
    ("never", known(contacts=(), newest={})),
    ("attention", known(packs=[PackState("maths", 2, 1, "needs-space")])),
]


@pytest.mark.parametrize(("state", "facts"), STATES, ids=[state for state, _ in STATES])
def test_state(state, facts):
    assert look_at(facts, now=NOW).state == state


def test_the_worst_come_first():
    views = sorted((look_at(facts, now=NOW) for _, facts in STATES), key=rank)
    assert [view.state for view in views] == ["overdue", "attention", "never", "waiting", "ok"]


def test_an_overdue_school_is_told_with_its_own_habit_and_what_to_do():
    [alert] = look_at(known(contacts=SILENT), now=NOW).reasons
    assert (alert.code, alert.said) == ("overdue", "Not heard from for 9 d; usually every 24 h.")
    assert alert.since == (NOW - 5 * DAY).isoformat()
    assert "Call the school" in alert.advice


def test_what_is_left_takes_as_long_as_the_school_needs_or_comes_with_the_next_stick():
    by_link = look_at(known(bytes_left=10**9, bytes_a_day=10**8), now=NOW)
    assert by_link.eta_s == 10 * DAY.total_seconds()
    assert look_at(known(bytes_left=10**9), now=NOW).eta_s is None
    assert look_at(known(bytes_a_day=10**8), now=NOW).eta_s is None
