"""What is made of what hubs report, also of what no hub of ours would."""

import pytest

from content_packs.errors import UsageError
from hub.events import AppealBody, Event, body_of, decode_event, encode_event
from provisioning.central.filters.appeals import MAX_REASON, MAX_REASONS, answer_appeal, gather
from provisioning.central.filters.tables import Answer, FilterTables, Policy
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.central import read_office_alerts
from provisioning.central.reports import Heard, open_reports
from support.office import NOW, OfficeAtWork

POLICIES = [Policy("primary", ("games",)), Policy("senior", ("adult",))]


def heard(hub="h-1", at="2026-11-01", used="filter-primary@3", reason="", **asked):
    names = {name.replace("_", "."): count for name, count in asked.items()}
    body = AppealBody(7, used, names, dict.fromkeys(names, "games"), dict.fromkeys(names, reason))
    return hub, Heard(Event("s", 1, "b", "2026-11-01T08:00:00+00:00", "appeal", body_of(body)), at)


def test_schools_are_counted_by_name_and_what_most_ask_for_comes_first():
    found = gather(
        [heard(a_org=1), heard("h-2", b_org=5), heard("h-1", "2026-11-02", b_org=2, reason="шахи")],
        [],
        POLICIES,
    )
    assert [(each.name, each.count, each.hubs) for each in found] == (
        [("b.org", 7, {"h-2": 5, "h-1": 2}), ("a.org", 1, {"h-1": 1})]
    )
    assert (found[0].reasons, found[0].first_at, found[0].last_at) == (["шахи"], "2026-11-01", "2026-11-02")
    assert found[0].policies == {"primary"}


@pytest.mark.parametrize(
    ("answers", "is_open"),
    [
        ([], True),
        ([Answer("a.org", "primary", "keep", "2026-11-03")], False),
        ([Answer("a.org", "primary", "allow", "2026-11-03")], False),
        ([Answer("a.org", "primary", "keep", "2026-10-01")], True),  # asked again after it
        ([Answer("a.org", "senior", "keep", "2026-11-03")], True),  # of other schools
        ([Answer("b.org", "primary", "keep", "2026-11-03")], True),
    ],
)
def test_what_has_an_answer_needs_none(answers, is_open):
    (found,) = gather([heard(a_org=1)], answers, POLICIES)
    assert found.is_open is is_open


def test_of_many_reasons_the_newest_are_kept_and_cut():
    reports = [heard(a_org=1, reason=f"{number} " + "x" * 500) for number in range(30)]
    (found,) = gather(reports, [], POLICIES)
    assert len(found.reasons) == MAX_REASONS
    assert max(map(len, found.reasons)) <= MAX_REASON
    assert found.reasons[-1].startswith("29 ")


@pytest.mark.parametrize("name", ["com", "<b>x</b>", "=cmd|' /C calc'!A0", "hub.lan", "A.org", "", "a.org\n"])
def test_a_name_that_no_filter_blocks_is_left_out(name):
    hub, each = heard()
    each.event.body["asked"][name] = 1
    assert gather([(hub, each)], [], POLICIES) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"asked": []},
        {"asked": {"a.org": "x"}},
        {"asked": {"a.org": 1}, "category": 7, "reason": [], "filter": 3},
    ],
)
def test_a_report_of_another_release_harms_nothing(body):
    _, each = heard()
    event = Event("s", 1, "b", "2026", "appeal", body)
    assert len(gather([("h-1", Heard(event, each.received_at))], [], POLICIES)) <= 1


def test_the_event_goes_over_the_wire_as_it_is():
    _, each = heard(a_org=2, reason="шахи")
    event = Event(
        "20261101000000-" + "0" * 16, 1, "b0", "2026-11-01T08:00:00+00:00", "appeal", each.event.body
    )
    assert decode_event(encode_event(event)) == event


def test_the_office_is_told_that_somebody_waits_for_an_answer(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    _, each = heard(a_org=2)
    with open_reports(work.office.reports_db) as reports, reports.transaction():
        reports.take("h-1", "0" * 64, [each.event], now=NOW)
    with open_fleet(work.office.fleet_db) as fleet:
        FilterTables(fleet).save_policy(POLICIES[0])
    (told,) = [alert for alert in read_office_alerts(work.office, NOW) if alert.code == "appeals"]
    assert told.values == {"names": "a.org"}
    with open_fleet(work.office.fleet_db) as fleet:
        answer_appeal(fleet, [], "a.org", "keep", policy="primary", now=NOW)
    assert "appeals" not in {alert.code for alert in read_office_alerts(work.office, NOW)}


def test_an_answer_is_for_the_schools_that_asked_unless_said_otherwise(tmp_path):
    with open_fleet(tmp_path / "fleet.db") as fleet:
        for policy in POLICIES:
            FilterTables(fleet).save_policy(policy)
        asked = gather([heard(a_org=1)], [], POLICIES)

        def answer(name, policy=None):
            given = answer_appeal(fleet, asked, name, "allow", policy=policy, now=NOW)
            return [each.policy for each in given]

        assert answer("a.org") == ["primary"]
        assert answer("b.org") == ["primary", "senior"]  # nobody asked: everywhere
        assert answer("a.org", "senior") == ["senior"]
        for name, policy in (("a.org", "nobody"), ("com", None), ("a b", None)):
            with pytest.raises(UsageError):
                answer(name, policy)
        assert FilterTables(fleet).list_policies() == POLICIES
