"""Who gets what: the closest assignment counts, versions are explicit, what is withdrawn falls back."""

from dataclasses import replace

import pytest

from provisioning.central.fleet import Assignment, Hub, Published
from provisioning.central.wanted import (
    Change,
    Terms,
    Wanted,
    list_changes,
    list_wanted,
    resolve,
    resolve_terms,
)


def pack(pack_id, version):
    return Published(pack_id, version, "web", "T", "uk", "0" * 64, 1, "0" * 64, 1, 1, 1, "2026")


def hub(ring="pilot"):
    return Hub("h-1", "S", ring, "key", "2026")


PACKS = [pack("maths", 1), pack("maths", 2), pack("maths", 10), pack("art", 1)]
ALL = Assignment("ring", "all", "maths", None)
PILOT_1 = Assignment("ring", "pilot", "maths", 1)
HUB_2 = Assignment("hub", "h-1", "maths", 2)


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([], {}),
        ([ALL], {"maths": 10}),
        ([PILOT_1, ALL], {"maths": 1}),
        ([HUB_2, PILOT_1, ALL], {"maths": 2}),
        ([Assignment("ring", "wave-1", "maths", None)], {}),
        ([Assignment("hub", "h-2", "maths", None)], {}),
        ([ALL, Assignment("ring", "all", "art", None)], {"art": 1, "maths": 10}),
        ([Assignment("hub", "h-1", "maths", 7), ALL], {}),  # just that version, and it is gone
        ([Assignment("ring", "all", "music", None)], {}),
    ],
)
def test_closest_assignment_counts(assignments, expected):
    assert resolve(hub(), assignments, PACKS) == expected


def test_newest_is_by_number_not_by_text_nor_by_order():
    assert resolve(hub(), [ALL], list(reversed(PACKS))) == {"maths": 10}


def test_what_is_withdrawn_or_retired_and_who_is_revoked_is_left_out():
    withdrawn = replace(pack("maths", 11), withdrawn_at="2026")
    retired = replace(pack("art", 2), retired_at="2026")
    stolen = Hub("h-2", "S", "pilot", "key", "2026", revoked_at="2026")
    urgent = Assignment("ring", "all", "maths", None, priority=5)
    wanted = list_wanted([*PACKS, withdrawn, retired], [hub(), stolen], [urgent])
    assert wanted == Wanted(tuple(PACKS), {"h-1": {"maths": 10}}, {"h-1": {"maths": Terms(priority=5)}})


def test_withdrawn_newest_falls_back():
    assert resolve(hub(), [ALL], [p for p in PACKS if p.version != 10]) == {"maths": 2}


def test_changes_name_hub_pack_and_both_versions():
    before = Wanted((), {"h-1": {"maths": 1, "art": 1}, "h-2": {}})
    after = Wanted((), {"h-1": {"maths": 2, "art": 1}, "h-3": {"art": 1}})
    assert list_changes(before, after) == [Change("h-1", "maths", 1, 2), Change("h-3", "art", None, 1)]


def test_terms_are_those_of_the_closest_assignment_and_the_usual_ones_are_not_said():
    urgent = Assignment("ring", "all", "art", None, priority=5)
    pressing = Assignment("hub", "h-1", "maths", None, when_full="replace")
    assert resolve_terms(hub(), [ALL, urgent]) == {"art": Terms(priority=5)}
    assert resolve_terms(hub(), [Assignment("ring", "all", "maths", None, 9), pressing]) == {
        "maths": Terms(replace=True)
    }


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([("ring", "all", "filter-strict")], {"filter-strict": 1}),
        ([("ring", "all", "filter-strict"), ("ring", "pilot", "filter-mild")], {"filter-mild": 1}),
        ([("hub", "h-1", "filter-strict"), ("ring", "pilot", "filter-mild")], {"filter-strict": 1}),
        ([("ring", "all", "filter-strict"), ("ring", "all", "filter-mild")], {"filter-mild": 1}),
        ([("hub", "h-1", "filter-gone"), ("ring", "all", "filter-mild")], {"filter-mild": 1}),
    ],
)
def test_a_hub_has_one_filter_the_one_that_means_it_most_closely(assignments, expected):
    filters = [replace(pack(name, 1), kind="filter") for name in ("filter-mild", "filter-strict")]
    given = [Assignment(audience, name, pack_id, None) for audience, name, pack_id in assignments]
    assert resolve(hub(), [ALL, *given], [*PACKS, *filters]) == {"maths": 10} | expected
