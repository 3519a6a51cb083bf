"""A real kiwix-serve has the ZIM of every installed pack, follows the library, and outlives a damaged ZIM."""

import os
import signal
import time
import urllib.error
import urllib.request

import pytest

from content_packs.errors import ProcessDownError
from content_packs.meta import PackMeta
from hub.kiwix import KiwixServer
from hub.library.installed import InstalledPack
from hub.services import read_service
from hub.settings import HubPaths, HubSettings, KiwixSettings
from support.data import shared_data
from support.kolibri import dead
from support.waiting import wait_for


@pytest.fixture
def server(tmp_path):
    server = KiwixServer(HubPaths(tmp_path / "hub"), HubSettings("h-1", "/depot"))
    yield server
    server.stop()


def install(folder, name: str, pack_id: str = "wiki", version: int = 1) -> InstalledPack:
    place = folder / "hub" / "packs" / pack_id / str(version)
    (place / "files").mkdir(parents=True)
    (place / "files" / name).hardlink_to(_copy(folder, name))
    meta = PackMeta(pack_id, version, "zim", "Вікіпедія", "uk", "CC-BY-SA-4.0")
    return InstalledPack(meta, {"zim": name}, place, 1, 1, "")


def _copy(folder, name: str):
    copy = folder / f"copy-{time.monotonic_ns()}.zim"
    copy.write_bytes(shared_data("zim", name).read_bytes())
    return copy


def status(server: KiwixServer, pack_id: str, path: str) -> int:
    port = server.find_port(pack_id)
    assert port is not None, f"{pack_id} is not served"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def running_pid(paths):
    """The pid of the kiwix-serve that runs; None between the death of one and the start of the next."""
    return (read_service(paths, "kiwix") or {}).get("pid")


def tick_until(server: KiwixServer, happened) -> None:
    wait_for(lambda: server.tick() or happened(), timeout_s=20)


def test_article_is_served_under_the_packs_id(server, tmp_path):
    server.refresh([install(tmp_path, "small.zim", "first-wiki")])
    tick_until(server, lambda: server.find_port("first-wiki"))
    assert status(server, "first-wiki", "/raw/first-wiki/content/main.html") == 200
    assert server.find_port("other") is None
    server.tick()
    service = read_service(HubPaths(tmp_path / "hub"), "kiwix")
    assert (service["port"], service["books"]) == (server.find_port("first-wiki"), ["first-wiki"])


def test_new_version_and_second_pack_appear_without_a_restart(server, tmp_path):
    first = install(tmp_path, "small.zim", "wiki", 1)
    server.refresh([first])
    tick_until(server, lambda: server.find_port("wiki"))
    pid = read_service(HubPaths(tmp_path / "hub"), "kiwix")["pid"]
    second = install(tmp_path, "wikibooks_be_all_nopic_2017-02.zim", "wiki", 2)
    twin = install(tmp_path, "small.zim", "twin")
    server.refresh([second, twin])
    tick_until(server, lambda: status(server, "wiki", "/raw/wiki/content/main.html") == 404)
    tick_until(server, lambda: status(server, "twin", "/raw/twin/content/main.html") == 200)
    server.refresh([first])
    tick_until(server, lambda: status(server, "wiki", "/raw/wiki/content/main.html") == 200)
    assert read_service(HubPaths(tmp_path / "hub"), "kiwix")["pid"] == pid


def test_damaged_zims_take_nothing_else_down(server, tmp_path):
    packs = [install(tmp_path, "small.zim", "good")]
    for number, name in enumerate(("invalid.bad_mimetype_list.zim", "invalid.outofbounds_clusterptrpos.zim")):
        packs.append(install(tmp_path, name, f"bad-{number}"))
    server.refresh(packs)
    tick_until(server, lambda: server.find_port("good"))
    for _ in range(3):
        assert status(server, "bad-0", "/raw/bad-0/content/main.html") >= 400
        assert status(server, "bad-1", "/bad-1/") >= 400
        assert status(server, "good", "/raw/good/content/main.html") == 200


def test_killed_server_is_started_again_and_without_zims_nothing_runs(server, tmp_path):
    paths = HubPaths(tmp_path / "hub")
    server.refresh([])
    server.tick()
    assert read_service(paths, "kiwix") is None
    server.refresh([install(tmp_path, "small.zim")])
    tick_until(server, lambda: server.find_port("wiki"))
    server.tick()
    first = read_service(paths, "kiwix")["pid"]
    os.kill(first, signal.SIGKILL)
    tick_until(server, lambda: server.find_port("wiki") and running_pid(paths) not in (None, first))
    second = read_service(paths, "kiwix")["pid"]
    server.refresh([])
    server.tick()
    assert dead(second)
    assert read_service(paths, "kiwix") is None


def test_missing_program_says_what_to_install(tmp_path):
    settings = HubSettings("h-1", "/depot", kiwix=KiwixSettings(command="no-such-kiwix"))
    server = KiwixServer(HubPaths(tmp_path / "hub"), settings)
    server.refresh([install(tmp_path, "small.zim")])
    with pytest.raises(ProcessDownError, match="no-such-kiwix") as caught:
        server.tick()
    assert caught.value.hint == "Install it: apt install kiwix-tools"
