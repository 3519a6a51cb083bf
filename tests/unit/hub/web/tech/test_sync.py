from contextlib import closing

import segno

from content_packs.enrolment import make_token
from hub.db import open_db
from hub.school.statusblock import parse_block, short_fingerprint
from support.office import new_key


def test_the_last_syncs_the_queue_and_the_limits_stand_there(technician, paths, end_job):
    technician.set_cookie("language", "en")
    paths.dir.mkdir(parents=True, exist_ok=True)
    paths.settings.write_text(
        'hub_id = "h-1"\ndepot_url = "/d"\n[sync]\nquiet_hours = "08:00-15:00"\nday_mb = 50\n'
    )
    with closing(open_db(paths.db)) as db:
        table = db.table("sync_runs")
        table.insert(
            {"finished_at": "2025-11-22T12:00:00+00:00", "result": "ok", "received_bytes": 2_000_000}
        )
        table.insert({"finished_at": "2025-11-23T12:00:00+00:00", "result": "link-down", "message": "<i>cut"})
    page = technician.get("/tech/sync").text
    assert "22 Nov 2025" in page.partition("Last reached the office")[2].partition("</div>")[0]
    assert "08:00-15:00" in page
    assert "at most 50 MB" in page
    assert "&lt;i&gt;cut" in page
    assert "The office cannot be reached now." in page
    assert "link-down" not in page
    assert 'action="/tech/do/sync"' in page
    job_id = end_job("000001-sync", "running")
    page = technician.get("/tech/sync").text
    assert f'href="/tech/jobs/{job_id}"' in page
    assert 'action="/tech/do/sync"' not in page


def test_a_hub_that_waits_to_be_let_in_shows_the_office_who_it_is(technician, paths, monkeypatch):
    technician.set_cookie("language", "en")
    assert "QR code for the office" not in technician.get("/tech/sync").text
    paths.key.parent.mkdir(parents=True, exist_ok=True)
    key = new_key()
    paths.key.with_suffix(".pub").write_text(f"{key} hub\n")
    paths.enrol_token.write_text(make_token())
    coded = []
    real = segno.make
    monkeypatch.setattr(segno, "make", lambda text, **options: coded.append(text) or real(text, **options))
    page = technician.get("/tech/sync").text
    assert "QR code for the office" in page
    assert short_fingerprint(key) in page
    block = parse_block(coded[-1].encode())
    assert block.public_key == key
    paths.key.with_suffix(".pub").unlink()
    assert technician.get("/tech/sync").status_code == 200
