"""Phones join the network of a hub behind its front door: what foreign names get through nginx."""

import shutil
from contextlib import ExitStack

import pytest

from hub.settings import HubPaths
from hub.web.memory_disk import private_folder
from support.doors import ask, front_door, write_door_settings
from support.probes import PROBES
from support.serving import serving
from support.shelves import put_lesson


@pytest.fixture
def door(tmp_path):
    paths = HubPaths(tmp_path / "hub")
    write_door_settings(paths)
    put_lesson(paths, tmp_path / "sources")
    with ExitStack() as stack:
        stack.enter_context(serving(paths))
        yield stack.enter_context(front_door(paths))
    shutil.rmtree(private_folder(paths), ignore_errors=True)


def test_every_system_before_and_after_continue(door):
    for probe in PROBES:
        answer = door.get(probe.path, probe.host)
        assert (answer.status, answer.headers.get("location")) == (302, f"http://{door.hub_host}/welcome"), (
            probe
        )
        assert len(answer.body) > 4
    page = door.get("/welcome").body.decode()
    assert f'<p class="address">http://{door.hub_host}</p>' in page
    assert door.get("/welcome", method="POST", Content_Length="0").status == 200
    for probe in PROBES:
        answer = door.get(probe.path, probe.host)
        assert (answer.status, answer.body) == (probe.status, probe.body), probe
        assert answer.headers.get("x-networkmanager-status") == probe.nm_status


def test_lost_learners_are_led_to_the_hub_though_its_pages_are_finished(door):
    for _ in range(2):  # the second time the home page is a file of nginx's
        assert door.get("/").status == 200
    for path in ("/", "/library", "/static/portal.css"):
        answer = door.get(path, "www.youtube.com")
        assert (answer.status, answer.headers.get("location")) in (
            (302, f"http://{door.hub_host}/welcome"),
            (404, None),
        ), path
    assert door.get("/", "www.youtube.com").status == 302


def test_packs_and_documents_for_programs_are_no_foreign_names(door):
    assert door.get("/p/lesson/index.html", door.pack_host("lesson")).status == 200
    catalogue = ask(door.port, "/opds/all", door.hub_host)
    assert catalogue.headers["content-type"].startswith("application/atom+xml")
    assert f"http://{door.hub_host}/pack/lesson".encode() in catalogue.body
    by_number = ask(door.port, "/opds/", f"127.0.0.1:{door.port}")
    assert f"http://127.0.0.1:{door.port}/opds/new".encode() in by_number.body
