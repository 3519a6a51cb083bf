"""kiwix-serve's own search, for ZIMs that are too large for this hub's index: bounded in time and number.

A search of a large ZIM can hold kiwix-serve for a minute on a Pi (kiwix-tools issue 345), and a request that
nobody waits for any more goes on. So two are under way at most, a page waits 1.5 s for one and says so where
that was not enough, and what comes later is there for whoever asks again. docs/adr/0013-large-zims.md
"""

import html
import http.client
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from time import monotonic
from urllib.parse import unquote, urlencode, urlsplit

from lxml import etree

from content_packs.text.xml import parse_xml
from hub.settings import LOOPBACK

PATIENCE_S = 1.5  # of a page, for all its ZIMs together: field-notes/portal.md §4.2
_MOST_AT_ONCE = 2  # of kiwix-serve's four threads: articles still open while a class searches
_MOST_WAITING = 6  # pages that wait for an answer; of the portal's sixteen threads
_GIVE_UP_S = 30.0
_MOST_KEPT = 64  # answers
_HITS = 5
_MAX_ANSWER_BYTES = 200_000
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"


@dataclass(frozen=True, slots=True)
class ZimHit:
    """One article that kiwix-serve found."""

    title: str
    path: str
    snippet_html: str  # safe: escaped, then <mark> around what kiwix-serve found


@dataclass(frozen=True, slots=True)
class ZimHits:
    """What one ZIM has on a query."""

    pack_id: str
    hits: tuple[ZimHit, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ZimAnswer:
    """What the ZIMs had in time; `is_late` where one of them had no answer yet."""

    found: tuple[ZimHits, ...] = ()
    is_late: bool = False


class ZimSearch:
    """The searches of one portal. Any thread may ask."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="zim-search")
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int, str], Future[ZimHits | None]] = OrderedDict()
        self._waiting = 0

    def ask(self, pack_ids: Iterable[str], port: int, query: str) -> ZimAnswer:
        """Return what kiwix-serve on `port` finds in these packs within PATIENCE_S."""
        until = monotonic() + PATIENCE_S
        found: list[ZimHits] = []
        is_late = False
        for pack_id in pack_ids:
            answer = self._begin(pack_id, port, query)
            hits = self._wait(answer, until) if answer else None
            is_late = is_late or hits is None
            if hits and hits.hits:
                found.append(hits)
        return ZimAnswer(tuple(found), is_late)

    def _begin(self, pack_id: str, port: int, query: str) -> "Future[ZimHits | None] | None":
        """Return the answer to come, the same for all who ask the same; None where too much is under way."""
        key = (pack_id, port, query.casefold())
        with self._lock:
            known = self._answers.get(key)
            if known is not None and not (known.done() and known.result() is None):
                self._answers.move_to_end(key)
                return known
            if sum(not answer.done() for answer in self._answers.values()) >= _MOST_AT_ONCE:
                return None
            answer = self._workers.submit(partial(_fetch, pack_id, port, query))
            self._answers[key] = answer
            while len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)
            return answer

    def _wait(self, answer: "Future[ZimHits | None]", until: float) -> ZimHits | None:
        if answer.done():
            return answer.result()
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                return None
            self._waiting += 1
        try:
            return answer.result(max(0.0, until - monotonic()))
        except TimeoutError:
            return None
        finally:
            with self._lock:
                self._waiting -= 1


def _fetch(pack_id: str, port: int, query: str) -> ZimHits | None:
    """Return kiwix-serve's answer; None where it gives none."""
    asked = {"content": pack_id, "pattern": query, "format": "xml", "start": 0, "pageLength": _HITS}
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_GIVE_UP_S)) as connection:
        try:
            connection.request("GET", f"/search?{urlencode(asked)}")
            answer = connection.getresponse()
            data = answer.read(_MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            return None
    return read_answer(pack_id, data) if answer.status == http.client.OK else None


def read_answer(pack_id: str, data: bytes) -> ZimHits | None:
    """Return what an answer of kiwix-serve says; None where it is none. Pure."""
    try:
        root = parse_xml(data)
    except etree.XMLSyntaxError:
        return None
    channel = root.find("channel") if root is not None else None
    if channel is None or channel.getroottree().docinfo.internalDTD:
        return None
    hits = []
    for item in channel.iter("item"):
        if path := _path(item.findtext("link") or "", pack_id):
            hits.append(ZimHit(item.findtext("title") or path, path, _marked(item.find("description"))))
    digits = "".join(filter(str.isdecimal, channel.findtext(_TOTAL) or ""))
    return ZimHits(pack_id, tuple(hits), int(digits or len(hits)))


def _marked(description: etree._Element | None) -> str:
    """Return what kiwix-serve shows of an article: text, and <b> around what it found."""
    if description is None:
        return ""
    parts = [html.escape(description.text or "")]
    for child in description:
        parts.append(f"<mark>{html.escape(child.text or '')}</mark>{html.escape(child.tail or '')}")
    return "".join(parts)


def _path(link: str, pack_id: str) -> str:
    """Return the article that a link of kiwix-serve leads to; empty where it leads elsewhere."""
    path = unquote(urlsplit(link).path)
    for prefix in (f"/content/{pack_id}/", f"/{pack_id}/"):
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return ""
