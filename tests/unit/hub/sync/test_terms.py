"""What a signed assignment says of how a pack travels; what cannot be used is told and ignored."""

import pytest

from hub.sync.terms import limits_of, list_ignored
from hub.uplink.limits import Limits
from hub.uplink.quiet_hours import parse_quiet_hours
from provisioning.central.fleet import Assignment
from provisioning.central.release import change
from support.office import HUB, HubTrust, OfficeAtWork

OWN = Limits(parse_quiet_hours("08:00-15:00"))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    work = OfficeAtWork.found(tmp_path_factory.mktemp("office") / "central")
    work.publish(work.build("maths", 1))
    work.enrol()
    return work


def offer_with(work, trust_dir, **terms):
    """Sign an assignment that says so, whatever a command would have refused; return what a hub reads."""
    assignment = Assignment("hub", HUB, "maths", None, **terms)
    change(work.office, lambda fleet: fleet.save_assignment(assignment), doing="test", now=work.now)
    [offer] = HubTrust(work.root_bytes, trust_dir).refresh(work.office.depot).packs
    return offer


@pytest.mark.parametrize(
    ("terms", "expected", "told"),
    [
        ({}, Limits(), ""),
        ({"quiet_hours": "14:00-18:00"}, Limits(parse_quiet_hours("08:00-18:00")), ""),
        ({"day_mb": 5}, Limits(day_bytes=5_000_000), ""),
        ({"day_mb": "lots"}, Limits(), "the assignment's day_mb 'lots' is ignored"),
        ({"day_mb": -5}, Limits(), "the assignment's day_mb -5 is ignored"),
        ({"day_mb": 10**9}, Limits(), "the assignment's day_mb 1000000000 is ignored"),
        ({"quiet_hours": "always"}, Limits(), "the assignment's quiet hours 'always'"),
        ({"quiet_hours": "x" * 300}, Limits(), "the assignment's quiet_hours 'xxx"),
        (
            {"quiet_hours": "15:00-08:00", "day_mb": 5},
            Limits(day_bytes=5_000_000),
            "leave nothing of the day",
        ),
    ],
)
def test_a_hub_reads_terms_and_tells_what_is_none(work, tmp_path, terms, expected, told):
    offer = offer_with(work, tmp_path / "trust", **terms)
    assert limits_of(offer, OWN) == expected
    sentences = list_ignored([offer], OWN)
    assert len(sentences) == bool(told)
    assert all(told in sentence and len(sentence) < 300 for sentence in sentences)
