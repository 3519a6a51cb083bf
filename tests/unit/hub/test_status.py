import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import raise_floor
from hub.db import open_db
from hub.health import Level
from hub.settings import HubPaths, KolibriSettings, Refused, SyncSettings
from hub.status import read_status
from support.shelves import SETTINGS, put_lesson

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
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
    secrets = ("depot.example", "hub-7", "10.0.0.", "no route", "no database", str(os.getpid()))
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


def test_text_and_json_say_the_same(paths):
    status = look(paths)
    found = status.to_dict()
    assert json.loads(json.dumps(found))["level"] == "attention"
    for item in found["checks"]:
        assert item["message"] in status.to_text()
