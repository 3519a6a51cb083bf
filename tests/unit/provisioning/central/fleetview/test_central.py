"""What somebody has to do in the office itself."""

from datetime import timedelta

import pytest

from provisioning.central.fleetview.central import read_office_alerts
from provisioning.central.fleetview.fleet import read_fleet
from provisioning.central.ingest import ingest
from support.office import HUB, NOW, OfficeAtWork
from support.reporting import Reporting, found_office

DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path):
    return found_office(tmp_path / "central")


def codes(office, now):
    return [(alert.code, alert.level) for alert in read_office_alerts(office, now)]


def test_reports_that_nobody_takes_in_are_told(office, tmp_path):
    assert codes(office, NOW) == [("never-ingested", "info")]
    ingest(office, source=None, now=NOW)
    assert codes(office, NOW + DAY) == []
    assert codes(office, NOW + 2 * DAY) == [("ingest-stale", "urgent")]
    (tmp_path / "stick/inbox").mkdir(parents=True)
    ingest(office, source=tmp_path / "stick", now=NOW + 2 * DAY)  # says nothing of what lies in the depot
    assert codes(office, NOW + 2 * DAY) == [("ingest-stale", "urgent")]


def test_no_school_is_overdue_for_what_the_office_did_not_look_at(office, tmp_path):
    hub = Reporting(office, tmp_path / "hub")
    for day in range(10):
        hub.now = NOW + day * DAY
        hub.tell(f"{day}")
        hub.seal()
        hub.send()
        hub.ingest()
    later = hub.now + 30 * DAY
    assert [view.state for view in read_fleet(office, later)] == ["ok"]
    ingest(office, source=None, now=later)
    [view] = read_fleet(office, later)
    assert (view.hub.hub_id, view.state) == (HUB, "overdue")


def test_signatures_that_end_are_told_in_time_with_their_roles(office):
    ingest(office, source=None, now=NOW)
    [alert] = [each for each in read_office_alerts(office, NOW + 65 * DAY) if each.code != "ingest-stale"]
    assert (alert.code, alert.level, alert.values["roles"]) == ("signatures-end", "soon", "timestamp")
    [alert] = [each for each in read_office_alerts(office, NOW + 91 * DAY) if each.code != "ingest-stale"]
    assert alert.level == "urgent"
    work = OfficeAtWork(office, NOW + 80 * DAY)
    work.enrol("h-2")
    assert codes(office, NOW + 85 * DAY) == [("ingest-stale", "urgent")]
