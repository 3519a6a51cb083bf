"""A real Kolibri behind the front door: lessons open, its administration does not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from hub.settings import HubPaths
from support.doors import Opened, ask, front_door, write_door_settings
from support.kolibri import KOLIBRI, HubKolibri
from support.lessons import write_folder
from support.serving import serving
from support.shelves import put

CHANNEL = channel_id("maths-grade4")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, HubKolibri]]:
    folder = tmp_path_factory.mktemp("kolibri")
    paths = HubPaths(folder / "hub")
    write_door_settings(paths)
    with paths.settings.open("a") as settings:  # its last section is [kolibri]
        settings.write(f'command = "{KOLIBRI}"\n[sync]\nreserve_bytes = 1048576\n')
    make_channel(write_folder(folder / "lessons", version=1), folder / "source")
    put(paths, folder / "source")
    kolibri = HubKolibri(paths)
    with serving(paths), front_door(paths) as door:
        while_away = door.get("/", f"kolibri.{door.hub_host}")
        assert (while_away.status, b'http-equiv="refresh"' in while_away.body) == (503, True)
        try:
            kolibri.start()
            kolibri.wait_for_stamps({CHANNEL: "maths-grade4@1"})
            yield door, kolibri
        finally:
            kolibri.end()


def test_lessons_open_under_kolibri_s_own_host_and_port(hub):
    door, kolibri = hub
    assert kolibri.state["host"] == "127.0.0.1"
    for host, port in ((f"kolibri.{door.hub_host}", door.port), (f"127.0.0.1:{door.kolibri_port}", 0)):
        at = port or door.kolibri_port
        channels = door.get("/api/public/v1/channels", host, port=at)
        assert [channel["id"] for channel in json.loads(channels.body)] == [CHANNEL]
        learn = door.get("/uk/learn/", host, port=at)
        assert learn.status == 200
        # Its pages look for HTML5 resources at the same name and the door's port, which their policy allows.
        assert re.search(rb"zipContentPort[^0-9]{1,12}%d" % door.zip_port, learn.body), learn.body[:3000]
        assert re.search(r"frame-src[^;]* http:", learn.headers["content-security-policy"])


def test_html5_resources_open_from_an_origin_without_cookies(hub):
    door, kolibri = hub
    nodes = kolibri.get_json(f"/api/content/contentnode/?channel_id={CHANNEL}&max_results=50")["results"]
    (game,) = [f for node in nodes if node["kind"] == "html5" for f in node["files"]]
    path = f"/content/zipcontent/{game['checksum']}.zip/index.html"
    page = door.get(path, f"kolibri.hub.lan:{door.zip_port}", port=door.zip_port, Cookie="kolibri=x")
    assert (page.status, "<title>Гра в дроби</title>" in page.body.decode()) == (200, True)
    assert "set-cookie" not in page.headers
    video = next(
        f
        for node in nodes
        if node["kind"] == "video"
        for f in node["files"]
        if "mp4" in f["preset"] or f["extension"] == "mp4"
    )
    piece = door.get(video["storage_url"], f"kolibri.{door.hub_host}", Range="bytes=0-99")
    assert (piece.status, len(piece.body)) == (206, 100)


def test_the_portal_leads_to_kolibri_in_both_ways(hub):
    door, kolibri = hub
    (channel,) = kolibri.get_json("/api/public/v1/channels")
    node = channel["id"]
    by_name = door.get(f"/view/maths-grade4/{node}").body.decode()
    assert f"http://kolibri.hub.lan:{door.port}/viewcontent?node_id=" in by_name
    by_number = door.get(f"/view/maths-grade4/{node}", f"127.0.0.1:{door.port}").body.decode()
    assert f"http://127.0.0.1:{door.kolibri_port}/viewcontent?node_id=" in by_number


HIDDEN = [
    "/uk/device/",
    "/device/",
    "/en/device/welcome",
    "/uk/facility/",
    "/UK/Facility/x",
    "/uk/setup_wizard/",
    "/setup_wizard/",
    "/api/device/initialize/0123456789abcdef0123456789abcdef",
    "/api/device//initialize/0123456789abcdef0123456789abcdef",
    "/api/device/%69nitialize/0123456789abcdef0123456789abcdef",
    "/x/../api/device/initialize/0123456789abcdef0123456789abcdef",
    "/api/device/devicesettings/",
    "/api/device/devicerestart/",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_its_administration_is_hidden_from_learners(hub, path):
    door, _ = hub
    for host, port in ((f"kolibri.{door.hub_host}", door.port), ("127.0.0.1", door.kolibri_port)):
        answer = door.get(path, host, port=port)
        assert (answer.status, "set-cookie" in answer.headers) == (404, False)


def test_no_key_of_an_app_gets_in(hub, tmp_path: Path):
    """The key itself would open lists of names: with a real one, Kolibri must not learn of it."""
    door, kolibri = hub
    kolibri.manage("shell", "-c", _WRITE_KEY.format(tmp_path / "key"))
    key = (tmp_path / "key").read_text()
    assert _is_app(kolibri.state["port"], f"app_key_cookie={key}")  # the test can tell
    for cookie in (
        f"app_key_cookie={key}",
        f"a=b; app_key_cookie={key}",
        f"app_key_cookie={key}; a=b",
        f"a=b; app_key_cookie={key}; app_key_cookie={key}",
    ):
        assert not _is_app(door.kolibri_port, cookie), cookie


_WRITE_KEY = """
from kolibri.core.device.models import DeviceAppKey
open("{}", "w").write(str(DeviceAppKey.get_app_key()))
"""


def _is_app(port: int, cookie: str) -> bool:
    """Tell whether Kolibri takes the browser for an app."""
    headers = {"Cookie": cookie, "Content_Length": "2", "Content_Type": "application/json"}
    answer = ask(port, "/api/auth/session/current/", f"127.0.0.1:{port}", method="PUT", body=b"{}", **headers)
    assert answer.status == 200, answer
    return bool(json.loads(answer.body)["app_context"])
