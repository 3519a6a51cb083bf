import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import raise_floor
from hub.db import open_db
from hub.events import DroppedBody
from hub.health import Level
from hub.history import LastPlan, PlannedPack, save_plan
from hub.outbox import Outbox
from hub.settings import HubPaths, KolibriSettings, Refused, SyncSettings
from hub.status import read_status
from support.shelves import SETTINGS, put_lesson

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RECENTLY, LONG_AGO = ((NOW - timedelta(hours=hours)).isoformat() for hours in (3, 24 * 15))
DEPOT = "sftp://hub-7@depot.example:2222/tree"


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path / "hub")


def look(paths, settings=SETTINGS, now=NOW):
    return read_status(paths, settings, system=now)


def check(status, code):
    return next((found for found in status.checks if found.code == code), None)


def add_run(paths, finished_at, result="ok", message="", hint=""):
    when = finished_at.isoformat()
    run = {"started_at": when, "finished_at": when, "source": DEPOT, "result": result, "message": message}
    with closing(open_db(paths.db)) as db:
        db.table("sync_runs").insert(run | {"hint": hint, "received_bytes": 7, "installed": '["lesson@1"]'})


def test_a_new_hub_says_what_to_do_first(paths):
    status = look(paths)
    assert status.level == Level.ATTENTION
    assert "hub sync" in check(status, "packs").advice


def test_a_failed_sync_tells_why_and_that_lessons_go_on(paths, tmp_path):
    put_lesson(paths, tmp_path)
    add_run(paths, NOW, "link-down", "no route to 10.0.0.1: 100% lost", "Try again later.")
    found = check(look(paths), "sync")
    assert found.level == Level.ATTENTION
    assert "no route to 10.0.0.1: 100% lost" in found.text
    assert found.advice.startswith("Try again later.")


def test_a_long_silence_is_noticed(paths, tmp_path):
    put_lesson(paths, tmp_path)
    add_run(paths, NOW - timedelta(days=40))
    assert "40 days" in check(look(paths), "sync").text
    add_run(paths, NOW - timedelta(days=1))
    assert check(look(paths), "sync").level == Level.GOOD


def test_a_full_disk_is_noticed_before_the_reserve_is_gone(paths, tmp_path):
    put_lesson(paths, tmp_path)
    greedy = replace(SETTINGS, sync=SyncSettings(reserve_bytes=2**62))
    assert check(look(paths, greedy), "disk").level == Level.ATTENTION
    assert check(look(paths), "disk").level <= Level.ATTENTION


def test_a_clock_behind_what_was_signed_is_noticed(paths):
    paths.trust.mkdir(parents=True)
    assert check(look(paths), "clock") is None
    raise_floor(paths.trust, NOW + timedelta(days=1))
    assert "2026-11-22 12:00" in check(look(paths), "clock").text
    assert look(paths).taken_at == NOW + timedelta(days=1)


def test_kolibri_is_missed_only_where_a_course_needs_it(paths, tmp_path):
    put_lesson(paths, tmp_path)
    assert check(look(paths), "kolibri") is None
    with closing(open_db(paths.db)) as db:
        db.execute("update installed set kind = 'kolibri'")
    assert check(look(paths), "kolibri").level == Level.ATTENTION
    assert check(look(paths, replace(SETTINGS, kolibri=KolibriSettings(enabled=False))), "kolibri") is None


@pytest.mark.parametrize(
    ("mended", "words"),
    [
        ({"at": RECENTLY, "copy_at": "2026-11-20T06:00:00+00:00"}, "2026-11-20"),
        ({"at": RECENTLY, "copy_at": None}, "began anew"),
        ({"at": LONG_AGO, "copy_at": None}, ""),
        ({"at": "yesterday", "copy_at": 5}, ""),
        (None, ""),
    ],
)
def test_what_kolibri_lost_is_said_for_a_while(paths, mended, words):
    paths.run.mkdir(parents=True)
    state = {"pid": os.getpid(), "up": True, "port": 40123, "failed": [], "mended": mended}
    (paths.run / "kolibri.json").write_text(json.dumps(state))
    found = check(look(paths), "kolibri-mended")
    assert (found is None) == (words == "")
    assert found is None or words in found.text


def test_kolibri_is_said_to_be_where_browsers_find_it(paths):
    paths.run.mkdir(parents=True)
    kolibri = {"pid": os.getpid(), "up": True, "port": 40123, "failed": []}
    (paths.run / "kolibri.json").write_text(json.dumps(kolibri))
    (paths.run / "door.json").write_text(json.dumps({"pid": os.getpid(), "kolibri_port": 8082}))
    assert "8082" in check(look(paths), "kolibri").text


def test_what_kolibri_says_of_itself_is_passed_on(paths):
    paths.run.mkdir(parents=True)
    state = {"pid": os.getpid(), "port": 8090, "up": True, "failed": [{"id": "c1", "reason": "no database"}]}
    (paths.run / "kolibri.json").write_text(json.dumps(state))
    status = look(paths)
    assert "8090" in check(status, "kolibri").text
    assert "no database" in check(status, "kolibri-channel").text
    (paths.run / "kolibri.json").write_text(json.dumps(state | {"up": False}))
    assert check(look(paths), "kolibri").level == Level.NOTE


def test_a_damaged_database_hides_nothing_else(paths):
    paths.dir.mkdir(parents=True)
    paths.db.write_bytes(b"nonsense" * 1000)
    status = look(paths)
    assert status.level == Level.BROKEN
    assert "hub repair" in check(status, "database").advice
    assert check(status, "disk") is not None


def test_a_database_that_cannot_be_opened_hides_nothing_else(paths):
    paths.db.mkdir(parents=True)
    status = look(paths)
    assert check(status, "database").level == Level.BROKEN
    assert check(status, "database").advice
    assert check(status, "disk") is not None


def test_a_clock_floor_that_cannot_be_read_hides_nothing_else(paths):
    (paths.trust / "clock-floor").mkdir(parents=True)
    status = look(paths)
    assert "clock" in check(status, "clock").text
    assert check(status, "packs") is not None
    assert status.taken_at == NOW


def test_a_disk_that_cannot_be_read_hides_nothing_else(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    status = look(HubPaths(tmp_path / "file" / "hub"))
    assert status.facts["disk"] is None
    assert {"database", "disk", "clock"} <= {found.code for found in status.checks}
    json.dumps(status.to_dict())


def test_the_person_at_the_hub_sees_all_and_a_learner_no_address(paths, tmp_path):
    put_lesson(paths, tmp_path)
    add_run(paths, NOW, "link-down", f"{DEPOT}: no route to 10.0.0.1", "Try again later.")
    paths.run.mkdir(parents=True)
    state = {"pid": os.getpid(), "host": "10.0.0.7", "port": 8090, "up": True}
    state["failed"] = [{"id": "c1", "reason": "no database at 10.0.0.9"}]
    (paths.run / "kolibri.json").write_text(json.dumps(state))
    (paths.run / "portal.json").write_text(json.dumps({"pid": os.getpid(), "host": "10.0.0.8", "port": 80}))
    refused = (Refused("portal.host", "expected text, got 10.0.0.10"),)
    status = look(paths, replace(SETTINGS, depot_url=DEPOT, refused=refused))
    secrets = ("depot.example", "hub-7", "10.0.0.", "no route", "no database", f'"pid": {os.getpid()}')
    for_the_person = json.dumps(status.to_dict())
    assert all(secret in for_the_person for secret in secrets)
    everybody = status.for_everybody()
    for text in (json.dumps(everybody.to_dict()), everybody.to_text()):
        assert not [secret for secret in secrets if secret in text]
    assert everybody.facts["last_sync"]["result"] == "link-down"
    assert everybody.facts["last_sync"]["installed"] == ["lesson@1"]
    assert everybody.facts["services"]["kolibri"] == {"port": 8090, "up": True}
    assert "link-down" in check(everybody, "sync").text
    assert check(everybody, "sync").advice.startswith("Try again later.")
    assert "portal.host" in check(everybody, "settings-refused").text


def test_an_error_without_advice_leaves_no_gap(paths, tmp_path):
    put_lesson(paths, tmp_path)
    add_run(paths, NOW, "failed", "a fault of ours")
    assert check(look(paths), "sync").advice == "The lessons that are here keep working."


def test_settings_that_cannot_be_used_are_named(paths):
    refused = (Refused("portal.threads", "expected 1 to 64, got 0; 16 is used"),)
    found = check(look(paths, replace(SETTINGS, refused=refused)), "settings-refused")
    assert found.level == Level.ATTENTION
    assert "portal.threads: expected 1 to 64, got 0; 16 is used" in found.text


def test_unknown_settings_are_named(paths):
    assert "portal.prot" in check(look(paths, replace(SETTINGS, unknown=("portal.prot",))), "settings").text


def plan_of(*packs):
    return LastPlan(NOW.isoformat(), packs)


def keep(paths, plan, **run):
    paths.dir.mkdir(parents=True, exist_ok=True)
    with closing(open_db(paths.db)) as db:
        save_plan(db, plan)
        if run:
            when = NOW.isoformat()
            db.table("sync_runs").insert(run | {"finished_at": when, "result": "ok", "is_uplink": 1})


def with_sync(**settings):
    return replace(SETTINGS, sync=SyncSettings(**settings))


def test_what_is_still_to_come_is_said_with_its_time(paths):
    waiting = PlannedPack("waiting", "maths", 3, "Дроби", 80_000_000, wait="day-budget")
    keep(paths, plan_of(waiting), fetch_bytes=8_000_000, fetch_s=1000.0)
    status = look(paths)
    assert check(status, "coming").text == "Still to come: 1 pack (80.0 MB), in about 2 h 47 min."
    coming = status.to_dict()["coming"]
    assert (coming["bytes"], coming["kbit_s"], coming["eta_s"]) == (80_000_000, 64.0, 10_000)
    assert coming["packs"][0]["eta_s"] == 10_000
    slow = look(paths, with_sync(day_mb=1, stick_days=30))
    assert "central usb" in check(slow, "coming").advice
    assert slow.to_dict()["coming"]["limited_by"] == "day-budget"


def test_what_no_link_can_carry_is_said_without_a_time(paths):
    keep(paths, plan_of(PlannedPack("waiting", "maths", 3, "Дроби", 10**13)))
    assert check(look(paths, with_sync(link_kbit_s=64)), "coming").text.endswith("too much for this link.")
    unmeasured = check(look(paths), "coming")
    assert unmeasured.text == "Still to come: 1 pack (10000.0 GB)."


def test_what_has_no_room_and_what_is_being_replaced_are_named(paths):
    large = PlannedPack("needs-space", "film", 2, "Фільм", 10**9)
    keep(paths, plan_of(large, PlannedPack("replace", "maths", 3, "Дроби", 7)))
    status = look(paths)
    assert "Фільм" in check(status, "needs-space").text
    assert "Дроби" in check(status, "replacing").text
    assert check(status, "needs-space").level == Level.ATTENTION
    assert status.to_dict()["coming"]["bytes"] == 7


@pytest.mark.parametrize("wait", ["quiet-hours", "day-budget", "month-budget"])
def test_what_waits_says_why_and_until_when_and_not_that_the_link_is_down(paths, wait):
    until = NOW + timedelta(hours=5)
    pack = PlannedPack("waiting", "maths", 3, "Дроби", 7, wait=wait, goes_on_at=until.isoformat())
    keep(paths, plan_of(pack, replace(pack, pack="film", goes_on_at=(until + timedelta(1)).isoformat())))
    advice = check(look(paths), "coming").advice
    assert advice.startswith("Quiet hours last until" if wait == "quiet-hours" else "The budget of this")
    assert f"{until.astimezone():%Y-%m-%d %H:%M}" in advice
    assert check(look(paths, now=until), "coming").advice.startswith("The next sync brings them")
    keep(paths, plan_of(pack, replace(pack, pack="film", action="install", wait="", goes_on_at="")))
    assert check(look(paths), "coming").advice.startswith("The next sync brings them")


def test_reports_that_a_web_depot_cannot_take_wait_for_a_stick_and_nothing_is_wrong(paths):
    Outbox(paths).append([DroppedBody({"sync": 1})], at=NOW, boot_id="boot", remember={})
    assert check(look(paths), "reports") is None
    found = check(look(paths, replace(SETTINGS, depot_url="https://depot.example")), "reports")
    assert (found.level, found.advice) == (Level.GOOD, "")
    assert found.text == "Reports that wait for a stick, since this depot is on the web: 1."


def test_nothing_to_come_says_nothing(paths):
    keep(paths, plan_of())
    assert check(look(paths), "coming") is None


def test_without_the_time_a_person_learns_what_becomes_of_quiet_hours_and_budgets(paths):
    paths.trust.mkdir(parents=True)
    raise_floor(paths.trust, NOW + timedelta(days=1))
    assert check(look(paths), "clock-limits") is None  # there are none
    assert check(look(paths, with_sync(quiet_hours="08:00-15:00")), "clock-limits").level == Level.ATTENTION
    in_time = look(paths, with_sync(day_mb=1), now=NOW + timedelta(days=2))
    assert check(in_time, "clock-limits") is None


def test_a_clock_in_2099_is_noticed(paths):
    assert "2099" in check(look(paths, now=datetime(2099, 1, 1, tzinfo=UTC)), "clock").text


def test_a_rollback_is_remembered_aloud(paths, tmp_path):
    put_lesson(paths, tmp_path)
    paths.held("lesson").write_text("2\n")
    status = look(paths)
    assert "lesson v1" in check(status, "held").text
    assert status.to_dict()["held"] == [{"id": "lesson", "version": 1, "held_from": 2}]


def test_text_and_json_say_the_same(paths):
    status = look(paths)
    found = status.to_dict()
    assert json.loads(json.dumps(found))["level"] == "attention"
    for item in found["checks"]:
        assert item["message"] in status.to_text()
