"""A hub whose key is in wrong hands says whatever it likes: the office goes on, for it and all others."""

import csv
import io
import os
from datetime import timedelta

import pytest

from content_packs.segment import MAX_NUMBER, SeqRange, name_segment, seal
from hub.events import Event, HealthBody, UpdateBody, body_of, encode_event
from provisioning.central.fleetview.csvtext import csv_text
from provisioning.central.fleetview.fleet import read_schools
from provisioning.central.fleetview.month import Month, read_month
from provisioning.central.people import add_person, find_by_name
from provisioning.central.reports import open_reports
from provisioning.central.tallies import MOST_OPENS
from provisioning.central.web.app import create_dashboard
from provisioning.central.web.dashboard import Dashboard
from support.office import HUB, NOW, OfficeAtWork
from support.reporting import BOOT, Reporting, found_office, told

STREAM = "20211120120000-0123456789abcdef"
TODAY = NOW.date().isoformat()
FIRST, LAST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
EVIL = '=cmd()|"<script>alert(1)</script>'
HEALTH = body_of(HealthBody(0, MAX_NUMBER, MAX_NUMBER, LAST, FIRST, EVIL, MAX_NUMBER, MAX_NUMBER, "f" * 2000))
SYNC = body_of(told(EVIL)) | {"received_bytes": MAX_NUMBER, "sent_bytes": MAX_NUMBER}
QUIET = {f"x{number}": MAX_NUMBER for number in range(2000)}
PAGES = (
    *("/", "/schools.csv", f"/schools/{HUB}", "/alerts", "/alerts.csv", "/reports/2021-11"),
    *("/reports/2021-11.csv", f"/schools/{HUB}/report/2021-11", "/filter"),
    *("/reports/2021-11/paper?schools=1", f"/schools/{HUB}/report/2021-11/paper"),
)


def usage(packs, opens, day=TODAY):
    return "usage", {"day": day, "opens": {f"p-{number}": opens for number in range(packs)}}


SAID = {
    "counts whose sum is too large": [(*usage(1500, MAX_NUMBER), TODAY + "T12:00:00+00:00")],
    "the same number often": [(*usage(1, MAX_NUMBER), LAST), ("sync", SYNC, LAST)] * 600,
    "a sum of quiet syncs": [("sync", SYNC | {"quiet": QUIET, "quiet_bytes": MAX_NUMBER}, LAST)] * 3,
    "the first day": [(kind, body, FIRST) for kind, body in (("health", HEALTH), ("sync", SYNC))],
    "the last day": [
        ("health", HEALTH | {"findings": {EVIL: "attention"}}, LAST),
        ("sync", SYNC | {"result": EVIL, "failed": {"maths@1": EVIL}}, LAST),
        ("update", body_of(UpdateBody(EVIL, {EVIL: "failed"}, {EVIL: EVIL})), LAST),
        (*usage(2, 5, "9999-12-31"), LAST),
    ],
}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    made = found_office(tmp_path_factory.mktemp("office") / "central", HUB, "h-2")
    add_person(made, "olena", role="admin", password="three red horses", now=NOW)
    return made


@pytest.fixture(autouse=True)
def on_that_day(monkeypatch):
    """The month is not forgotten yet."""
    monkeypatch.setattr("provisioning.central.web.reports.now", lambda: NOW)


@pytest.fixture
def reporting(office, tmp_path):
    return Reporting(OfficeAtWork(office).copy(tmp_path / "central").office, tmp_path / "hub")


def leave(reporting, hub_id, said):
    """Leave reports that no hub of ours would make."""
    events = [Event(STREAM, seq, BOOT, at, kind, body) for seq, (kind, body, at) in enumerate(said, 1)]
    for start in range(0, len(events), 200):
        lines = [encode_event(event) for event in events[start : start + 200]]
        data = seal(hub_id, SeqRange(STREAM, 0, len(events)), lines, reporting.seal_key, "0" * 32)
        (reporting.office.depot / "inbox" / hub_id / name_segment(data)).write_bytes(data)
    return len(events)


def browse(office):
    """Return the dashboard as an administrator has it."""
    client = create_dashboard(Dashboard(office)).test_client()
    person = find_by_name(office, "olena")
    with client.session_transaction() as session:
        session["person"], session["version"] = person.id, person.session_version
    return client


@pytest.mark.parametrize("case", SAID)
def test_what_a_hub_says_stops_neither_reports_nor_pages(reporting, case):
    count = leave(reporting, HUB, SAID[case])
    leave(reporting, "h-2", [(*usage(1, 10), NOW.isoformat())])
    assert [(taken.events, taken.refused) for taken in reporting.ingest()] == [(count, []), (1, [])]
    client = browse(reporting.office)
    for path in PAGES:
        page = client.get(path)
        assert page.status_code == 200, path
        if path.endswith(".csv"):
            cells = [cell for row in csv.reader(io.StringIO(page.text)) for cell in row]
            assert not [cell for cell in cells if cell.startswith("=")]
        else:
            assert "<script" not in page.text, path


@pytest.mark.parametrize("heat", [1e308, -1e308, 10**400])
def test_a_number_that_no_page_can_write_is_refused_alone(reporting, heat):
    said = [("health", HEALTH | {"temperature_c": heat}, LAST), (*usage(1, 10), LAST)]
    leave(reporting, HUB, said)
    [taken] = reporting.ingest()
    assert taken.events == 1
    assert "temperature_c: expected a number" in taken.refused[0]


def test_many_huge_days_become_a_month(reporting):
    days = [NOW - timedelta(days=150 + number % 20) for number in range(60)]
    leave(reporting, HUB, [(*usage(30, MAX_NUMBER, f"{day:%Y-%m-%d}"), NOW.isoformat()) for day in days])
    assert [taken.events for taken in reporting.ingest()] == [60]
    with open_reports(reporting.office.reports_db) as reports:
        found = reports.tallies.list_opens(HUB, days[-1].date().replace(day=1), NOW.date())
    assert found
    assert all(isinstance(opens, int) for _, _, opens in found)


@pytest.mark.parametrize(
    ("told", "counted", "is_said"),
    [
        ([10**6], MOST_OPENS, True),
        ([MOST_OPENS - 5, 5, 5], MOST_OPENS, True),
        ([MOST_OPENS - 5], MOST_OPENS - 5, False),
    ],
)
def test_more_use_than_there_can_be_is_not_counted_and_is_said(reporting, told, counted, is_said):
    leave(reporting, HUB, [(*usage(1, opens), LAST) for opens in told])
    reporting.ingest()
    now = reporting.now
    [school] = read_month(reporting.office, Month.of(now.date()), now=now, hub_id=HUB).schools
    assert school.opens == {"p-0": counted}
    found = [alert for alert in school.to_do if alert.code == "too-many-opens"]
    assert [(alert.level, "central replace" in alert.advice) for alert in found] == [("info", True)] * is_said
    reporting.now += timedelta(days=31)
    reporting.ingest()
    [later] = read_schools(reporting.office, reporting.now, only=HUB)
    assert "too-many-opens" not in {alert.code for alert in later.reasons}


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\u200b", "\t"])
def test_no_blank_hides_a_formula_from_us(blank):
    [_, [cell]] = csv.reader(io.StringIO(csv_text(["a"], [(f"{blank}=cmd()",)])))
    assert cell == "' =cmd()"


@pytest.mark.parametrize("sign", "=+-@|%＝＋－＠")
def test_no_sign_begins_a_formula(sign):
    [_, row] = csv.reader(io.StringIO(csv_text(["a", "b"], [(f"{sign}cmd()", f"a;{sign}cmd()")])))
    assert row == [f"'{sign}cmd()", f"a;'{sign}cmd()"]


def test_what_nobody_goes_on_writing_is_swept_away_and_counts_no_more(reporting):
    old, new = reporting.inbox / ".old.tmp", reporting.inbox / ".new.tmp"
    for path, age in ((old, timedelta(hours=25)), (new, timedelta(hours=23))):
        path.write_bytes(b"half")
        at = (NOW - age).timestamp()
        os.utime(path, (at, at))
    (reporting.inbox / ".folder").mkdir()
    reporting.ingest()
    assert (old.exists(), new.exists()) == (False, True)
