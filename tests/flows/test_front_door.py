"""The front door as a browser meets it: real nginx before a real `hub serve`."""

import gzip
import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.library.install import roll_back
from hub.library.installed import CURRENT
from hub.settings import HubPaths
from support.doors import Answer, Opened, ask, front_door, write_door_settings
from support.serving import HUB, Served, serving, write_settings
from support.shelves import put_files_pack, put_lesson
from support.sources import PAGE
from support.waiting import wait_for

LONG = PAGE.format("Урок", "Половина яблука та ще чверть. " * 200).encode()
LONG_ID = "a-very-long-name-of-a-pack-that-nobody-would-ever-give-to-a-pa-x"
PDF = "/p/maths-shelf/" + quote("3 Підручник + зошит.pdf")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    return HubPaths(tmp_path_factory.mktemp("door") / "hub")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture(scope="module")
def hub(paths: HubPaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, Served]]:
    """One hub for all tests of this module; each that changes a pack has one of its own name."""
    scratch = tmp_path_factory.mktemp("sources")
    write_door_settings(paths)
    put_files_pack(paths, scratch)
    put_lesson(
        paths,
        scratch,
        {"index.html": LONG, "a/b.css": b"b{}" * 400, "x.html": LONG, "x.html.gz": b"the pack's own"},
    )
    with ExitStack() as stack:
        served = stack.enter_context(serving(paths))
        yield stack.enter_context(front_door(paths)), served


@pytest.fixture(scope="module")
def door(hub: tuple[Opened, Served]) -> Opened:
    return hub[0]


def frame_of(page: Answer) -> str:
    found = re.search(rb'<iframe[^>]* src="([^"]+)"', page.body)
    assert found, page
    return found[1].decode()


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "host = '::'\nkolibri_admin = true",
        "port = 8000\nuser = 'root'",
        "hub_name = 'a.b'\npacks_domain = 'c.d'",
    ],
)
def test_nginx_accepts_what_is_printed_for_any_settings(tmp_path, settings):
    write_settings(HubPaths(tmp_path), f"[door]\n{settings}\n")
    command = [str(HUB), "--dir", str(tmp_path), "front-door"]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.count("listen ") >= 5


def test_each_pack_has_a_host_of_its_own_where_the_hub_is_called_by_its_name(door):
    page = door.get("/view/lesson/")
    assert frame_of(page) == f"http://{door.pack_host('lesson')}/p/lesson/index.html"
    assert f"frame-src http://*.hubpacks.lan:{door.port};" in page.headers["content-security-policy"]
    shown = door.get("/p/lesson/index.html", door.pack_host("lesson"))
    assert (shown.status, shown.body) == (200, LONG)
    assert f"http://{door.pack_host('lesson')} " in shown.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["127.0.0.1", "school.local"])
def test_who_uses_a_number_or_another_name_finds_packs_on_a_further_port(door, name):
    frame = frame_of(door.get("/view/lesson/", f"{name}:{door.port}"))
    assert frame == f"http://{name}:{door.packs_port}/p/lesson/index.html"
    assert door.get("/p/lesson/index.html", f"{name}:1", port=door.packs_port).body == LONG


def test_a_pack_s_host_answers_for_this_pack_alone(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"other"}, id="other")
    host = door.pack_host("lesson")
    for path in ("/", "/library", "/static/", "/p/other/index.html", "/p/", "/z/other/x", "/set/language/en"):
        answer = door.get(path, host)
        assert answer.status == 404, path
        assert "sandbox" in answer.headers["content-security-policy"], path
    assert door.get("/p/lesson/index.html", "hubpacks.lan").status == 404
    assert door.get("/p/lesson/index.html").status == 404  # the portal's host


def test_the_longest_pack_id_has_a_host_too(door, paths, scratch):
    assert len(LONG_ID) == 64
    put_lesson(paths, scratch, {"index.html": LONG}, id=LONG_ID)
    frame = frame_of(door.get(f"/view/{LONG_ID}/"))
    host, path = re.fullmatch(r"http://([^/]+)(/.*)", frame).groups()
    assert max(map(len, host.split("."))) <= 63
    assert door.get(path, host).body == LONG
    assert door.get("/p/lesson/index.html", host).status == 404


def test_no_cookie_comes_or_goes_with_a_pack(door):
    answer = door.get("/p/lesson/none", door.pack_host("lesson"), Cookie="language=en", Authorization="x")
    assert "set-cookie" not in answer.headers
    asked = door.get("/set/language/en", f"127.0.0.1:{door.packs_port}", port=door.packs_port)
    assert (asked.status, "set-cookie" in asked.headers) == (404, False)


@pytest.mark.parametrize(
    "path",
    ["/p/lesson/index.html", "/p/lesson/x.html.gz", "/p/lesson/a/b.css", PDF, "/p/lesson/", "/p/lesson/none"],
)
def test_a_file_has_the_headers_that_the_portal_itself_gives(hub, path):
    door, served = hub
    ours = ask(served.content_port, path, "hub.lan")
    through = door.get(path, "127.0.0.1", port=door.packs_port)
    assert (through.status, through.body) == (ours.status, ours.body)
    differ = {"date", "server", "connection", "etag", "last-modified", "accept-ranges", "vary"}
    policy = ours.headers["content-security-policy"].replace(
        f"hub.lan:{served.content_port}", f"127.0.0.1:{door.packs_port}"
    )
    expected = ours.headers | {
        "content-security-policy": policy.replace(f"hub.lan:{served.port}", f"127.0.0.1:{door.port}")
    }
    for headers in (expected, through.headers):
        for name in differ:
            headers.pop(name, None)
    assert through.headers == expected


def test_ranges_and_conditional_requests(door):
    host = door.pack_host("lesson")
    whole = door.get("/p/lesson/index.html", host)
    piece = door.get("/p/lesson/index.html", host, Range="bytes=100-199")
    assert (piece.status, piece.body) == (206, LONG[100:200])
    assert piece.headers["content-range"] == f"bytes 100-199/{len(LONG)}"
    assert door.get("/p/lesson/index.html", host, Range=f"bytes={len(LONG)}-").status == 416
    again = door.get("/p/lesson/index.html", host, If_None_Match=whole.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert "sandbox" in again.headers["content-security-policy"]


def test_names_that_hurt_and_downloads(door, paths):
    for file in (paths.packs / "maths-shelf" / "1" / "files").rglob("*.*"):
        name = file.relative_to(paths.packs / "maths-shelf" / "1" / "files").as_posix()
        path = f"/p/maths-shelf/{quote(name)}"
        assert door.get(path, door.pack_host("maths-shelf")).body == file.read_bytes(), name
        kept = door.get(f"{path}?download", door.pack_host("maths-shelf"))
        assert kept.body == file.read_bytes(), name
        assert f"filename*=UTF-8''{quote(file.name, safe='')}" in kept.headers["content-disposition"]


def test_other_methods_are_answered_as_by_the_portal(door):
    host = door.pack_host("lesson")
    assert door.get("/p/lesson/index.html", host, method="OPTIONS").status == 204
    assert door.get("/p/lesson/index.html", host, method="POST", Content_Length="0").status == 405
    head = door.get("/p/lesson/index.html", host, method="HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(LONG)), b"")


def test_a_folder_leads_to_its_first_page(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"1", "part/index.html": b"2"}, id="two")
    moved = door.get("/p/two/part", door.pack_host("two"))
    assert (moved.status, moved.headers["location"]) == (302, "/p/two/part/")
    assert door.get("/p/two/part/", door.pack_host("two")).body == b"2"


@pytest.mark.parametrize(
    "tail",
    [
        "../../../hub.toml",
        "..%2f..%2f..%2f..%2fhub.toml",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/hub.toml",
        "..%5c..%5chub.toml",
        "%00",
        "index.html%00.png",
        "link.txt",
        "folder/hub.toml",
        "../index.zst",
        "..;/index.zst",
        "%252e%252e/index.zst",
    ],
)
def test_nothing_outside_a_pack_can_be_had(door, paths, tail):
    files = paths.packs / "lesson" / "1" / "files"
    for name, target in (("link.txt", paths.settings), ("folder", paths.dir)):
        if not (files / name).is_symlink():
            (files / name).symlink_to(target)
    for accepts in ("identity", "gzip"):
        answer = door.get(f"/p/lesson/{tail}", door.pack_host("lesson"), Accept_Encoding=accepts)
        assert answer.status in (400, 404), answer
        assert b"hub_id" not in answer.body
    for path in (f"/packed/p/lesson/{tail}", f"/installed/lesson/1/files/{tail}", f"/current/{tail}"):
        assert door.get(path, door.pack_host("lesson")).status in (400, 404)


def test_inner_places_are_closed(door):
    for path in ("/installed/lesson/1/files/index.html", "/packed/p/lesson/index.html"):
        assert door.get(path, door.pack_host("lesson")).status == 404
    for path in ("/current/default/default/.html", "/static/../current/", "/hub-is-starting", "/too-often"):
        assert door.get(path).status == 404


def test_texts_go_compressed_by_no_name_that_a_pack_can_choose(door, paths):
    made = paths.packs / "lesson" / "1" / "gzip"
    wait_for(made.is_dir, timeout_s=30)
    host = door.pack_host("lesson")
    packed = door.get("/p/lesson/x.html", host, Accept_Encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in packed.headers["content-security-policy"]
    assert packed.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(packed.body), len(packed.body) < len(LONG) / 3) == (LONG, True)
    again = door.get("/p/lesson/x.html", host, Accept_Encoding="gzip", If_None_Match=packed.headers["etag"])
    assert again.status == 304
    assert door.get("/p/lesson/x.html", host, Accept_Encoding="gzip;q=0").body == LONG
    assert door.get("/p/lesson/x.html", host, Accept_Encoding="gzip", Range="bytes=0-9").body == LONG[:10]
    own = door.get("/p/lesson/x.html.gz", host, Accept_Encoding="gzip")
    assert (own.body, own.headers.get("content-encoding")) == (b"the pack's own", None)
    for name in ("x.html.z", "x.html.z.gz", "a/b.css.gz"):
        assert door.get(f"/p/lesson/{name}", host, Accept_Encoding="gzip").status == 404


def test_a_file_that_the_new_version_lacks_comes_from_the_one_before(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"1", "a/b.css": b"b{}" * 400}, id="older")
    put_lesson(paths, scratch, {"index.html": b"2"}, id="older", version=2)
    host = door.pack_host("older")
    assert door.get("/p/older/index.html", host).body == b"2"
    old = door.get("/p/older/a/b.css", host, Range="bytes=3-5")
    assert (old.status, old.body, old.headers["content-type"]) == (206, b"b{}", "text/css; charset=utf-8")
    assert "sandbox" in old.headers["content-security-policy"]


def test_a_class_that_downloads_slowly_holds_none_of_the_portal_s_threads(door, paths):
    big = paths.packs / "lesson" / "1" / "files" / "big.bin"
    big.write_bytes(b"\0" * 30_000_000)
    with ExitStack() as stack:
        for number in range(120):  # more than the portal has threads
            reader = stack.enter_context(closing(socket.create_connection(("127.0.0.1", door.port))))
            query = "?download" if number % 2 else ""
            lines = [f"GET /p/lesson/big.bin{query} HTTP/1.1", f"Host: {door.pack_host('lesson')}", "", ""]
            reader.sendall("\r\n".join(lines).encode())
            assert reader.recv(15) == b"HTTP/1.1 200 OK"
        assert door.get("/library?page=1").status == 200
        assert door.get("/tech/status").status == 200


def test_forwarded_headers_are_believed_from_the_door_alone(hub, paths):
    door, served = hub
    forged = {"X_Hub_Door": "evil.example evil.example 1 2 3 4", "X_Forwarded_Host": "evil.example"}
    for port, host in ((served.port, "127.0.0.1"), (door.port, door.hub_host)):
        page = ask(port, "/view/lesson/", host, X_Real_IP="6.6.6.6", X_Forwarded_Proto="https", **forged)
        assert page.status == 200
        assert b"evil" not in page.body and "evil" not in str(page.headers)
        for secure in ({"X_Forwarded_Ssl": "on"}, {"X_Forwarded_Protocol": "ssl"}):
            moved = ask(port, "/view/lesson", host, **secure)
            assert moved.headers["location"] == f"http://{host}/view/lesson/"


def test_one_address_that_searches_without_end_is_slowed_and_a_class_is_not(door):
    with ThreadPoolExecutor(40) as pool:  # forty learners behind one address, each searching once
        assert {a.status for a in pool.map(lambda n: door.get(f"/search?q=w{n}"), range(40))} == {200}
        flood = list(pool.map(lambda n: door.get(f"/search?q=f{n % 5}"), range(200)))
    slowed = [answer for answer in flood if answer.status == 429]
    assert slowed and slowed[0].headers["retry-after"] == "3"
    assert {answer.status for answer in flood} == {200, 429}
    assert door.get("/").status == 200


def test_a_hidden_pack_is_gone_at_once(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x"}, id="hidden")
    assert door.get("/p/hidden/index.html", door.pack_host("hidden")).status == 200
    (paths.packs / "hidden" / CURRENT).unlink()
    assert door.get("/p/hidden/index.html", door.pack_host("hidden")).status == 404


def test_a_version_that_was_rolled_back_is_not_sent(door, paths, scratch):
    for version in (1, 2):
        content = put_lesson(paths, scratch, {"index.html": b"%d" % version}, id="back", version=version)
        assert content.is_dir()
    host = door.pack_host("back")
    assert door.get("/p/back/index.html", host).body == b"2"
    roll_back(paths, "back")
    assert door.get("/p/back/index.html", host).body == b"1"


def test_while_the_portal_is_away_the_door_says_that_it_starts(hub, paths):
    door, served = hub
    assert served.stop() == 0
    for host, path in ((door.hub_host, "/"), (door.hub_host, "/search?q=x"), ("1.2.3.4", "/generate_204")):
        answer = door.get(path, host)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["cache-control"] == "no-store"
        page = answer.body.decode()
        assert all(f'lang="{code}"' in page for code in ("uk", "en", "ro", "hu", "pl"))
        assert 'http-equiv="refresh"' in page
    # Files of packs need no portal.
    assert door.get("/p/lesson/index.html", door.pack_host("lesson")).body == LONG
    with serving(paths, port=served.port):
        assert door.get("/").status == 200


def test_a_portal_with_a_full_queue_is_not_said_to_start(hub, paths, tmp_path):
    door, served = hub
    served.stop()
    with ExitStack() as stack:
        paths.pages.symlink_to(tmp_path)
        stack.callback(paths.pages.unlink)
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        paths.portal_socket.unlink(missing_ok=True)
        listener.bind(str(paths.portal_socket))
        stack.callback(paths.portal_socket.unlink)
        listener.listen(0)
        while True:
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            if waiting.connect_ex(str(paths.portal_socket)):
                break
        answer = door.get("/search?q=x")
        assert (answer.status, answer.headers["retry-after"]) == (503, "3")
        assert "Too many requests at once" in answer.body.decode()
        assert "starting" not in answer.body.decode()


def test_the_door_ends_with_whoever_started_it(door):
    door.process.kill()
    door.process.wait()

    def is_closed() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", door.port)) != 0

    wait_for(is_closed, timeout_s=30)
