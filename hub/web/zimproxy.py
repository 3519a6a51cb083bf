"""Articles of a ZIM, streamed from kiwix-serve on loopback; learners never reach kiwix-serve itself."""

import http.client
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from hub.settings import LOOPBACK
from hub.web.byteserving import Headers
from hub.web.largebodies import LargeBodies, Slot, TooManyBodiesError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_TIMEOUT_S = 20.0  # a Pi that unpacks a cold cluster from its card while a class searches
_PIECE_BYTES = 64 * 1024
_ASKED = {"HTTP_RANGE": "Range", "HTTP_IF_NONE_MATCH": "If-None-Match", "HTTP_IF_RANGE": "If-Range"}
_PASSED = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified")
_DOWN = "503 Service Unavailable"


@dataclass(frozen=True, slots=True)
class ZimBook:
    """One ZIM as kiwix-serve has it: on a port of loopback, named after its pack."""

    pack_id: str
    port: int

    def upstream_path(self, path: str) -> str:
        """Return kiwix-serve's address of an article; without a path, the one that leads to the main page."""
        return f"/raw/{self.pack_id}/content/{quote(path)}" if path else f"/{self.pack_id}/"

    def own_path(self, location: str) -> str | None:
        """Return our address of what kiwix-serve redirects to; None where that is outside this ZIM."""
        path = unquote(urlsplit(location).path)
        for prefix in (f"/raw/{self.pack_id}/content/", f"/{self.pack_id}/"):
            if path.startswith(prefix):
                return quote(f"/z/{self.pack_id}/{path.removeprefix(prefix)}")
        return None


def send_article(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    book: ZimBook,
    path: str,
    headers: Headers,
    bodies: LargeBodies,
) -> Iterable[bytes]:
    """Answer with one article; `headers` (the sandbox) stand beside those of kiwix-serve.

    Raises:
        TooManyBodiesError: not now; nothing is sent yet.
    """
    connection = http.client.HTTPConnection(LOOPBACK, book.port, timeout=_TIMEOUT_S)
    asked = {ours: environ[key] for key, ours in _ASKED.items() if key in environ}
    try:
        connection.request(environ["REQUEST_METHOD"], book.upstream_path(path), headers=asked)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException):
        connection.close()
        start_response(_DOWN, [*headers, ("Retry-After", "10"), ("Content-Length", "0")])
        return ()
    try:
        slot = bodies.admit(answer.length)
    except TooManyBodiesError:
        connection.close()
        raise
    start_response(f"{answer.status} {answer.reason}", [*headers, *_passed(answer.headers, book)])
    return _pieces(connection, answer, slot)


def _passed(found: Message, book: ZimBook) -> Headers:
    headers = [(name, found[name]) for name in _PASSED if name in found]
    location = book.own_path(found["Location"]) if "Location" in found else None
    return [*headers, ("Location", location)] if location else headers


def _pieces(
    connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, slot: Slot
) -> Iterator[bytes]:
    with closing(slot), closing(connection):
        while piece := answer.read(_PIECE_BYTES):
            yield piece
