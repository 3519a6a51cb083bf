from contextlib import closing

import pytest

from hub.db import open_db
from hub.web.tech.logs import Entry, filter_entries


@pytest.fixture
def with_faults(technician, paths, end_job):
    paths.dir.mkdir(parents=True, exist_ok=True)
    with closing(open_db(paths.db)) as db:
        run = {"finished_at": "2026-11-22T12:00:00+00:00", "source": "/d", "result": "link-down"}
        db.table("sync_runs").insert(run | {"message": "sftp://d: cut", "hint": "Check the <b>modem</b>."})
    end_job("000001-backup", "failed", message="The stick is full.")
    technician.set_cookie("language", "en")
    return technician


def test_what_failed_stands_there_the_newest_first(with_faults):
    page = with_faults.get("/tech/logs").text
    assert page.index("The stick is full.") < page.index("sftp://d: cut")
    assert "<b>modem" not in page
    assert "<svg" in page.partition("QR code of the newest entry")[2]
    text = with_faults.get("/tech/logs.txt")
    assert text.headers["Content-Disposition"].startswith("attachment")
    assert "link-down: sftp://d: cut" in text.text


def test_it_is_narrowed_by_words_and_part(with_faults):
    assert "The stick is full." not in with_faults.get("/tech/logs?q=CUT").text
    assert "sftp://d: cut" not in with_faults.get("/tech/logs?part=backup").text
    assert "Nothing like that went wrong" in with_faults.get("/tech/logs?q=%3Cscript%3E").text


def test_words_are_found_in_any_order_and_case():
    entries = [Entry("2026", "sync", "link-down", "Зв'язок обірвано"), Entry("2025", "backup", "failed", "x")]
    assert filter_entries(entries, "ОБІРВАНО link", "") == entries[:1]
    assert filter_entries(entries, "", "backup") == entries[1:]


def test_the_support_file_comes_from_its_job_and_from_its_folder_only(technician, paths, end_job):
    (paths.dir / "support").mkdir(parents=True)
    (paths.dir / "support" / "support-1.zip").write_bytes(b"PK")
    (paths.dir / "secret").write_bytes(b"no")
    good = end_job("000001-support-file", "done", result={"file": "support-1.zip"})
    with technician.get(f"/tech/support-file/{good}") as answer:
        assert answer.data == b"PK"
        assert answer.headers["Content-Disposition"].startswith("attachment")
    for number, file in enumerate(("../secret", "/etc/passwd", "", ".", ".."), 2):
        job_id = end_job(f"00000{number}-support-file", "done", result={"file": file})
        assert technician.get(f"/tech/support-file/{job_id}").status_code == 404
    other = end_job("000009-sync", "done", result={"file": "support-1.zip"})
    assert technician.get(f"/tech/support-file/{other}").status_code == 404
