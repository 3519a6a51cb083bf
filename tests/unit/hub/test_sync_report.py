"""What `hub sync` says to a person."""

from datetime import UTC, datetime

import pytest

from hub.cli.sync_report import render
from hub.sync.report import SyncReport
from hub.uplink.eta import Outlook
from hub.uplink.limits import Limits, Moment, Spent
from hub.uplink.words import eta_text

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def said(capsys):
    """Render a report; return what stands on stdout."""

    def render_it(source, *, dry_run=False, **values):
        render(SyncReport(str(source), NOW, **values), dry_run=dry_run, stick_days=7)
        return capsys.readouterr().out

    return render_it


def test_a_dry_run_from_a_folder_says_that_no_limit_holds(said, tmp_path):
    assert "quiet hours and budgets do not hold" in said(tmp_path, dry_run=True)
    assert "quiet hours" not in said("sftp://hub@depot/", dry_run=True)


@pytest.mark.parametrize(
    ("neighbours", "told"),
    [
        (0, "17.4 kB received."),
        (400, "17.4 kB received, 400 B of it from neighbours."),
        (17_400, "17.4 kB received, all of it from neighbours."),
    ],
)
def test_what_neighbours_gave_is_told_in_a_sentence(said, tmp_path, neighbours, told):
    assert said(tmp_path, received_bytes=17_400, neighbour_bytes=neighbours).endswith(f"0 failed, {told}\n")


@pytest.mark.parametrize(
    ("size_bytes", "told"),
    [(1000, "less than a minute at 8.0 Mbit/s"), (600_000_000, "about 10 min at 8.0 Mbit/s")],
)
def test_a_time_is_said_in_english(size_bytes, told):
    known = Outlook(1_000_000, Limits(), Spent(0, 0, 0), Moment(NOW, is_known=True))
    assert eta_text(size_bytes, known, stick_days=7) == told
