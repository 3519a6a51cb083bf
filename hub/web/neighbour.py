"""For other hubs of this network: the files of packs, by hash, so that each travels over one uplink only.

    POST /neighbour/have                      raw hashes of 32 bytes → one "1" or "0" for each
    POST /neighbour/files                     raw hashes of 32 bytes → the files, one after another
    GET  /neighbour/file/<sha256>             one file, whole or a range of it
    GET  /neighbour/index/<pack id>/<version> the index of an installed version, as it lies here

Only what lies in the store and the indexes can be had: all of it comes from packs, nothing from people. Who
asks trusts none of it, and compares hashes. Normative text: docs/format/depot-v1.md.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from content_packs.depot import INDEX_NAME, MAX_VERSION, is_pack_id
from content_packs.neighbour import (
    HASH_BYTES,
    HUB_ID_HEADER,
    MAX_ANSWER_BYTES,
    MAX_HASHES,
    RETRY_AFTER_S,
    unpack_hashes,
)
from hub.library.store import Store
from hub.web.byteserving import Span, UnsatisfiableError, parse_range
from hub.web.downloads import WINDOW_S, Downloads
from hub.web.largebodies import TooManyBodiesError
from hub.web.portal import portal_of, this_portal

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState

_PIECE_BYTES = 32 * 1024  # so that a slow reader is seen to be slow
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSION = "neighbour"

bp = Blueprint("neighbour", __name__, url_prefix="/neighbour")
View = Callable[..., Response]


@bp.record
def _prepare(state: "BlueprintSetupState") -> None:
    """Give each portal its own count of downloads."""
    patience_s = portal_of(state.app).settings.portal.patience_s
    state.app.extensions[_EXTENSION] = Downloads(window_s=min(WINDOW_S, patience_s))


def _shared(view: View) -> View:
    """Answer 404 where hub.toml says `sync.share = false`, and name this hub."""

    @wraps(view)
    def answer(**arguments: object) -> Response:
        settings = this_portal().settings
        response = view(**arguments) if settings.sync.share else _refuse(404)
        response.headers[HUB_ID_HEADER] = settings.hub_id
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


@bp.post("/have")
@_shared
def have() -> Response:
    """Which of these files are here."""
    hashes = _read_hashes()
    if hashes is None:
        return _refuse(400)
    store = _store()
    return _bytes("".join("1" if store.path(sha256).is_file() else "0" for sha256 in hashes).encode())


@bp.post("/files")
@_shared
def files() -> Response:
    """Several small files in the order in which they were asked for; all of them, or status 404."""
    hashes = _read_hashes()
    if hashes is None or len(set(hashes)) < len(hashes):
        return _refuse(400)
    paths = [_store().path(sha256) for sha256 in hashes]
    try:
        size = sum(path.stat().st_size for path in paths)
    except OSError:
        return _refuse(404)
    if size > MAX_ANSWER_BYTES:
        return _refuse(400)
    return _send(lambda: _read_all(paths), size)


@bp.get("/file/<sha256>")
@_shared
def file(sha256: str) -> Response:
    """One file or a range of it, no longer than one answer may be."""
    if not _SHA256.fullmatch(sha256):
        return _refuse(404)
    path = _store().path(sha256)
    try:
        size = path.stat().st_size
        span = parse_range(request.headers.get("Range", ""), size)
    except OSError:
        return _refuse(404)
    except UnsatisfiableError:
        return _refuse(416)
    wanted = span or Span(0, size)
    if wanted.size > MAX_ANSWER_BYTES:
        return _refuse(400)
    response = _send(lambda: _read_span(path, wanted), wanted.size)
    if span is not None and response.status_code == 200:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    return response


@bp.get("/index/<pack_id>/<int:version>")
@_shared
def index(pack_id: str, version: int) -> Response:
    """The index of a version that is installed here."""
    if not is_pack_id(pack_id) or version > MAX_VERSION:
        return _refuse(404)
    try:
        return _bytes((this_portal().paths.packs / pack_id / str(version) / INDEX_NAME).read_bytes())
    except OSError:
        return _refuse(404)


def _store() -> Store:
    return Store(this_portal().paths.store, "")  # what is stored for good needs no boot


def _read_hashes() -> list[str] | None:
    """Return the hashes in the body, or None where it is no such list."""
    size = request.content_length or 0
    if size % HASH_BYTES or not 0 < size <= MAX_HASHES * HASH_BYTES:
        return None
    return unpack_hashes(request.get_data(cache=False))


def _send(read: Callable[[], Iterator[bytes]], size: int) -> Response:
    """Return a long answer, or status 503 where as many run as may."""
    downloads: Downloads = current_app.extensions[_EXTENSION]
    try:
        download = downloads.admit(request.remote_addr or "")
    except TooManyBodiesError:
        busy = _refuse(503)
        busy.headers["Retry-After"] = str(RETRY_AFTER_S)
        return busy
    response = Response(download.watched(read()), content_type="application/octet-stream")
    response.content_length = size
    response.call_on_close(download.close)
    return response


def _read_all(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from _read_span(path, None)


def _read_span(path: Path, span: Span | None) -> Iterator[bytes]:
    with path.open("rb") as source:
        left = path.stat().st_size if span is None else span.size
        source.seek(0 if span is None else span.start)
        while left > 0 and (piece := source.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece


def _bytes(data: bytes) -> Response:
    return Response(data, content_type="application/octet-stream")


def _refuse(status: int) -> Response:
    return Response(status=status, content_type="application/octet-stream")
