import json
from contextlib import closing
from dataclasses import replace

from hub.db import open_db
from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.shelves import SETTINGS, put_lesson

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
    for address in ("/tech/status", "/status.json"):
        answer = client.get(address).text
        assert "depot.example" not in answer
        assert "hub-7" not in answer
        assert "link-down" in answer
        assert "Check the modem." in answer


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
