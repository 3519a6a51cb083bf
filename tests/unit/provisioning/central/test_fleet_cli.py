"""`central fleet | school | alerts | report`, with an office that hubs have reported to."""

import ast
import csv
import fcntl
import io
import json
import os
import re
import struct
import termios
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from content_packs.errors import UsageError
from hub.events import HealthBody, PacksBody, UsageBody
from provisioning.central.cli import cli
from provisioning.central.commands.layout import find_width
from provisioning.central.enrol import give_up_card
from provisioning.central.fleet import Card, open_fleet
from provisioning.central.fleetview import findings, mutes, signs, view
from provisioning.central.fleetview.csvtext import BOM, csv_text
from provisioning.central.fleetview.month import Month, read_month
from provisioning.central.office import Office
from provisioning.central.people import add_person
from provisioning.central.web.app import create_dashboard
from provisioning.central.web.dashboard import Dashboard
from support.office import OfficeAtWork, new_key
from support.reporting import Reporting, told

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WEAK = HealthBody(60 * 10**9, 64 * 10**9, 3600, "", (NOW - 40 * DAY).isoformat(), "1.0.0", 3, 61.0, "0x1")


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """Three schools: one reports daily and is weak, one has fallen silent, one never spoke."""
    work = OfficeAtWork.found(tmp_path_factory.mktemp("office") / "central", now=NOW - 40 * DAY)
    work.publish(work.build("maths", 1), work.build("maths", 2))
    for hub_id in ("h-1", "h-2", "h-3"):
        work.enrol(hub_id)
    work.assign("maths", ring="all")
    hubs = {
        hub_id: Reporting(work.office, work.office.dir.parent / hub_id, hub_id) for hub_id in ("h-1", "h-2")
    }
    for age in range(30, -1, -1):
        for hub_id, hub in hubs.items():
            hub.now = NOW - age * DAY
            if hub_id == "h-2" and age < 10:
                continue
            day = UsageBody((hub.now - DAY).date().isoformat(), {"maths": 10})
            throttled = "0x1" if hub_id == "h-1" else "0x0"
            health = replace(WEAK, boots=40 - age, throttled=throttled, clock=hub.now.isoformat())
            done = ["install maths@1"] if age == 20 else []
            sync = replace(told("x"), received_bytes=2_000_000, done=done, finished_at=hub.now.isoformat())
            hub.say(sync, PacksBody({"maths": 1}, {"maths": 2}, {}, {}, {}), health, day)
            hub.send()
            hub.ingest()
    return work


@pytest.fixture
def central(first_day, tmp_path, monkeypatch):
    office = first_day.copy(tmp_path / "central").office
    for module in ("commands.fleet", "commands.alerts", "commands.month", "web.reports"):
        monkeypatch.setattr(f"provisioning.central.{module}.now", lambda: NOW + timedelta(hours=1))

    def run(*words, code=0):
        ran = CliRunner().invoke(cli, ["--dir", str(office.dir), *words])
        if code == 0:
            assert ran.exception is None, ran.exception
            return json.loads(ran.stdout) if "--json" in words else ran.stdout
        assert isinstance(ran.exception, UsageError | SystemExit), ran.exception
        return str(ran.exception)

    return run


def test_the_table_has_the_worst_first_and_says_what_comes_next(central):
    header, *rows = central("fleet").splitlines()
    assert header.split()[:4] == ["SCHOOL", "SEEN", "VIA", "HEALTH"]
    assert [row.split("(")[1][:3] for row in rows] == ["h-2", "h-1", "h-3"]
    overdue, weak, never = rows
    assert "? overdue" in overdue
    assert overdue.endswith("call")
    assert "! under-voltage" in weak
    assert "0/1" in weak
    assert " 70 " in weak
    assert "? never" in never


FILTERS = [
    (["--overdue"], ["h-2"]),
    (["--needs-action"], ["h-2", "h-1", "h-3"]),
    (["--pack", "maths"], ["h-2", "h-1", "h-3"]),
    (["--pack", "other"], []),
    (["--ring", "pilot"], []),
]


@pytest.mark.parametrize(("words", "hubs"), FILTERS)
def test_filters(central, words, hubs):
    assert [hub["hub_id"] for hub in central("fleet", *words, "--json")["hubs"]] == hubs


def test_a_school_of_the_fleet_as_json(central):
    weak = central("fleet", "--json")["hubs"][1]
    assert (weak["state"], weak["via"], weak["usual_gap_s"], weak["use_7d"]) == (
        "attention",
        "link",
        86400,
        70,
    )
    assert weak["packs"] == [{"id": "maths", "want": 2, "have": 1, "state": "waiting"}]
    assert weak["bytes_left"] > 0
    [reason] = weak["reasons"]
    assert reason["code"] == "under-voltage"
    assert reason["since"] == (NOW - 30 * DAY).isoformat()
    assert "power supply" in reason["hint"]


def test_a_table_for_a_spreadsheet(central):
    rows = list(csv.DictReader(io.StringIO(central("fleet", "--csv"))))
    assert [row["hub_id"] for row in rows] == ["h-2", "h-1", "h-3"]
    assert rows[1]["reasons"] == "under-voltage"


def test_the_page_of_one_school_tells_its_history(central):
    text = central("school", "h-1")
    for words in (
        "under-voltage",
        "next: Replace its power supply",
        "contacts:",
        "syncs:",
        "health:",
        "opened:",
        "61 °C",
    ):
        assert words in text
    history = central("school", "h-1", "--json")
    assert len(history["contacts"]) == 31
    assert [sync["done"] for sync in history["syncs"] if sync["done"]] == [["install maths@1"]]
    assert history["opens"][0] == {"day": "2026-11-19", "pack": "maths", "opens": 10}
    assert "no such hub" in central("school", "h-9", code=64)


def test_alerts_are_listed_until_somebody_has_taken_note_of_them(central):
    def codes():
        listed = central("alerts", "--json")
        return [(a["hub_id"], a["code"]) for a in listed["alerts"]], [a["code"] for a in listed["muted"]]

    every = [("h-2", "overdue"), ("h-1", "under-voltage"), ("h-3", "never")]
    assert codes() == (every, [])
    assert "next: Call the school" in central("alerts")
    central("alerts", "ack", "under-voltage", "h-1", "--dry-run")
    assert codes() == (every, [])
    central("alerts", "ack", "under-voltage", "h-1", "--note", "a new supply is in the post")
    central("alerts", "ack", "overdue", "--all", "--until", "2026-12-31")
    assert codes() == ([("h-3", "never")], ["overdue", "under-voltage"])
    assert [hub["hub_id"] for hub in central("fleet", "--needs-action", "--json")["hubs"]] == ["h-3"]
    central("alerts", "ack", "overdue", "--all", "--undo")
    assert codes()[0][0] == ("h-2", "overdue")


def test_who_quietens_packs_that_fail_hears_of_the_next_one(central, tmp_path):
    work = OfficeAtWork(Office(tmp_path / "central"), NOW)
    work.publish(work.build("atlas", 1))
    work.assign("atlas", ring="all")

    def fail(*names):
        hub.say(replace(told("x"), failed=dict.fromkeys(names, "bad-index"), finished_at=hub.now.isoformat()))
        hub.send()
        hub.ingest()

    def heard():
        return [
            a["values"]["pack"] for a in central("alerts", "--json")["alerts"] if a["code"] == "pack-fails"
        ]

    hub = Reporting(work.office, tmp_path / "hub", "h-1")
    hub.now = NOW
    assert "no such alert now" in central("alerts", "ack", "pack-fails", "h-1", code=64)
    for _ in range(3):
        fail("maths@2")
    central("alerts", "ack", "pack-fails", "h-1")
    assert heard() == []
    for _ in range(3):
        fail("atlas@1")
    assert heard() == ["atlas@1"]
    ack = central("alerts", "ack", "pack-fails", "h-1", "--about", "atlas@1", "--json")
    assert (ack["about"], heard()) == (["atlas@1"], [])
    central("alerts", "ack", "pack-fails", "h-1", "--about", "maths@2", "--undo")
    assert heard() == ["maths@2"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["overdue"], "which school"),
        (["overdue", "h-1", "--all"], "which school"),
        (["overdue", "--all"], "until when"),
        (["overdue", "h-9"], "no such hub"),
        (["overdue", "h-1", "--until", "soon"], "expected a day"),
        (["overdue", "h-1", "--until", "2026-01-01"], "is past"),
        (["overdeu", "--all", "--until", "2026-12-31"], "no alert of a school is called so"),
        (["overdeu", "h-2"], "no alert of a school is called so"),
        (["overdue", "h-1"], "no such alert now"),
        (["pack-fails", "h-1", "--about", "maths@3"], "no such alert of maths@3 now"),
        (["overdue", "h-2", "--until", "2026-12-31", "--about", "maths@3"], "is about no version"),
        (["pack-fails", "--all", "--until", "2026-12-31", "--about", "a\x1b[2J"], "expected a version"),
        (["overdue", "h-2", "--note", "x" * 2001], "2000 characters"),
    ],
)
def test_what_cannot_be_taken_note_of(central, words, fault):
    assert fault in central("alerts", "ack", *words, code=64)


@pytest.mark.parametrize("words", [["overdue"], ["pack-fails", "--about", "maths@3"]])
def test_what_may_come_can_be_quiet_until_a_day(central, words):
    told = central("alerts", "ack", *words, "h-1", "--until", "2026-12-31", "--json")
    assert (told["about"], told["until"][:10]) == (words[2:], "2026-12-31")


def test_every_alert_of_a_school_can_be_taken_note_of():
    raised = {
        node.args[0].value
        for module in (signs, view, findings)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Alert"
        if isinstance(node.args[0], ast.Constant)
    }
    assert raised == mutes._CODES


def test_a_month_in_numbers(central):
    report = central("report", "2026-11", "--json")
    assert report["total"]["schools"] == 3
    assert report["total"]["silent"] == ["h-3"]
    first, second, _ = report["schools"]
    assert (first["days_in_contact"], first["syncs_ok"], first["received_bytes"]) == (20, 20, 40_000_000)
    assert first["opens"] == {"maths": 190}  # from the 1st to the 19th
    assert first["incidents"] == {"under-voltage": 20}
    assert first["starts"] == 19
    assert second["days_in_contact"] == 10
    assert central("report", "2026-10", "--json")["schools"][0]["installed"] == ["maths@1"]
    assert first["installed"] == []
    text = central("report", "2026-11")
    assert "in no contact: 1 school" in text
    assert "opened: 280" in text
    [row] = csv.DictReader(io.StringIO(central("report", "2026-11", "--hub", "h-2", "--csv")))
    assert (row["days_in_contact"], row["opens"]) == ("10", "90")


def test_the_report_on_paper_is_the_dashboards_and_has_the_numbers_of_the_table(central, tmp_path):
    def main(page):
        return re.sub(r'<p class="hint">.*?</p>', "", page[page.index("<main>") : page.index("</main>")])

    def sheets(*words, language="uk"):
        central("report", "2026-11", "--html", str(tmp_path / "r.html"), "--language", language, *words)
        page = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert not re.search(r"<link|<script|https?:", page), "it needs nothing but itself"
        return page

    office = Office(tmp_path / "central")
    person = add_person(office, "olena", role="viewer", password=None, now=NOW)
    client = create_dashboard(Dashboard(office)).test_client()
    with client.session_transaction() as session:
        session["person"], session["version"] = person.id, person.session_version
    for words, path in (
        ([], "/reports/2026-11/paper?schools=1"),
        (["--hub", "h-1"], "/schools/h-1/report/2026-11/paper"),
    ):
        for language in ("uk", "en"):
            page = client.get(path, headers={"Accept-Language": language}).text
            assert main(page) == main(sheets(*words, language=language))
    page = sheets()
    assert page.count('<section class="sheet') == 4
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page[page.index('class="schools"') :])
    printed = [re.findall(r"<td[^>]*>(.*?)</td>", cells)[:3] for _name, cells in rows[:3]]
    table = list(csv.DictReader(io.StringIO(central("report", "2026-11", "--csv"))))
    assert printed == [
        [row["days_in_contact"], f"{row['packs_current']}/{row['packs_wanted']}", row["opens"]]
        for row in table
    ]
    assert ["h-1" in name for name, _cells in rows[:3]] == [True, False, False], "namesakes are told apart"
    assert "брак живлення" in page


NO_MONTHS = [
    *(("2026-13", "expected a month"), ("x", "expected a month")),
    *(("2027-01", "has not begun"), ("2025-09", "is forgotten")),
]


@pytest.mark.parametrize(("month", "fault"), NO_MONTHS)
def test_what_is_no_month(central, month, fault):
    assert fault in central("report", month, code=64)


def test_a_month_of_a_year_ago_has_its_opens_though_its_days_are_folded(first_day, tmp_path):
    work = first_day.copy(tmp_path / "central")
    hub = Reporting(work.office, tmp_path / "hub", "h-1")
    hub.now = NOW + 300 * DAY
    hub.say(told("x"))
    hub.send()
    hub.ingest()
    report = read_month(work.office, Month(2026, 11), now=hub.now, hub_id="h-1")
    assert report.schools[0].opens == {"maths": 190}


NARROW = [["fleet"], ["school", "h-1"], ["alerts"], ["report", "2026-11"]]


@pytest.mark.parametrize("words", NARROW, ids=lambda words: words[0])
def test_on_a_phone_no_line_is_wider_than_the_screen_and_nothing_is_lost(central, monkeypatch, words):
    whole = central(*words)
    monkeypatch.setenv("COLUMNS", "60")
    narrow = central(*words)
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, whole.splitlines()))
    shown = narrow.lower().split()
    assert [word for word in whole.lower().split() if word not in {*shown, "-", "school"}] == []


def test_a_terminal_has_its_own_width_and_a_pipe_none(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb"):
        monkeypatch.setattr("sys.stdout", terminal)
        assert find_width() == 60
    with open(os.devnull, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert find_width() is None


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "|cmd", "%0A"])
def test_a_name_that_a_spreadsheet_would_run_stays_a_name(name):
    [_, [cell, number]] = csv.reader(io.StringIO(csv_text(["a", "b"], [(name, -5)])))
    assert cell.startswith("'")
    assert number == "-5"


@pytest.mark.parametrize("name", ["Школа;=1+1", "a; @SUM(A1)", "b;;+1", ";-1", 'c";=1'])
def test_nor_does_one_that_separates_cells_by_semicolons(name):
    for line in csv_text(["a", "b"], [("h-1", name)]).splitlines():
        assert not [part for part in line.split(";") if part.lstrip(' "').startswith(("=", "+", "-", "@"))]


def test_cells_with_commas_quotes_and_lines_stay_one_cell():
    text = csv_text(["a"], [('Школа "Мрія", №1\r\nx',)], bom=True)
    assert text.startswith(BOM)
    assert list(csv.reader(io.StringIO(text[1:]))) == [["a"], ['Школа "Мрія", №1  x']]


def test_a_depot_that_is_a_folder_is_called_one_and_a_new_card_says_no_time(tmp_path, monkeypatch):
    work = OfficeAtWork.found(tmp_path / "central", now=NOW)
    work.enrol("h-1")
    hub = Reporting(work.office, tmp_path / "hub", "h-1")
    hub.now = NOW
    hub.say(replace(told("x"), road="folder"))
    hub.send()
    hub.ingest()
    monkeypatch.setattr("provisioning.central.commands.fleet.now", lambda: NOW + timedelta(hours=2))

    def school():
        ran = CliRunner().invoke(cli, ["--dir", str(work.office.dir), "school", "h-1"])
        assert ran.exception is None, ran.exception
        return ran.stdout

    assert " by folder, says 20" in school()
    assert "  folder  1 event" in school()
    work.now = NOW + timedelta(hours=1)
    work._change(lambda fleet: give_up_card(fleet, "h-1", now=work.now))
    [heard] = [line for line in school().splitlines() if "heard 20" in line]
    assert re.fullmatch(r"  heard [-0-9: ]{16} by link", heard)


def test_where_cards_wait_and_no_hub_is_in_the_way_leads_to_the_cards(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central", now=NOW)

    def says(command):
        return CliRunner().invoke(cli, ["--dir", str(work.office.dir), command]).stderr

    assert "central enrol HUB_ID" in says("fleet")
    with open_fleet(work.office.fleet_db) as fleet, fleet.transaction():
        fleet.save_card(Card("h-1", "12345678", "Школа", "all", NOW.isoformat(), NOW.isoformat(), new_key()))
    for command in ("fleet", "hubs"):
        assert "1 card made: central enrol --pending" in says(command)
