"""Who gets what: the closest assignment counts, versions are explicit, what is withdrawn falls back."""

import pytest

from provisioning.central.fleet import Assignment, Hub, Published
from provisioning.central.wanted import Change, Wanted, list_changes, resolve


def pack(pack_id, version):
    return Published(pack_id, version, "web", "T", "uk", "0" * 64, 1, 1, 1, "2026")


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


def test_withdrawn_newest_falls_back():
    assert resolve(hub(), [ALL], [p for p in PACKS if p.version != 10]) == {"maths": 2}


def test_changes_name_hub_pack_and_both_versions():
    before = Wanted((), {"h-1": {"maths": 1, "art": 1}, "h-2": {}})
    after = Wanted((), {"h-1": {"maths": 2, "art": 1}, "h-3": {"art": 1}})
    assert list_changes(before, after) == [Change("h-1", "maths", 1, 2), Change("h-3", "art", None, 1)]
