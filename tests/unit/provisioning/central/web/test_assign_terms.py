"""The form that assigns a pack takes hours and a budget as the command line does, shown before and kept."""

import re

import pytest

from provisioning.central.fleet import open_fleet

TERMS = {"ring": "pilot", "quiet_hours": "08:00-15:00", "day_mb": "50"}


def test_terms_of_an_assignment_pass_the_preview_and_stand_on_the_page(as_role, work):
    browser = as_role("publisher")
    assert 'name="quiet_hours"' in browser.get("/packs/history").text
    preview = browser.get("/packs/history/assign", query_string=TERMS).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', preview))
    assert browser.post("/packs/history/assign", hidden).status_code == 303
    with open_fleet(work.office.fleet_db) as fleet:
        [kept] = [a for a in fleet.list_assignments() if a.pack_id == "history"]
    assert (kept.quiet_hours, kept.day_mb) == ("08:00-15:00", 50)
    assert "08:00-15:00" in browser.get("/packs/history").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_hours": "8-15"},
        *({"day_mb": text} for text in ("-1", "x", "²", "9999999")),
        *({"priority": text} for text in ("10", "-99", "--", "x")),
    ],
)
def test_terms_that_are_none_are_refused(as_role, wrong):
    answer = as_role("publisher").get("/packs/history/assign", query_string=TERMS | wrong)
    assert answer.status_code == 422
    assert "expected" in answer.text
