"""One file over HTTP: conditional requests, one range, HEAD (RFC 9110 §13, §14). Plain WSGI, for speed."""

import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hub.web.largebodies import LargeBodies, Slot, TooManyBodiesError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = list[tuple[str, str]]
_PIECE_BYTES = 64 * 1024
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_POSITION_DIGITS = 19  # of more bytes than any disk has; Python refuses to count from 4300 digits on
# A player that is paused reads no more and would hold one of our threads; so it gets a film in pieces that
# mostly fit the socket buffers of both sides (RFC 9110 §15.3.7 allows less than was asked for).
PLAYER_PIECE_BYTES = 2 * 1024 * 1024
_PLAYER_ACCEPTS = ("identity;q=1", "video/", "audio/")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end` of a file, `end` not included."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes these are."""
        return self.end - self.start


class UnsatisfiableError(ValueError):
    """The range asked for lies outside the file: status 416."""


def etag(stat: os.stat_result) -> str:
    """Return a tag that changes whenever a file of the store does: they are never written in place."""
    return f'"{stat.st_size:x}-{stat.st_mtime_ns:x}-{stat.st_ino:x}"'


def parse_range(header: str, size: int) -> Span | None:
    """Return the one range asked for; None where all is to be sent (several ranges, nonsense).

    Raises:
        UnsatisfiableError: it begins behind the end.
    """
    match = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - _position(last)), size
    else:
        start, end = _position(first), min(size, _position(last) + 1) if last else size
        if last and _position(last) < start:
            return None
    if start >= size or end <= start:
        raise UnsatisfiableError(f"bytes {header!r} of {size}")
    return Span(start, end)


def _position(digits: str) -> int:
    """Return the number, or one behind the end of every file where there are too many digits."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < _POSITION_DIGITS else 10**_POSITION_DIGITS


def disposition(name: str) -> str:
    """Return a Content-Disposition that saves under `name` whatever its letters (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class _File(io.FileIO):
    """A file that gives its slot back when the server closes it."""

    slot = Slot(None)

    def close(self) -> None:
        super().close()
        self.slot.close()


def send_file(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    path: Path,
    headers: Headers,
    bodies: LargeBodies,
) -> Iterable[bytes]:
    """Answer a GET or HEAD with the bytes of `path`; `headers` say what it is.

    Raises:
        TooManyBodiesError: not now; nothing is sent yet.
    """
    file = _File(os.open(path, os.O_RDONLY | os.O_NOFOLLOW))
    stat = os.fstat(file.fileno())
    tag, modified = etag(stat), formatdate(stat.st_mtime, usegmt=True)
    headers = [*headers, ("ETag", tag), ("Last-Modified", modified), ("Accept-Ranges", "bytes")]
    if is_unchanged(environ, tag, stat.st_mtime):
        file.close()
        start_response("304 Not Modified", headers)
        return ()
    try:
        span = _wanted(environ, stat.st_size, tag, modified)
    except UnsatisfiableError:
        file.close()
        headers += [("Content-Range", f"bytes */{stat.st_size}"), ("Content-Length", "0")]
        start_response("416 Range Not Satisfiable", headers)
        return ()
    try:
        if environ["REQUEST_METHOD"] != "HEAD":
            file.slot = bodies.admit(span.size if span else stat.st_size)
    except TooManyBodiesError:
        file.close()
        raise
    return _send_span(environ, start_response, file, stat.st_size, span, headers)


def _send_span(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    file: _File,
    size: int,
    span: Span | None,
    headers: Headers,
) -> Iterable[bytes]:
    status, wanted = "200 OK", Span(0, size)
    if span is not None:
        status, wanted = "206 Partial Content", span
        headers.append(("Content-Range", f"bytes {span.start}-{span.end - 1}/{size}"))
    headers.append(("Content-Length", str(wanted.size)))
    start_response(status, headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        file.close()
        return ()
    file.seek(wanted.start)
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is not None and wanted.end == size:  # the server's sendfile knows only "to the end"
        result: Iterable[bytes] = wrapper(file, _PIECE_BYTES)
        return result
    return _pieces(file, wanted.size)


def _pieces(file: _File, size: int) -> Iterator[bytes]:
    with file:
        while size > 0 and (piece := file.read(min(_PIECE_BYTES, size))):
            size -= len(piece)
            yield piece


def is_unchanged(environ: Mapping[str, Any], tag: str, modified: float) -> bool:
    """Tell whether the browser has these bytes: `modified` in seconds since 1970."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        tags = {item.strip().removeprefix("W/") for item in known.split(",")}
        return tag in tags or "*" in tags
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    try:
        return since is not None and int(modified) <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):  # nonsense, or a year that no clock counts
        return False


def _wanted(environ: Mapping[str, Any], size: int, tag: str, modified: str) -> Span | None:
    header = environ.get("HTTP_RANGE")
    condition = environ.get("HTTP_IF_RANGE")
    if header is None or (condition is not None and condition not in (tag, modified)):
        return None
    span = parse_range(header, size)
    if span is not None and span.end == size and condition is None and _is_player(environ):
        return Span(span.start, min(span.end, span.start + PLAYER_PIECE_BYTES))
    return span


def _is_player(environ: Mapping[str, Any]) -> bool:
    accepts = environ.get("HTTP_ACCEPT_ENCODING", ""), environ.get("HTTP_ACCEPT", "")
    return any(value.startswith(_PLAYER_ACCEPTS) for value in accepts)
