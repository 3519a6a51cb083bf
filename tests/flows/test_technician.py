"""What a technician asks for on the pages is done by the real runner, and the pages say what came of it."""

import subprocess

import pytest

from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.accounts import fill_in, sign_in_as
from support.road import Road
from support.serving import HUB
from support.shelves import SETTINGS
from support.sources import PAGE, write_source


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """An office behind a real sshd, and a hub that has the first version of a lesson."""
    road = Road(tmp_path_factory.mktemp("school"))
    publish(road, 1)
    road.assign("lesson")
    road.sync()
    yield road
    road.stop()


def publish(road, version):
    files = {"index.html": PAGE.format("Дроби", version).encode()}
    road.publish(write_source(road.folder / f"sources/{version}", files, id="lesson", version=version))


@pytest.fixture
def paths(road):
    return HubPaths(road.hub)


@pytest.fixture
def technician(paths):
    client = create_portal(paths, SETTINGS, ports=Ports(8080, 8081)).test_client()
    sign_in_as(client, paths)
    client.set_cookie("language", "en")
    return client


def run_jobs(paths):
    """Do what was asked, as the card's unit does."""
    subprocess.run([HUB, "--dir", paths.dir, "jobs"], check=True, timeout=120)


def ask(technician, name, values=None):
    """Press the buttons for an action; return its job's page."""
    answer = fill_in(technician, f"/tech/do/{name}", {"sure": "1", **(values or {})}, page="/tech/status")
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_a_new_version_comes_by_a_press_and_goes_back_where_it_is_broken(technician, paths, road):
    publish(road, 2)
    job = ask(technician, "sync")
    assert "it begins in a moment" in technician.get(job).text
    run_jobs(paths)
    assert "Packs that are new or changed: 1" in technician.get(job).text
    assert "Back to version 1" in technician.get("/tech/content").text

    job = ask(technician, "rollback", {"pack": "lesson"})
    run_jobs(paths)
    assert "version 1 is shown again" in technician.get(job).text
    assert "rolled back from version 2" in technician.get("/tech/content").text

    job = ask(technician, "follow", {"pack": "lesson"})
    ask(technician, "sync")
    run_jobs(paths)
    assert "the office&#39;s version comes again" in technician.get(job).text
    assert "version 2" in technician.get("/tech/content").text
    assert "rolled back" not in technician.get("/tech/content").text


def test_checks_run_again_and_what_only_a_card_can_do_says_so(technician, paths):
    looked, off, support = (ask(technician, name) for name in ("check-again", "power-off", "support-file"))
    run_jobs(paths)
    assert "Looked again" in technician.get(looked).text
    assert "only a hub that was started from its card can do that" in technician.get(off).text
    with technician.get(support.replace("/jobs/", "/support-file/")) as file:
        assert file.data[:2] == b"PK"
    assert "power-off failed" in technician.get("/tech/logs.txt").text
