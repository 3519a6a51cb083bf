import json
import os

import pytest

from content_packs import errors
from hub.clock import read_boot_id
from hub.jobs import ask
from hub.web.tech.faults import FAULTS

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def english(technician):
    technician.set_cookie("language", "en")
    return technician


def test_a_page_looks_again_by_itself_until_the_job_has_ended(english, paths, end_job):
    job_id = ask(paths, "sync")
    page = english.get(f"/tech/jobs/{job_id}").text
    assert '<meta http-equiv="refresh"' in page
    assert "it begins in a moment" in page
    end_job(job_id, "running")
    paths.run.mkdir(exist_ok=True)
    state = {"pid": os.getpid(), "boot": read_boot_id(), "id": job_id, "progress": 0.25}
    (paths.run / "job.json").write_text(json.dumps(state))
    page = english.get(f"/tech/jobs/{job_id}").text
    assert '<meta http-equiv="refresh"' in page
    assert "25 %" in page
    end_job(job_id, "done", message="Received: %(received_bytes)s.", result={"received_bytes": 2_500_000})
    page = english.get(f"/tech/jobs/{job_id}").text
    assert "refresh" not in page
    assert "Received: 2.5\u00a0MB." in page


def test_a_job_that_failed_says_what_to_do_next(english, end_job):
    job_id = end_job(
        "000001-sync", "failed", message="It did not work: %(error)s.", hint="%(advice)s",
        result={"error": "no link", "advice": "Check the modem."},
    )  # fmt: skip
    page = english.get(f"/tech/jobs/{job_id}").text
    assert "It did not work: no link." in page
    assert "Check the modem." in page


def test_what_a_file_says_is_text_and_never_an_error(english, end_job):
    for message in (MARKUP, "%(missing)s", "%d", "100 %"):
        said = {"message": message, "hint": message, "asked_at": MARKUP, "result": {"x": MARKUP}}
        job_id = end_job("000001-sync", "failed", **said)
        for page in (f"jobs/{job_id}", "jobs", "logs"):
            answer = english.get(f"/tech/{page}")
            assert answer.status_code == 200
            assert MARKUP not in answer.text


def test_a_job_that_is_not_there_is_no_page(english):
    for job_id in ("000001-sync", "x", "..%2f..%2fetc%2fpasswd", "000001-sync.json"):
        assert english.get(f"/tech/jobs/{job_id}").status_code == 404


def test_what_was_asked_is_listed_the_newest_first(english, end_job):
    end_job("000001-sync", "failed")
    end_job("000002-backup", "done")
    page = english.get("/tech/jobs").text
    assert page.index("000002-backup") < page.index("000001-sync")


def test_why_it_failed_is_said_in_words_of_ours_and_the_error_keeps_its_own(english, end_job):
    job_id = end_job(
        "000001-sync", "failed", message="It did not work: %(error)s.", hint="%(advice)s",
        result={"error": "depot.example: no answer", "advice": "Try later.", "code": "link-down"},
    )  # fmt: skip
    page = english.get(f"/tech/jobs/{job_id}").text

    assert "The office cannot be reached now." in page
    assert "Look whether the cable, modem or phone has Internet." in page
    assert '<p class="count" lang="en">depot.example: no answer</p>' in page


def test_each_code_that_has_words_is_one_that_an_error_has():
    known = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}

    assert set(FAULTS) <= known
