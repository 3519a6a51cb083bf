"""Signing in through the front door: what is finished stays so for all; guesses are slowed before Python."""

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from content_packs.depot import MIB
from hub.accounts import add_account
from hub.settings import HubPaths
from hub.web.sessions import COOKIE
from support.accounts import PASSWORD, token
from support.doors import Answer, Opened, ask, front_door, write_door_settings
from support.serving import serving
from support.shelves import put_lesson

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def paths(tmp_path: Path) -> HubPaths:
    paths = HubPaths(tmp_path / "hub")
    write_door_settings(paths)
    put_lesson(paths, tmp_path / "scratch")
    add_account(paths, "technician", PASSWORD, role="technician")
    return paths


def post(door: Opened, path: str, cookie: str, **form: str) -> Answer:
    return ask(
        door.port,
        path,
        door.hub_host,
        method="POST",
        body=(body := urlencode(form).encode()),
        Origin=door.url,
        Cookie=cookie,
        Content_Type=FORM,
        Content_Length=str(len(body)),
    )


def cookie_of(answer: Answer) -> str:
    return re.findall(rf"{COOKIE}=[^;]+", answer.headers["set-cookie"])[0]


def sign_in(door: Opened, password: str = PASSWORD) -> Answer:
    page = door.get("/signin")
    known = token(page.body.decode())
    return post(door, "/signin", cookie_of(page), name="technician", password=password, csrf_token=known)


def is_kept(answer: Answer) -> bool:
    """Whether nginx sent it without asking anybody."""
    return "accept-ranges" in answer.headers


def test_who_is_signed_in_gets_the_finished_pages_of_all_and_none_of_ones_own_is_kept(paths):
    with serving(paths), front_door(paths) as door:
        answer = sign_in(door)
        assert answer.status == 303
        cookie = cookie_of(answer)
        door.get("/", Cookie=cookie)
        mine, theirs = door.get("/", Cookie=f"language=uk; {cookie}"), door.get("/")
        assert mine.body == theirs.body
        assert is_kept(door.get("/", Cookie=cookie))
        assert is_kept(door.get("/", Cookie=f"{cookie}; language=uk")) or is_kept(
            door.get("/", Cookie=f"{cookie}; language=uk")
        )
        assert not is_kept(door.get("/", Cookie=f"{cookie}; other=x"))
        for path in ("/tech/accounts", "/start"):
            own = door.get(path, Cookie=cookie)
            assert (own.status, own.headers["cache-control"]) == (200, "no-store")
            assert door.get(path).status == 303
            assert door.get(path, Cookie=f"{COOKIE}=forged").status == 303
        kept = [path.read_bytes() for path in paths.pages.resolve().rglob("*.html")]
        assert kept
        assert not any(b"csrf_token" in page or b"technician</" in page for page in kept)
        lesson = door.get("/p/lesson/none", door.pack_host("lesson"), Cookie=cookie)
        assert "set-cookie" not in lesson.headers


def test_a_thousand_guesses_at_once_let_the_class_read_on(paths):
    with serving(paths), front_door(paths) as door:
        page = door.get("/signin")
        known, cookie = token(page.body.decode()), cookie_of(page)

        def guess(number: int) -> int:
            form = {"name": "technician", "password": f"guess {number}", "csrf_token": known}
            return post(door, "/signin", cookie, **form).status

        with ThreadPoolExecutor(40) as crowd:
            guesses = crowd.map(guess, range(1000))
            assert [door.get("/library").status for _ in range(20)] == [200] * 20
            statuses = list(guesses)
        assert statuses.count(422) <= 5
        assert set(statuses) <= {422, 429}
        assert sign_in(door).status == 429
        assert post(door, "/signin", cookie, name="x" * 20_000).status == 413


def test_passwords_that_were_checked_leave_no_memory_behind(tmp_path):
    """argon2 takes 19 MiB, in any of 64 threads; two at once, and none of them keeps it."""
    paths = HubPaths(tmp_path / "own")
    with serving(paths) as served:
        add_account(paths, "technician", PASSWORD, role="technician")
        host = f"127.0.0.1:{served.port}"
        page = ask(served.port, "/signin", host)
        known, cookie = token(page.body.decode()), cookie_of(page)

        def guess(number: int) -> int:
            body = urlencode({"name": f"name{number}", "password": "x", "csrf_token": known}).encode()
            connection = http.client.HTTPConnection(
                "127.0.0.1", served.port, timeout=30, source_address=(f"127.0.1.{number % 40 + 1}", 0)
            )
            headers = {"Host": host, "Origin": served.url, "Cookie": cookie, "Content-Type": FORM}
            with closing(connection):
                connection.request("POST", "/signin", body, headers)
                return connection.getresponse().status

        with ThreadPoolExecutor(40) as crowd:
            list(crowd.map(lambda _: ask(served.port, "/search?q=x", host), range(200)))
            before = pss_bytes(served.process.pid)
            statuses = list(crowd.map(guess, range(120)))
        assert statuses.count(422) > 20  # the others were sent away: too many at once
        assert pss_bytes(served.process.pid) - before < 30 * MIB


def pss_bytes(pid: int) -> int:
    """Return the proportional memory of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    own = int(re.findall(r"^Pss: +(\d+)", rollup, re.MULTILINE)[0]) * 1024
    return own + sum(pss_bytes(int(child)) for child in children)
