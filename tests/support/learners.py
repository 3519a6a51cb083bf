"""Simulated learners: each opens pages as a browser does, thinks, and notes how long everything took.

Each has an address of its own on loopback, so that the hub's limits for one address count as in a class.
"""

import html
import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

MB = 1_000_000
_TIMEOUT_S = 20.0
_MOST_REDIRECTS = 4
_PIECE_BYTES = 64 * 1024
_SRC = r'<{}\b[^>]* src="([^"]+)"'
_TARGET = re.compile(r'href="([^"]*/viewcontent\?[^"]+)"')
_LINK = re.compile(r'<(?:link\b[^>]* href|img\b[^>]* src)="([^":]+)"')
_TYPED_EVERY = 3  # letters between two questions for suggestions
_PLAYED_PIECES = 3  # of a film, 1 MB each
_SEARCHED_IN_ZIM = ("variables", "loops", "strings", "function", "dictionary", "recursion", "modules")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what for, when it began, how long until the last byte, and what was wrong."""

    kind: str
    began: float  # time.monotonic()
    took_s: float
    fault: str = ""


@dataclass(slots=True)
class Lessons:
    """What a class works with. `renewed_at`: when version 2 of the lesson was there, by time.monotonic()."""

    home: str  # the portal's address
    lesson: str  # a web pack whose pages and title name their version
    large_page: str
    film: str
    film_data: bytes
    article: str
    book: str
    document: str
    course: str | None  # a page that leads to Kolibri
    queries: Sequence[str]
    old: bytes
    new: bytes
    renewed_at: float | None = None


@dataclass(slots=True)
class Class:
    """Learners at work together: for so long, and until each has done everything after the install too."""

    lessons: Lessons
    size: int
    seconds: float
    most_s: float = 120.0
    think_s: tuple[float, float] = (0.5, 3.0)
    asked: list[Asked] = field(default_factory=list)

    def work(self) -> list[Asked]:
        """Let all work until the time is over; return what they asked for."""
        threads = [
            threading.Thread(target=_Learner(self, number).work, name=f"learner-{number}")
            for number in range(self.size)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.asked


class _Learner:
    def __init__(self, whole: Class, number: int) -> None:
        self._class, self._lessons = whole, whole.lessons
        self._chance = random.Random(number)
        self._until = time.monotonic() + whole.seconds
        self._at_most = time.monotonic() + whole.most_s
        self._address = f"127.0.1.{number + 1}"
        self._open: dict[int, http.client.HTTPConnection] = {}

    def work(self) -> None:
        """Do everything once, and once more after the install; beside that one thing after another."""
        todo = self._everything()
        knows = False
        self._think()
        while time.monotonic() < self._at_most and (todo or not knows or time.monotonic() < self._until):
            if not knows and self._lessons.renewed_at is not None:
                knows, todo = True, self._everything()
            activity = todo.pop() if todo else self._chance.choice(ACTIVITIES)
            with suppress(_GaveUpError):  # it is noted
                activity(self)
            self._think()
        for connection in self._open.values():
            connection.close()

    def _everything(self) -> list[Callable[["_Learner"], None]]:
        return self._chance.sample(ACTIVITIES, len(ACTIVITIES))

    def _think(self) -> None:
        time.sleep(self._chance.uniform(*self._class.think_s))

    def open_home(self) -> None:
        self._page("home", "/", fresh=True)

    def look_through_library(self) -> None:
        self._page("library", "/library", fresh=True)
        self._think()
        self._page("library", f"/library?grade={self._chance.randint(1, 11)}")

    def read_lesson(self) -> None:
        self._page("item page", f"/pack/{self._lessons.lesson}", fresh=True)
        self._think()
        view = self._page("view", f"/view/{self._lessons.lesson}/")
        url, page = self._part("pack file", view, "iframe", fresh=True)
        for linked in _LINK.findall(page.decode()):
            self._get("pack file", urljoin(url, html.unescape(linked)))

    def read_large_page(self) -> None:
        self._part("2 MB page", self._page("view", self._lessons.large_page), "iframe")

    def search(self) -> None:
        query = self._misspelt(self._chance.choice(self._lessons.queries))
        for end in range(2, min(len(query), 9), _TYPED_EVERY):
            self._page("suggestions", f"/search/suggest?q={quote(query[:end])}")
        self._page("search", f"/search?q={quote(query)}", fresh="old")

    def search_zim(self) -> None:
        words = " ".join(self._chance.sample(_SEARCHED_IN_ZIM, 2))
        self._page("search of a ZIM", f"/search?q={quote(words)}")

    def watch_film(self) -> None:
        view = self._page("view", self._lessons.film)
        url = urljoin(*self._src(view, "video"))
        size = len(self._lessons.film_data)
        self._film(url, "bytes=0-", 0, MB // 2)
        self._film(url, f"bytes={size - 65536}-", size - 65536, 65536)
        for _ in range(_PLAYED_PIECES):
            start = self._chance.randrange(size - 2 * MB)
            self._film(url, f"bytes={start}-", start, MB)
            self._think()

    def read_article(self) -> None:
        self._part("ZIM article", self._page("view", self._lessons.article), "iframe")

    def read_book(self) -> None:
        self._page("view", self._lessons.book)
        for chapter in (1, 2):
            view = self._page("view", f"{self._lessons.book}?chapter={chapter}")
            self._part("EPUB chapter", view, "iframe")
            self._think()

    def read_document(self) -> None:
        view = self._page("view", self._lessons.document)
        base, page = view
        for source in re.findall(_SRC.format("img").encode() + rb' width="\d+"[^>]* loading', page):
            self._get("PDF page", urljoin(base, html.unescape(source.decode())))

    def open_course(self) -> None:
        if self._lessons.course is None:
            return
        base, page = self._page("view", self._lessons.course)
        found = _TARGET.search(page.decode())
        if found is None:
            self._note("Kolibri", time.monotonic(), "no way to Kolibri")
            return
        self._get("Kolibri", urljoin(base, html.unescape(found[1])))

    def _misspelt(self, query: str) -> str:
        """Leave one letter out of every fourth query."""
        if len(query) < 6 or self._chance.randrange(4):
            return query
        at = self._chance.randrange(1, len(query) - 1)
        return query[:at] + query[at + 1 :]

    def _page(self, kind: str, path: str, *, fresh: bool | str = False) -> tuple[str, bytes]:
        return self._get(kind, urljoin(self._lessons.home, path), fresh=fresh)

    def _part(
        self, kind: str, page: tuple[str, bytes], tag: str, *, fresh: bool | str = False
    ) -> tuple[str, bytes]:
        """Open what a page shows in an element."""
        return self._get(kind, urljoin(*self._src(page, tag)), fresh=fresh)

    def _src(self, page: tuple[str, bytes], tag: str) -> tuple[str, str]:
        url, data = page
        found = re.search(_SRC.format(tag).encode(), data)
        if found is None:
            self._note(f"{tag} of {urlsplit(url).path}", time.monotonic(), "not in the page")
            raise _GaveUpError
        return url, html.unescape(found[1].decode())

    def _get(self, kind: str, url: str, *, fresh: bool | str = False) -> tuple[str, bytes]:
        """Open an address, through redirects.

        `fresh`: the answer names the version that is there; "old": at least not the former one.
        """
        began = time.monotonic()
        try:
            for _ in range(_MOST_REDIRECTS):
                answer = self._answer(url, {"Accept-Encoding": "identity"})
                data = answer.read()
                if answer.status not in (301, 302, 303, 307, 308):
                    break
                url = urljoin(url, answer.headers["Location"])
        except (OSError, http.client.HTTPException) as error:
            self._note(kind, began, f"{urlsplit(url).path}: {error!r}")
            raise _GaveUpError from error
        fault = "" if answer.status == 200 else f"{urlsplit(url).path}: {answer.status}"
        self._note(kind, began, fault or (self._stale(url, data, began, fresh) if fresh else ""))
        if fault:
            raise _GaveUpError
        return url, data

    def _stale(self, url: str, data: bytes, began: float, fresh: bool | str) -> str:
        lessons = self._lessons
        if lessons.renewed_at is None or began < lessons.renewed_at:
            return ""
        if lessons.old in data or (fresh != "old" and lessons.new not in data):
            return f"{urlsplit(url).path}: stale, {began - lessons.renewed_at:.2f} s after the install"
        return ""

    def _film(self, url: str, asked: str, start: int, size: int) -> None:
        """Read so much of an answer and hang up, as players do."""
        began = time.monotonic()
        try:
            answer = self._answer(url, {"Range": asked})
            data = b"".join(iter_pieces(answer, size))
        except (OSError, http.client.HTTPException) as error:
            self._note("film", began, f"{asked}: {error!r}")
            raise _GaveUpError from error
        right = answer.status == 206 and data == self._lessons.film_data[start : start + size]
        self._note("film", began, "" if right else f"{asked}: {answer.status}, {len(data)} bytes")
        if not answer.isclosed():
            self._open.pop(_port(url)).close()
        if not right:
            raise _GaveUpError

    def _answer(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Ask over an open connection where there is one; a connection that ended meanwhile is made anew."""
        port = _port(url)
        known = self._open.pop(port, None)
        for connection in (known, self._connect(port)):
            if connection is None:
                continue
            try:
                parts = urlsplit(url)
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", path, headers={"Host": parts.netloc, **headers})
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException):
                connection.close()
                if connection is not known:
                    raise
                continue
            self._open[port] = connection
            return answer
        raise AssertionError

    def _connect(self, port: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", port, timeout=_TIMEOUT_S, source_address=(self._address, 0)
        )

    def _note(self, kind: str, began: float, fault: str) -> None:
        self._class.asked.append(Asked(kind, began, time.monotonic() - began, fault))


class _GaveUpError(Exception):
    """What is noted already."""


def iter_pieces(answer: http.client.HTTPResponse, size: int) -> "Sequence[bytes]":
    """Return the first `size` bytes of an answer, in pieces."""
    pieces = []
    while size > 0 and (piece := answer.read(min(size, _PIECE_BYTES))):
        pieces.append(piece)
        size -= len(piece)
    return pieces


def _port(url: str) -> int:
    return urlsplit(url).port or 80


ACTIVITIES: tuple[Callable[[_Learner], None], ...] = (
    _Learner.open_home,
    _Learner.look_through_library,
    _Learner.read_lesson,
    _Learner.read_large_page,
    _Learner.search,
    _Learner.search,
    _Learner.search_zim,
    _Learner.watch_film,
    _Learner.read_article,
    _Learner.read_book,
    _Learner.read_document,
    _Learner.open_course,
)
