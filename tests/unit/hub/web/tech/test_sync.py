from contextlib import closing

from hub.db import open_db


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
    assert 'action="/tech/do/sync"' in page
    job_id = end_job("000001-sync", "running")
    page = technician.get("/tech/sync").text
    assert f'href="/tech/jobs/{job_id}"' in page
    assert 'action="/tech/do/sync"' not in page
