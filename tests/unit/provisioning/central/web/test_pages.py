import csv
import io
import re
from datetime import UTC, datetime

import pytest

from provisioning.central.audit import list_entries
from provisioning.central.enrol import give_up_card
from provisioning.central.filters.tables import FilterTables
from provisioning.central.fleet import Assignment, open_fleet
from provisioning.central.fleetview.findings import FINDINGS
from provisioning.central.people import find_by_name, list_people
from provisioning.central.release import change
from provisioning.central.school_notes import list_notes
from provisioning.central.web.state_words import CODES
from support.office import new_key

PAGES = {
    "viewer": (
        *(
            "/",
            "/schools.csv",
            "/schools/h-1",
            "/alerts",
            "/alerts.csv",
            "/packs",
            "/packs/maths",
            "/rollouts",
        ),
        *("/reports", "/reports/{month}", "/reports/{month}.csv", "/schools/h-1/report/{month}", "/pending"),
        *("/account", "/filter", "/reports/{month}/paper?schools=1", "/schools/h-1/report/{month}/paper"),
    ),
    "publisher": (
        *("/packs/history/assign?ring=pilot", "/packs/maths/unassign?ring=pilot", "/packs/maths/2/withdraw"),
        *("/packs/history/rollout", "/packs/history/rollout?stages=pilot,all", "/publish"),
        "/filter/policy/new",
    ),
    "admin": ("/people", "/people/v-person", "/audit", "/schools/h-1/revoke"),
}
ROLES = tuple(PAGES)
FORMS = {
    "publisher": (
        *("/packs/history/assign", "/packs/maths/unassign", "/packs/maths/2/withdraw", "/publish"),
        *("/schools/h-1/notes", "/schools/h-1/assign", "/schools/h-1/quiet", "/packs/history/rollout"),
        *("/filter/policy", "/filter/answer"),
    ),
    "admin": ("/schools/h-1/revoke", "/schools/h-1/place", "/pending/approve", "/people"),
}


def assignments(work):
    with open_fleet(work.office.fleet_db) as fleet:
        return fleet.list_assignments()


def actions(work):
    return [(entry.who, entry.action) for entry in list_entries(work.office)]


@pytest.mark.parametrize("role", ROLES)
def test_each_sees_the_pages_of_their_role_and_no_others(as_role, work, role):
    browser = as_role(role)
    for owner, paths in PAGES.items():
        expected = 200 if ROLES.index(owner) <= ROLES.index(role) else 403
        for path in paths:
            assert browser.get(path.format(month=f"{work.now:%Y-%m}")).status_code == expected, path


@pytest.mark.parametrize("role", ROLES)
def test_nobody_does_what_is_not_theirs(as_role, work, role):
    before = assignments(work)
    for owner, paths in FORMS.items():
        if ROLES.index(owner) > ROLES.index(role):
            for path in paths:
                assert as_role(role).post(path).status_code == 403, path
    assert assignments(work) == before
    assert actions(work) == []


def test_an_office_without_schools_and_packs_has_every_page(tmp_path):
    from provisioning.central.people import add_person
    from provisioning.central.web.app import create_dashboard
    from provisioning.central.web.dashboard import Dashboard
    from support.office import OfficeAtWork

    work = OfficeAtWork.found(tmp_path / "office")
    person = add_person(work.office, "olena", role="admin", password=None, now=work.now)
    client = create_dashboard(Dashboard(work.office)).test_client()
    with client.session_transaction() as session:
        session["person"], session["version"] = person.id, person.session_version
    month = f"{datetime.now(UTC):%Y-%m}"
    own = ("/schools/", "/packs/", "/people/")
    paths = [
        path.format(month=month) for paths in PAGES.values() for path in paths if not path.startswith(own)
    ]
    for path in (*paths, "/?page=2&q=x", f"/reports/{month}/paper"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "None" not in page.text.replace("'none'", ""), path


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/schools/h-9",
        "/packs/nope",
        "/packs/maths/9/withdraw",
        "/packs/nope/rollout",
        "/rollouts/7",
        "/people/x",
    ],
)
def test_what_is_not_there_is_said(as_role, path):
    assert as_role("admin").get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/packs/maths/assign?ring=PILOT", "/packs/maths/assign", "/packs/maths/assign?ring=a&priority=x"),
        *("/packs/maths/assign?ring=all&version=9", "/packs/history/rollout?stages=,", "/reports/2026-13"),
        *("/packs/maths/assign?hub=h-9", "/reports/2999-01"),
    ],
)
def test_what_makes_no_sense_is_explained(as_role, path):
    page = as_role("publisher").get(path, headers={"Accept-Language": "en"})
    assert page.status_code == 422
    assert "This was not done" in page.text


def test_a_name_is_text_on_every_page_and_no_formula_in_a_table(as_role, work):
    name = "=<script>alert(1)</script>"
    with open_fleet(work.office.fleet_db) as fleet:
        [hub, *_] = fleet.list_hubs()
    from dataclasses import replace

    change(work.office, lambda fleet: fleet.save_hub(replace(hub, school=name)), doing="test", now=work.now)
    browser = as_role("admin")
    for path in (
        "/",
        "/schools/h-1",
        "/packs/history",
        "/alerts",
        f"/reports/{work.now:%Y-%m}",
        f"/reports/{work.now:%Y-%m}/paper?schools=1",
        "/schools/h-1/revoke",
    ):
        assert "<script" not in browser.get(path).text, path
    for path in ("/schools.csv", f"/reports/{work.now:%Y-%m}.csv"):
        cells = [cell for row in csv.reader(io.StringIO(browser.get(path).text)) for cell in row]
        assert f"'{name}" in cells
        assert not [cell for cell in cells if cell.startswith("=")]


def test_schools_are_found_by_name_state_ring_and_pack(as_role):
    def found(query):
        return set(re.findall(r'/schools/(h-\d)"', as_role("viewer").get(f"/?{query}").text))

    assert found("") == {"h-1", "h-2", "h-3"}
    assert found("ring=pilot") == found("pack=maths") == {"h-2", "h-3"}
    assert found("q=h-3 школа") == {"h-3"}
    assert found("state=ok") == set()
    assert found("page=99") == {"h-1", "h-2", "h-3"}


def test_a_pack_is_assigned_after_a_look_and_taken_back(as_role, work):
    browser = as_role("publisher")
    assert "v1" in browser.get("/packs/history/assign?ring=pilot").text
    assert browser.post("/packs/history/assign", {"ring": "pilot", "priority": "5"}).status_code == 303
    assert Assignment("ring", "pilot", "history", None, 5) in assignments(work)
    assert browser.post("/packs/history/unassign", {"ring": "pilot"}).status_code == 303
    assert browser.post("/schools/h-1/assign", {"spec": "history"}).status_code == 303
    assert browser.post("/schools/h-1/unassign", {"pack": "history"}).status_code == 303
    assert [each.pack_id for each in assignments(work)] == ["maths"]
    assert actions(work) == [
        *(("p-person", "unassign"), ("p-person", "assign"), ("p-person", "unassign"), ("p-person", "assign"))
    ]
    assert "history" in browser.get("/packs/history").text


def test_a_version_is_withdrawn(as_role, work):
    assert as_role("publisher").post("/packs/maths/2/withdraw").status_code == 303
    with open_fleet(work.office.fleet_db) as fleet:
        assert [pack.name for pack in fleet.list_packs() if pack.withdrawn_at] == ["maths@2"]


def test_a_school_is_renamed_noted_about_and_revoked(as_role, work):
    browser = as_role("admin")
    assert (
        browser.post("/schools/h-2/place", {"school": "Ліцей «Промінь»", "ring": "wave-1"}).status_code == 303
    )
    assert browser.post("/schools/h-2/notes", {"text": "Дзвонили.\r\nПриїдуть."}).status_code == 303
    assert browser.post("/schools/h-2/notes", {"text": "  "}).status_code == 422
    page = browser.get("/schools/h-2").text
    assert "Ліцей «Промінь»" in page and "wave-1" in page and "Дзвонили." in page
    assert [(note.who, note.text) for note in list_notes(work.office, "h-2")] == [
        ("a-person", "Дзвонили.\nПриїдуть.")
    ]
    assert browser.post("/schools/h-2/revoke").status_code == 303
    assert browser.get("/schools/h-2").status_code == 404
    assert [action for _who, action in actions(work)] == ["revoke", "notes add", "enrol"]


def test_the_page_of_a_school_whose_card_is_replaced_has_no_key(as_role, work):
    work._change(lambda fleet: give_up_card(fleet, "h-2", now=work.now))
    browser = as_role("admin")
    assert browser.get("/schools/h-2").status_code == 200
    assert browser.post("/schools/h-2/place", {"school": "Ліцей", "ring": "pilot"}).status_code == 303
    assert "Ліцей" in browser.get("/schools/h-2").text


def test_a_hub_without_a_link_is_let_in_by_the_text_of_its_status(as_role, work):
    from hub.school.statusblock import StatusBlock, render_block, short_fingerprint

    browser = as_role("admin")
    assert browser.post("/pending/status", {"text": "hello"}).status_code == 422
    key = new_key()
    text = render_block(StatusBlock("h-new", key, short_fingerprint(key), "101", "Нова школа"))
    assert browser.post("/pending/status", {"text": text}).location == "/schools/h-new"
    assert "Нова школа" in browser.get("/schools/h-new").text


def test_while_another_command_is_at_it_nothing_is_done(as_role, work, monkeypatch):
    from content_packs.durable import locked

    monkeypatch.setattr("provisioning.central.office.PATIENCE_S", 0)
    browser = as_role("publisher")
    with locked(work.office.lock, doing="test"):
        sent = browser.post("/packs/history/assign", {"ring": "pilot"})
    assert sent.status_code == 409
    assert actions(work) == []


def test_a_rollout_begins_pauses_and_is_rolled_back(as_role, work):
    browser = as_role("publisher")
    begun = browser.post("/packs/history/rollout", {"stages": "pilot,all"})
    assert begun.location == "/rollouts/1"
    assert "h-2" in browser.get("/rollouts/1").text
    assert "h-2" in browser.get("/rollouts/1.csv").text
    for action in ("pause", "resume", "roll-back"):
        assert browser.get(f"/rollouts/1/{action}").status_code == 200
        assert browser.post(f"/rollouts/1/{action}").status_code == 303
    assert browser.get("/rollouts/1/explode").status_code == 404
    assert browser.post("/rollouts/1/pause").status_code == 422
    assert browser.get("/rollouts").status_code == 200
    assert [action for _who, action in actions(work)][::-1] == [
        *("rollout start", "rollout pause", "rollout resume", "rollout roll-back")
    ]


def test_an_alert_is_taken_note_of_and_shown_again(as_role):
    browser = as_role("publisher")
    browser.post("/schools/h-1/quiet", {"code": "under-voltage", "note": "Блок живлення їде.", "days": "7"})
    assert browser.post("/schools/h-1/quiet", {"code": "under-voltage", "undo": "1"}).status_code == 303
    assert (
        browser.post("/schools/h-1/quiet", {"code": "under-voltage", "note": "x" * 3000}).status_code == 422
    )


def test_a_filter_is_set_and_an_appeal_answered(as_role, work):
    browser = as_role("publisher")
    form = {"name": "primary", "block": ["adult", "ads"], "lesson_block": "games", "safe_search": "1"}
    assert browser.post("/filter/policy", form).status_code == 422  # when are lessons?
    assert browser.post("/filter/policy", {**form, "lesson_time": "mon-fri 08:30-15:00"}).status_code == 303
    page = browser.get("/filter/policy/primary").text
    assert re.findall(r'value="(\w+)" checked', page) == ["adult", "ads", "games", "1"]
    assert browser.get("/filter/policy/nope").status_code == 404
    assert browser.post("/filter/answer", {"name": "wiki.example", "verdict": "allow"}).status_code == 303
    assert browser.post("/filter/answer", {"name": "not a name"}).status_code == 422
    with open_fleet(work.office.fleet_db) as fleet:
        [policy] = FilterTables(fleet).list_policies()
        [answer] = FilterTables(fleet).list_answers()
    assert (policy.block, policy.lesson_block, answer.verdict) == (("adult", "ads"), ("games",), "allow")
    assert actions(work) == [("p-person", "filter answer"), ("p-person", "filter policy set")]


def test_an_administrator_adds_people_by_a_link_and_with_their_own_password(as_role, work):
    browser = as_role("admin")
    form = {"name": "petro", "role": "viewer"}
    assert browser.post("/people", form).status_code == 422
    added = browser.post("/people", {**form, "own": "three red horses"})
    [link] = re.findall(r"http://localhost(/link/[\w-]+)", added.text)
    assert browser.get(link).status_code == 200
    own = {"own": "three red horses"}
    assert browser.post("/people/petro/role", {**own, "role": "publisher"}).status_code == 303
    assert find_by_name(work.office, "petro").role == "publisher"
    assert "/link/" in browser.post("/people/petro/link", own).text
    assert browser.post("/people/petro/remove", own).status_code == 303
    assert "petro" not in [person.name for person in list_people(work.office)]
    assert browser.get("/people/a-person").status_code == 404
    assert [action for _who, action in actions(work)][::-1] == [
        *("people add", "people role", "people link", "people remove")
    ]


def test_a_new_password_signs_out_the_other_browsers(as_role):
    here, there = as_role("viewer"), as_role("viewer")
    form = {"own": "three red horses", "password": "four blue horses", "again": "four blue horses"}
    assert here.post("/account/password", {**form, "own": "wrong"}).status_code == 422
    assert here.post("/account/password", {**form, "again": "other"}).status_code == 422
    assert here.post("/account/password", form).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert here.post("/account/sign-out").status_code == 303
    assert here.get("/account").status_code == 200


def test_the_language_is_the_chosen_one_else_the_browsers(browser):
    assert 'lang="uk"' in browser.get("/signin").text
    assert 'lang="en"' in browser.get("/signin", headers={"Accept-Language": "de, en;q=0.5"}).text
    assert browser.post("/language/en", {"next": "/signin"}).location == "/signin"
    assert 'lang="en"' in browser.get("/signin", headers={"Accept-Language": "uk"}).text
    assert browser.post("/language/ru").status_code == 404


def test_what_a_machine_tells_of_has_a_short_name_for_reports():
    assert {alert.code for alert in FINDINGS.values()} <= {*CODES}
