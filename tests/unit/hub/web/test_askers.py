"""Who asks for much gives way to who asks for little; nobody is remembered for longer than a school day."""

from hub.appeals import Appeal
from hub.web.askers import Askers

HOUR = 3600.0


def askers_of(**asked):
    """Return what is known where each device asked for these names."""
    askers = Askers(choose=max)
    for address, names in asked.items():
        for name in names.split():
            askers.note(address, name, now=0.0)
    return askers


def waiting(*names, count=1):
    return tuple(Appeal(name, "games", count) for name in names)


def test_the_newest_of_who_asked_for_most_goes():
    askers = askers_of(one="a b c", two="d")
    assert askers.give_way(waiting("a", "b", "c", "d"), "three") == "c"
    assert askers.give_way(waiting("a", "b", "c", "d"), "two") == "c"
    assert askers.give_way(waiting("a", "b", "c", "d"), "one") is None


def test_what_somebody_else_asked_for_too_stays():
    askers = askers_of(one="a b", two="b")
    assert askers.give_way(waiting("a", "b"), "three") == "a"


def test_what_was_asked_for_by_nobody_knows_whom_goes_first_and_least_asked():
    names = (*waiting("a", count=4), *waiting("b", "c"))
    assert askers_of(one="d").give_way((*names, *waiting("d")), "two") == "c"


def test_as_many_devices_as_there_is_room_hold_none_of_it_for_good():
    askers = askers_of(one="a", two="b")
    assert askers.give_way(waiting("a", "b"), "three") == "b"
    assert askers_of(one="a", two="b", three="c").give_way(waiting("a", "b"), "three") is None


def test_who_asked_is_forgotten_with_the_report_and_after_a_school_day():
    askers = askers_of(one="a b")
    askers.may("one", now=0.0)
    askers.forget(waiting("a"), now=HOUR)
    assert askers.count("one") == 1
    askers.forget(waiting("a"), now=12 * HOUR)
    assert askers.count("one") == 0
    assert not askers._asked
    assert not askers._times
