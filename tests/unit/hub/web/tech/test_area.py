"""What holds for every page of the technician's area."""

import pytest

from hub.jobs import read_jobs
from support.accounts import OWN_PAGE, sign_in_as

PAGES = (
    "wifi",
    "content",
    "sync",
    "power",
    "backup",
    "logs",
    "logs.txt",
    "jobs",
    "do/restart",
    "do/power-off",
)
each_page = pytest.mark.parametrize("page", PAGES)


@each_page
def test_who_has_not_signed_in_is_led_to_the_form_and_back(portal, page):
    answer = portal.get(f"/tech/{page}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/signin?next=/tech/{page}"


@pytest.mark.parametrize("role", ["technician", "admin"])
def test_technician_and_administrator_see_it_and_no_cache_keeps_it(portal, paths, role):
    sign_in_as(portal, paths, role)
    answers = {page: portal.get(f"/tech/{page}") for page in PAGES}
    assert {page for page, answer in answers.items() if answer.status_code != 200} == set()
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"no-store"}


def test_it_is_in_ukrainian_or_english_with_the_ways_to_all_others(technician):
    technician.set_cookie("language", "pl")
    for page in sorted({*PAGES, "status"} - {"logs.txt"}):
        html = technician.get(f"/tech/{page}").text
        assert 'lang="en"' in html
        for other in ("status", "content", "sync", "wifi", "power", "backup", "logs"):
            assert f'href="/tech/{other}"' in html
        assert html.count('aria-current="page"') == (not page.startswith(("jobs", "do/"))), page


def test_nothing_is_asked_without_the_token_of_the_page(technician, paths):
    for name in ("sync", "restart", "check-again"):
        answer = technician.post(f"/tech/do/{name}", data={"sure": "1"}, headers=OWN_PAGE)
        assert answer.status_code == 400
    assert read_jobs(paths) == ()


def test_nothing_is_asked_in_the_name_of_a_page_elsewhere(technician, paths):
    answer = technician.post(
        "/tech/do/restart", data={"sure": "1"}, headers={"Origin": "http://localhost:8081"}
    )
    assert answer.status_code == 403
    assert read_jobs(paths) == ()


def test_the_front_page_leads_to_switching_off_and_that_to_the_sign_in_page(portal):
    assert 'href="/tech/do/power-off"' in portal.get("/").text
    assert 'href="/tech/do/power-off"' not in portal.get("/help").text
    assert portal.get("/tech/do/power-off").headers["Location"] == "/signin?next=/tech/do/power-off"
