import json
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.db import open_db
from hub.history import LastPlan, PlannedPack, save_plan
from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.accounts import sign_in_as
from support.shelves import SETTINGS, put_lesson
from support.waiting import stay_within_a_day

PORTS = Ports(8080, 8081)


def test_says_in_words_how_the_hub_is_and_what_to_do(portal):
    page = portal.get("/tech/status").text
    assert "Потрібно щось зробити" in page
    assert "Ще не встановлено жодного пакета" in page
    assert "hub sync" in page


def test_worst_comes_first(portal, paths, scratch):
    put_lesson(paths, scratch)
    levels = [check["level"] for check in portal.get("/status.json").json["checks"]]
    order = ["broken", "attention", "note", "good"]
    assert levels == sorted(levels, key=order.index)


def test_a_damaged_database_is_named_with_its_cure(portal, paths):
    paths.dir.mkdir(parents=True)
    paths.db.write_bytes(b"this is no database" * 100)
    answer = portal.get("/tech/status")
    assert answer.status_code == 200
    assert "hub repair" in answer.text
    assert portal.get("/status.json").json["level"] == "broken"


def test_learners_see_no_depot_and_no_text_of_an_error(paths, scratch):
    put_lesson(paths, scratch)
    depot = "sftp://hub-7@depot.example/tree"
    with closing(open_db(paths.db)) as db:
        run = {"finished_at": "2026-11-22T12:00:00+00:00", "source": depot, "result": "link-down"}
        db.table("sync_runs").insert(run | {"message": f"{depot}: cut", "hint": "Check the modem."})
    client = create_portal(paths, replace(SETTINGS, depot_url=depot), ports=PORTS).test_client()
    page, for_programs = (client.get(address).text for address in ("/tech/status", "/status.json"))
    for answer in (page, for_programs):
        assert "depot.example" not in answer
        assert "hub-7" not in answer
    assert "link-down" in for_programs
    assert "Check the modem." in for_programs
    assert "зараз немає зв’язку з управлінням" in page
    assert "Перевірте, чи є інтернет" in page
    assert "link-down" not in page
    sign_in_as(client, paths)
    assert f"{depot}: cut Check the modem." in client.get("/tech/status").text


def test_a_card_s_status_names_no_command(portal, paths, monkeypatch):
    portal.set_cookie("language", "en")
    monkeypatch.setattr("hub.web.tech.words.is_card", lambda: True)
    page = portal.get("/tech/status").text
    assert "open “Lessons and sticks”" in page
    assert "<code>" not in page


def test_a_hub_without_accounts_leads_to_its_first_start(portal, paths):
    assert 'href="/start"' in portal.get("/tech/status").text
    sign_in_as(portal, paths)
    assert 'href="/start"' not in portal.get("/tech/status").text


def test_a_disk_that_cannot_be_read_is_a_line_of_the_page(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    client = create_portal(HubPaths(tmp_path / "file" / "hub"), SETTINGS, ports=PORTS).test_client()
    answer = client.get("/tech/status")
    assert answer.status_code == 200
    assert "Диск не вдається прочитати" in answer.text


def test_programs_get_the_members_that_are_documented(portal, paths, scratch):
    put_lesson(paths, scratch, title="Урок")
    found = json.loads(portal.get("/status.json").data)
    assert found["format"] == 1
    assert found["hub_id"] == "h-test01"
    assert [pack["id"] for pack in found["packs"]] == ["lesson"]
    assert found["unread_packs"] == 1
    assert found["disk"]["free_bytes"] > 0


def test_what_is_still_to_come_stands_on_the_page_in_the_language_of_the_reader(portal, paths):
    paths.dir.mkdir(parents=True, exist_ok=True)
    later = PlannedPack(
        "waiting", "maths", 3, "Дроби", 80_000_000, wait="day-budget", goes_on_at="2096-11-24T12:00:00+00:00"
    )
    with closing(open_db(paths.db)) as db:
        save_plan(
            db, LastPlan("2026-11-23T12:00:00+00:00", (later, PlannedPack("needs-space", "b", 1, "Ліс", 7)))
        )
        finished_at = "2026-11-23T12:00:00+00:00"
        db.table("sync_runs").insert(
            {"finished_at": finished_at, "result": "ok", "fetch_bytes": 8_000_000, "fetch_s": 100_000.0}
        )
    page = portal.get("/tech/status").text
    assert "Ще надійде" in page
    assert "приблизно через 11 дн." in page
    assert "обсяг даних на цей день вичерпано; далі: 24 лист. 2096 о " in page
    assert "на диску немає місця" in page
    assert "80 МБ" in page


def test_the_page_goes_by_the_settings_that_the_next_sync_will_read(portal, paths):
    paths.dir.mkdir(parents=True, exist_ok=True)
    paths.settings.write_text('hub_id = "h-test01"\ndepot_url = "/d"\n[sync]\nquiet_hours = "8-15"\n')
    assert "sync.quiet_hours" in portal.get("/tech/status").text
    paths.settings.write_text('hub_id = "h-test01"\ndepot_url = "/d"\n')
    assert "sync.quiet_hours" not in portal.get("/tech/status").text


@pytest.mark.parametrize(("days", "words"), [(0, "сьогодні о 23:59"), (1, "завтра о 23:59")])
def test_days_near_by_have_their_names(portal, paths, days, words):
    stay_within_a_day(10)
    today = datetime.now().astimezone().replace(tzinfo=None, hour=23, minute=59, second=59)
    until = (today + timedelta(days=days)).astimezone()  # also where clocks are changed between
    pack = PlannedPack("waiting", "maths", 3, "Дроби", 7, wait="quiet-hours", goes_on_at=until.isoformat())
    paths.dir.mkdir(parents=True, exist_ok=True)
    with closing(open_db(paths.db)) as db:
        save_plan(db, LastPlan(until.isoformat(), (pack, replace(pack, pack="b"))))
    page = portal.get("/tech/status").text
    assert f"далі: {words}" in page
    assert f"Тихі години скінчаться {words}; їх принесе перша синхронізація після того." in page
    assert "Ще надійде: 2 пакети (1\u00a0кБ)." in page
