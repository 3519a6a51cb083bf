from datetime import UTC, datetime

from content_packs.errors import LocalError, NotWritableError
from hub.cli.sync_report import render
from hub.sync.report import SyncReport
from hub.sync.reports import ReportsSent

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def told(capsys, source, warning):
    render(SyncReport(source, NOW, reports=ReportsSent(warning=warning)), dry_run=False, stick_days=14)
    return capsys.readouterr().err


def test_that_a_web_depot_takes_no_reports_is_no_warning(capsys):
    refusal = NotWritableError("depot: takes nothing", hint="Call the office.")
    assert told(capsys, "https://depot.example/", refusal) == ""
    assert "takes nothing" in told(capsys, "sftp://depot.example/", refusal)
    assert "disk" in told(capsys, "https://depot.example/", LocalError("disk: refuses"))
