import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.trust import Offer
from hub.sync.plan import Action, Facts, Need, Room, left, list_to_fetch, plan, wait_for
from hub.uplink.limits import Allowance, Wait

CASES = sorted((Path(__file__).parents[3] / "cases" / "sync_plan").glob("*.json"))


def offer(pack_id, version, **terms):
    return Offer(pack_id, version, "web", "T", "uk", "ab" * 32, 100, "cd" * 32, 400, 1, 1, **terms)


def allowance(left_bytes):
    return Allowance(left_bytes, None if left_bytes is None else Wait("day-budget", None))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_plans(path):
    case = json.loads(path.read_text())
    needs = {pack_id: Need(**need) for pack_id, need in case["needs"].items()}
    room = {pack_id: Room(**values) for pack_id, values in case.get("room", {}).items()}
    actions = plan(
        [offer(**values) for values in case["offers"]],
        Facts(**case["facts"]),
        needs,
        allowance=allowance(case.get("left_bytes")),
        room=room,
    )
    found = [[a.kind, a.pack_id, a.version, a.now_bytes, sorted(a.drops)] for a in actions]
    assert [said[: len(wanted)] for said, wanted in zip(found, case["expect"], strict=True)] == case["expect"]


@pytest.mark.parametrize(
    ("left_bytes", "own", "expected"),
    [
        (None, {}, [("install", 100), ("install", 200)]),
        (None, {"a": 0}, [("install", 200), ("waiting", 0)]),
        (None, {"a": 30}, [("install", 200), ("waiting", 30)]),
        (250, {"a": 30}, [("install", 200), ("waiting", 30)]),  # what one may not take is left to the next
        (20, {"a": 30}, [("waiting", 20), ("waiting", 0)]),
        (0, {"a": 30}, [("waiting", 0), ("waiting", 0)]),
    ],
)
def test_a_pack_of_which_the_office_allows_little_leaves_room_to_the_others(left_bytes, own, expected):
    needs = {"a": Need(100, 100), "b": Need(200, 200)}
    facts = Facts({}, {}, free_bytes=10**12)
    allowances = {pack: allowance(size) for pack, size in own.items()}
    actions = plan(
        [offer("a", 1), offer("b", 1)], facts, needs, allowance=allowance(left_bytes), own=allowances
    )
    assert [(action.kind, action.now_bytes) for action in actions] == expected


def test_what_was_done_is_no_longer_left_whatever_it_was_called_before():
    waiting, other = Action("waiting", "maths", 3), Action("install", "atlas", 1)
    assert left([waiting, other], [Action("install", "maths", 3)]) == [other]
    assert left([waiting], [Action("remove", "maths", 2)]) == [waiting]
    assert str(other) == "install atlas@1"


def test_there_are_cases():
    assert len(CASES) >= 15


versions = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3))


@given(
    offered=versions,
    current=versions,
    held=versions,
    needs=st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 10**11), st.integers(0, 10**11))),
    free=st.integers(0, 10**12),
    reserve=st.integers(0, 10**12),
    left=st.none() | st.integers(0, 10**12),
)
def test_never_fills_the_reserve_and_answers_for_every_offer(
    offered, current, held, needs, free, reserve, left
):
    offers = [offer(pack_id, version) for pack_id, version in offered.items()]
    kept = {pack_id: [version] for pack_id, version in current.items()}
    facts = Facts(current, kept, held, free_bytes=free, reserve_bytes=reserve)
    counted = {pack_id: Need(*need) for pack_id, need in needs.items()}
    actions = plan(offers, facts, counted, allowance=allowance(left))
    assert left is None or sum(a.now_bytes for a in actions) <= left
    installs = [a for a in actions if a.kind == "install"]
    taken = sum(counted[a.pack_id].new_bytes for a in installs)
    assert not installs or free - taken >= reserve
    told = {a.pack_id for a in actions}
    assert told == (offered.keys() | current.keys()) - {
        o.pack_id for o in list_to_fetch(offers, facts) if o.pack_id not in needs
    }
    assert all(a.kind == "remove" for a in actions if a.pack_id not in offered)


def test_what_does_not_fit_says_how_much_is_missing_as_people_read_it():
    facts = Facts({}, {}, free_bytes=12 * 10**9)
    [action] = plan([offer("a", 1)], facts, {"a": Need(50 * 10**9, 50 * 10**9)})
    assert action.reason == "needs 50.3 GB for a moment, 12.0 GB may be used: 38.3 GB too little"


def test_what_waits_says_why_and_when_it_goes_on():
    facts = Facts({}, {}, free_bytes=10**12)
    until = datetime.fromisoformat("2026-11-23 15:00")
    shut = Allowance(0, Wait("quiet-hours", until))
    [action] = plan([offer("a", 1)], facts, {"a": Need(50, 50)}, allowance=shut)
    assert action.reason == "quiet hours; goes on 2026-11-23 15:00"
    later = wait_for(action, Wait("session-budget", None), 20)
    assert (later.reason, later.download_bytes) == (
        "this sync's budget is used up; goes on with the next sync",
        20,
    )
