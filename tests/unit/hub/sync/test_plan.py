import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.trust import Offer
from hub.sync.plan import Facts, Need, list_to_fetch, plan

CASES = sorted((Path(__file__).parents[3] / "cases" / "sync_plan").glob("*.json"))


def offer(pack_id, version):
    return Offer(pack_id, version, "web", "T", "uk", "ab" * 32, 100, 1, 1)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_plans(path):
    case = json.loads(path.read_text())
    needs = {pack_id: Need(**need) for pack_id, need in case["needs"].items()}
    actions = plan([offer(**values) for values in case["offers"]], Facts(**case["facts"]), needs)
    assert [[a.kind, a.pack_id, a.version] for a in actions] == case["expect"]


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
)
def test_never_fills_the_reserve_and_answers_for_every_offer(offered, current, held, needs, free, reserve):
    offers = [offer(pack_id, version) for pack_id, version in offered.items()]
    kept = {pack_id: [version] for pack_id, version in current.items()}
    facts = Facts(current, kept, held, free_bytes=free, reserve_bytes=reserve)
    counted = {pack_id: Need(*need) for pack_id, need in needs.items()}
    actions = plan(offers, facts, counted)
    installs = [a for a in actions if a.kind == "install"]
    taken = sum(counted[a.pack_id].new_bytes for a in installs)
    assert not installs or free - taken >= reserve
    told = {a.pack_id for a in actions}
    assert told == (offered.keys() | current.keys()) - {
        o.pack_id for o in list_to_fetch(offers, facts) if o.pack_id not in needs
    }
    assert all(a.kind == "remove" for a in actions if a.pack_id not in offered)
