"""The clock of the office's machine leaps, as after a dead battery: nothing is lost, and silence is told."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from content_packs.errors import LocalError
from provisioning.central.cli import cli
from provisioning.central.commands import gc
from provisioning.central.commands import reports as command
from provisioning.central.fleetview.fleet import read_schools
from support.reporting import Reporting, found_office, told

DAY = timedelta(days=1)


@pytest.fixture
def reporting(tmp_path):
    """One that has reported each day for a week."""
    reporting = Reporting(found_office(tmp_path / "central"), tmp_path / "hub")
    for number in range(7):
        reporting.now += DAY
        tell(reporting, str(number))
        reporting.ingest()
    return reporting


def tell(reporting, text):
    reporting.say(told(text))
    reporting.send()


def run(reporting, monkeypatch, leap, *more):
    monkeypatch.setattr(command, "now", lambda: reporting.now + leap)
    return CliRunner().invoke(cli, ["--dir", str(reporting.office.dir), "ingest", *more])


@pytest.mark.parametrize("leap", [3650 * DAY, -3650 * DAY], ids=["2031", "2011"])
def test_by_a_clock_that_has_leapt_nothing_is_taken_in_and_nothing_forgotten(reporting, monkeypatch, leap):
    tell(reporting, "eight")
    refused = run(reporting, monkeypatch, leap)
    assert isinstance(refused.exception, LocalError)
    assert "--clock-is-right" in refused.exception.hint
    assert run(reporting, monkeypatch, DAY).exit_code == 0
    assert reporting.known() == [*map(str, range(7)), "eight"]


def test_by_a_clock_that_has_leapt_nothing_is_garbage(reporting, monkeypatch):
    monkeypatch.setattr(gc, "now", lambda: reporting.now + 3650 * DAY)
    refused = CliRunner().invoke(cli, ["--dir", str(reporting.office.dir), "gc"])
    assert isinstance(refused.exception, LocalError)
    assert reporting.known() == [*map(str, range(7))]


def test_after_half_a_year_somebody_says_that_the_clock_is_right(reporting, monkeypatch):
    tell(reporting, "eight")
    assert run(reporting, monkeypatch, 200 * DAY).exit_code == 1
    assert run(reporting, monkeypatch, 200 * DAY, "--clock-is-right").exit_code == 0
    assert run(reporting, monkeypatch, 201 * DAY).exit_code == 0
    assert reporting.known()[-1] == "eight"


def test_what_came_by_a_clock_ahead_does_not_hide_silence(reporting):
    right = reporting.now
    reporting.now += 100 * DAY
    tell(reporting, "ahead")
    reporting.ingest()
    reporting.now = right + DAY
    reporting.ingest()
    reporting.now += 30 * DAY
    reporting.ingest()
    [view] = read_schools(reporting.office, reporting.now)
    assert view.state == "overdue"
    assert view.heard_at[:10] == f"{right + DAY:%Y-%m-%d}"
