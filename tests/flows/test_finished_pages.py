"""Finished pages behind a real nginx: what is kept, for whom, and that none is older than the library."""

import gzip
import http.client
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.db import open_db
from hub.library.indexer import index_pending
from hub.library.rebuild import open_library
from hub.settings import HubPaths
from support.doors import Answer, Opened, front_door, write_door_settings
from support.serving import serving
from support.shelves import put_lesson
from support.sources import PAGE
from support.waiting import wait_for


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    return HubPaths(tmp_path_factory.mktemp("finished") / "hub")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture(scope="module")
def door(paths: HubPaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """One hub for all tests of this module; each that changes a pack has one of its own name."""
    write_door_settings(paths)
    put_lesson(paths, tmp_path_factory.mktemp("sources"))
    with ExitStack() as stack:
        stack.enter_context(serving(paths))
        yield stack.enter_context(front_door(paths))


def is_kept(answer: Answer) -> bool:
    """Tell whether nginx sent a finished page: the portal's own tags are longer and name no size."""
    return re.fullmatch(r'"[0-9a-f]{1,8}-[0-9a-f]+"', answer.headers.get("etag", "")) is not None


def test_a_page_is_finished_once_for_all_who_have_chosen_the_same(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x"}, id="fresh")
    first, second = door.get("/"), door.get("/")
    assert (is_kept(first), is_kept(second)) == (False, True)
    assert second.body == first.body
    own = {"date", "etag", "accept-ranges"}
    assert {k: v for k, v in first.headers.items() if k not in own} == {
        k: v for k, v in second.headers.items() if k not in own
    }
    assert not is_kept(door.get("/", Cookie="language=en"))
    english = door.get("/", Cookie="language=en")
    assert is_kept(english) and b'lang="en"' in english.body
    assert b'lang="uk"' in door.get("/", Cookie="language=uk").body
    assert b'lang="uk"' in door.get("/").body
    packed = door.get("/", Accept_Encoding="gzip")
    assert is_kept(packed) and gzip.decompress(packed.body) == first.body
    assert door.get("/", Accept_Encoding="gzip", If_None_Match=packed.headers["etag"]).status == 304


def test_a_search_is_finished_for_the_class_until_anything_is_installed(door, paths, scratch):
    def put(pack_id: str, text: str) -> None:
        put_lesson(paths, scratch, {"index.html": PAGE.format("Урок", text).encode()}, id=pack_id)

    asked = f"/search?q={quote('пароплав')}"
    put("steamer", "пароплав")
    assert not any(is_kept(door.get(asked)) for _ in range(3)), "the index is not complete yet"
    index_pending(paths, now=datetime.now(UTC), wait=True)
    answers = [door.get(asked) for _ in range(2)]
    assert [is_kept(answer) for answer in answers] == [False, True]
    assert answers[0].body == answers[1].body and b"steamer" in answers[1].body
    english = [door.get(asked, Cookie="language=en") for _ in range(2)]
    assert [is_kept(answer) for answer in english] == [False, True]
    assert not any(is_kept(door.get(f"{asked}&kind=web")) for _ in range(3))
    put("boat", "пароплав і човен")
    assert not any(is_kept(door.get(asked)) for _ in range(3))
    index_pending(paths, now=datetime.now(UTC), wait=True)
    assert b"boat" in door.get(asked).body and b"boat" in door.get(asked).body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/?page=2", {}),
        ("/?q=a", {}),
        ("/search?q=a&q=b", {}),
        ("/search?q=a%2F..%2F..%2F..%2Fb/../../c", {}),
        ("/search?q=", {}),
        ("/", {"Cookie": "session=1; language=uk"}),
        ("/", {"Cookie": "language=uk; session=1"}),
        ("/", {"Authorization": "Basic eDp5"}),
        ("/", {"Cookie": "language=../uk"}),
        ("/search", {}),
        ("/tech/status", {}),
        ("/no-such-page", {}),
        ("/pack/none", {}),
    ],
)
def test_what_is_one_reader_s_own_or_an_error_is_never_kept(door, path, headers):
    door.get("/", Cookie="language=uk")
    door.get("/")
    assert not any(is_kept(door.get(path, **headers)) for _ in range(3))


def test_other_names_and_methods_go_to_the_portal(door):
    door.get("/")
    assert not is_kept(door.get("/", f"127.0.0.1:{door.port}"))
    assert not is_kept(door.get("/", "connectivitycheck.gstatic.com"))
    assert door.get("/", method="POST", Content_Length="0").status == 405


def test_no_page_is_older_than_the_library(door, paths, scratch):
    """Readers hammer while versions come, go back and go; what begins after a change shows the change."""
    newest, lock, faults = [0], threading.Lock(), []
    until = threading.Event()

    def read(path: str) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)) as connection:
            kept_by[path] += read_with(connection, path)

    def read_with(connection: http.client.HTTPConnection, path: str) -> int:
        kept = 0
        while not until.is_set():
            with lock:
                least = newest[0]
            connection.request("GET", path, headers={"Host": door.hub_host})
            answer = connection.getresponse()
            shown = re.search(rb"Number ([0-9]+)", answer.read())
            if answer.status != 200 or shown is None or int(shown[1]) < least:
                faults.append((path, answer.status, shown and shown[1], least))
                break
            kept += re.fullmatch(r'"[0-9a-f]{1,8}-[0-9a-f]+"', answer.headers["ETag"]) is not None
        return kept

    def put(number: int) -> None:
        put_lesson(paths, scratch, {"index.html": b"x"}, id="many", version=number, title=f"Number {number}")
        with lock:
            newest[0] = number

    put(2)
    places = ["/", "/library", "/pack/many"]
    kept_by = dict.fromkeys(places, 0)
    with ThreadPoolExecutor(9) as pool:
        readers = [pool.submit(read, path) for path in places * 3]
        try:
            for number in range(3, 43):
                put(number)
                time.sleep(0.03)
        finally:
            until.set()
        for reader in readers:
            reader.result()
    assert faults == []
    assert min(kept_by.values()) > 0  # otherwise this test shows nothing


def test_a_second_portal_leaves_the_pages_to_the_one_at_the_door(door, paths):
    with serving(paths):
        wait_for(lambda: is_kept(door.get("/library")), timeout_s=30)
    wait_for(lambda: is_kept(door.get("/library")), timeout_s=30)


def test_a_removal_is_seen_at_once_too(door, paths, scratch):
    put_lesson(paths, scratch, {"index.html": b"x"}, id="gone", title="Зникне")
    door.get("/library")
    kept = door.get("/library")
    assert is_kept(kept) and "Зникне" in kept.body.decode()
    shutil.rmtree(paths.packs / "gone")
    open_library(paths, now=datetime.now(UTC)).close()
    assert "Зникне" not in door.get("/library").body.decode()


def test_what_else_changes_in_the_database_is_seen_within_seconds(door, paths, scratch):
    door.get("/library")
    assert is_kept(door.get("/library"))
    with closing(open_db(paths.db)) as db:
        db.execute("update installed set file_count = file_count + 1")  # any commit, behind the rule's back
    wait_for(lambda: not is_kept(door.get("/library")), timeout_s=30)


def test_a_page_says_by_its_tag_what_it_holds(door, paths, scratch):
    """Two pages of one size made in one second: who has the old one must not be told to keep it."""
    tags = set()
    for version in (2, 3):
        put_lesson(paths, scratch, {"index.html": b"x"}, id="tag", version=version, title=f"T {version}")
        door.get("/library")
        tags.add(door.get("/library").headers["etag"])
    assert len(tags) == 2
