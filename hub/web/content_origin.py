"""The second origin, where the files of packs are served and their scripts run. A plain WSGI application.

A pack is untrusted: nothing here reads or sets a cookie, nothing accepts a POST, and every page gets the CSP
`sandbox` without `allow-same-origin`, so that it runs in an origin of its own that no other page shares.

    /p/<pack_id>/<path>   a file of a pack
    /x/<pack_id>/<path>   a file that its build made: the picture of a page
    /e/<pack_id>/<path>/<member>  a file inside an EPUB of a pack
    /z/<pack_id>/<path>   an article of a ZIM pack, from kiwix-serve

Behind the front door nginx sends most files by itself, with the headers of `PACK_HEADERS` and `pack_policy`;
what it leaves to us it also sends, told where the file lies (X-Accel-Redirect), so that no thread waits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hub.settings import HubPaths
from hub.web import bookmembers
from hub.web.bookmembers import NoMemberError, find_member, send_member
from hub.web.byteserving import Headers, disposition, send_file
from hub.web.door import door_of, entrance_of
from hub.web.largebodies import RETRY_AFTER_S, LargeBodies, TooManyBodiesError
from hub.web.media_types import content_type
from hub.web.origins import Ports, host_name
from hub.web.packfiles import PackFiles
from hub.web.zimproxy import ZimBook, send_article

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FindPort = Callable[[str], int | None]
_Origins = tuple[str, str]  # the packs' and the portal's, as this browser calls them
SANDBOX = "allow-scripts allow-forms allow-popups allow-downloads allow-modals"
PDF = "application/pdf"
_UNSANDBOXED = (PDF,)  # browsers do not show a PDF in a sandbox; it is no page of this origin
_SOURCES = "'unsafe-inline' 'unsafe-eval' data: blob: about:"
_METHODS = "GET, HEAD, OPTIONS"
PACK_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-cache",
}
INSTALLED = "/installed/"  # what nginx sends for us: this, and the path below packs/
_PAGES = Path(__file__).parent / "templates" / "content_origin"
_MISSING = (_PAGES / "missing.html").read_bytes()
_BUSY = (_PAGES / "busy.html").read_bytes()


def create_content_origin(
    paths: HubPaths, *, ports: Ports, find_port: FindPort, bodies: LargeBodies
) -> "WSGIApplication":
    """Return the application of the packs' origin; it opens nothing until it is asked.

    `find_port` gives the port of loopback where kiwix-serve has a ZIM pack, or None while it has it not;
    `bodies` limits how many large files and articles run at once.
    """
    return _ContentOrigin(PackFiles(paths), ports, find_port, bodies)


@dataclass(frozen=True, slots=True)
class _Request:
    """One question, and how to answer it."""

    environ: "WSGIEnvironment"
    start_response: "StartResponse"
    origins: _Origins


class _ContentOrigin:
    def __init__(self, files: PackFiles, ports: Ports, find_port: FindPort, bodies: LargeBodies) -> None:
        self._files = files
        self._ports = ports
        self._find_port = find_port
        self._bodies = bodies

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        name = host_name(environ.get("HTTP_HOST", ""))
        if name is None:
            return _refuse(start_response, "400 Bad Request")
        origins = entrance_of(environ, self._ports).seen_from_pack(name)
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            allowed = [("Access-Control-Allow-Methods", _METHODS), ("Access-Control-Allow-Headers", "*")]
            start_response("204 No Content", [*_headers(origins, ""), *allowed])
            return ()
        if method not in ("GET", "HEAD"):
            return _refuse(start_response, "405 Method Not Allowed", [("Allow", _METHODS)])
        request = _Request(environ, start_response, origins)
        try:
            path = environ["PATH_INFO"].encode("latin-1").decode()
        except UnicodeError:
            return _missing(request)
        try:
            return self._answer(request, path)
        except TooManyBodiesError:
            return _busy(request)

    def _answer(self, request: _Request, path: str) -> Iterable[bytes]:
        _, area, pack_id, rest = (*path.split("/", 3), "", "", "")[:4]
        if area == "p":
            return self._send_pack_file(request, pack_id, rest)
        if area == "x":
            return self._send_extra(request, pack_id, rest)
        if area == "e":
            return self._send_member(request, pack_id, rest)
        port = self._find_port(pack_id) if area == "z" else None
        return (
            _missing(request) if port is None else self._send_article(request, ZimBook(pack_id, port), rest)
        )

    def _send_pack_file(self, request: _Request, pack_id: str, path: str) -> Iterable[bytes]:
        found = self._files.find(pack_id, path)
        if found is not None and found.is_dir():
            if path and not path.endswith("/"):
                location = quote(f"/p/{pack_id}/{path}/")
                return _refuse(request.start_response, "302 Found", [("Location", location)])
            path += "index.html"
            found = self._files.find(pack_id, path)
        if found is None or not found.is_file() or path.endswith("/"):
            return _missing(request)
        headers = _headers(request.origins, content_type(path))
        if request.environ.get("QUERY_STRING") == "download":
            headers.append(("Content-Disposition", disposition(found.name)))
        return self._send(request, found, headers)

    def _send_extra(self, request: _Request, pack_id: str, path: str) -> Iterable[bytes]:
        found = self._files.find_extra(pack_id, path)
        if found is None or not found.is_file():
            return _missing(request)
        return self._send(request, found, _headers(request.origins, content_type(path)))

    def _send_member(self, request: _Request, pack_id: str, path: str) -> Iterable[bytes]:
        found = find_member(self._files, pack_id, path)
        policy = ("Content-Security-Policy", bookmembers.policy(request.origins[0]))
        headers = [policy, *PACK_HEADERS.items()]
        try:
            return send_member(request.environ, request.start_response, found, headers, self._bodies)
        except NoMemberError:
            return _missing(request)

    def _send_article(self, request: _Request, book: ZimBook, path: str) -> Iterable[bytes]:
        headers = _headers(request.origins, "")
        return send_article(request.environ, request.start_response, book, path, headers, self._bodies)

    def _send(self, request: _Request, found: Path, headers: Headers) -> Iterable[bytes]:
        """Send a file below packs/, or let the door send it."""
        if door_of(request.environ) is None:
            return send_file(request.environ, request.start_response, found, headers, self._bodies)
        below_packs = found.relative_to(self._files.folder).as_posix()
        accelerated = ("X-Accel-Redirect", quote(INSTALLED + below_packs))
        request.start_response("200 OK", [*headers, accelerated, ("Content-Length", "0")])
        return ()


@lru_cache(maxsize=64)  # packs with hosts of their own, asked in turn
def pack_policy(own: str, portal: str, content_type: str) -> str:
    """Return the policy of what a pack sends, on its origin `own`, beside the portal's origin. Pure."""
    sources = f"default-src 'self' {own} {_SOURCES}; form-action 'self' {own}"
    if content_type in _UNSANDBOXED:
        return f"{sources}; frame-ancestors {portal}"
    # No frame-ancestors here: a sandboxed page has an opaque origin, which no source list can name, so
    # Chromium would block every frame inside a pack. Framing these pages gains nobody anything: they
    # have no cookies and no state.
    return f"{sources}; sandbox {SANDBOX}"


def _headers(origins: _Origins, content_type: str) -> Headers:
    headers = [("Content-Security-Policy", pack_policy(*origins, content_type)), *PACK_HEADERS.items()]
    return [*headers, ("Content-Type", content_type)] if content_type else headers


def _missing(request: _Request) -> Iterable[bytes]:
    headers = _headers(request.origins, "text/html; charset=utf-8")
    request.start_response("404 Not Found", [*headers, ("Content-Length", str(len(_MISSING)))])
    return (_MISSING,)


def _busy(request: _Request) -> Iterable[bytes]:
    headers = _headers(request.origins, "text/html; charset=utf-8")
    headers += [("Retry-After", str(RETRY_AFTER_S)), ("Content-Length", str(len(_BUSY)))]
    request.start_response("503 Service Unavailable", headers)
    return (_BUSY,)


def _refuse(start_response: "StartResponse", status: str, headers: Headers | None = None) -> Iterable[bytes]:
    start_response(status, [*(headers or []), ("Content-Length", "0"), ("X-Content-Type-Options", "nosniff")])
    return ()
