"""Files inside an EPUB over HTTP, straight out of its zip: chapters, styles, pictures, fonts, recordings.

A book is as untrusted as any file of a pack. Its pages run no script, and what its zip says is not believed:
names are looked up and never become paths, types come from names, sizes are bounded.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from content_packs.items import type_of
from content_packs.text.epub_zip import UNREADABLE_EPUB, EpubError, EpubZip, open_epub
from content_packs.text.html import MAX_HTML_BYTES
from hub.web.bookpages import ENLARGED, STYLE_VERSION, render_chapter
from hub.web.byteserving import Headers, etag, is_unchanged
from hub.web.largebodies import LARGE_BYTES, LargeBodies
from hub.web.media_types import content_type, media_type
from hub.web.packfiles import PackFiles

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PAGES = ("application/xhtml+xml", "text/html", "application/xml")
_SHOWN = ("image/", "font/", "audio/", "video/", "text/css")
_MAX_BYTES = 512 * 1024 * 1024  # of one file: a recording
_PIECE_BYTES = 64 * 1024


class NoMemberError(Exception):
    """There is no such file in a book, or none that a page needs: status 404."""


@dataclass(frozen=True, slots=True)
class BookMember:
    """A file inside a book."""

    book: Path
    name: str


def policy(own: str) -> str:
    """Return the Content-Security-Policy of the files of books on the origin `own`."""
    files = f"'self' {own} data:"
    return (
        f"default-src 'none'; img-src {files}; media-src {files}; font-src {files};"
        f" style-src 'self' {own} 'unsafe-inline'; sandbox"
    )


def find_member(files: PackFiles, pack_id: str, path: str) -> BookMember | None:
    """Return the file that `<path of an EPUB>/<name inside>` means."""
    parts = path.split("/")
    for number in range(1, len(parts)):
        book = "/".join(parts[:number])
        if type_of(book) == "epub":
            found = files.find(pack_id, book)
            if found is not None and found.is_file():
                return BookMember(found, "/".join(parts[number:]))
    return None


def send_member(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    member: BookMember | None,
    headers: Headers,
    bodies: LargeBodies,
) -> Iterable[bytes]:
    """Answer a GET or HEAD with a file of a book; `headers` say all but what it is.

    Raises:
        NoMemberError: nothing to send; nothing is sent yet.
        TooManyBodiesError: not now; nothing is sent yet.
    """
    if member is None or not media_type(member.name).startswith((*_PAGES, *_SHOWN)):
        raise NoMemberError
    with ExitStack() as opened:
        try:
            book = opened.enter_context(open_epub(member.book))
            return _send(environ, start_response, book, member, headers, bodies, opened)
        except (EpubError, *UNREADABLE_EPUB) as error:
            raise NoMemberError from error


def _send(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    book: EpubZip,
    member: BookMember,
    headers: Headers,
    bodies: LargeBodies,
    opened: ExitStack,
) -> Iterable[bytes]:
    info = book.find(member.name)
    is_page = media_type(member.name) in _PAGES
    if info.file_size > (MAX_HTML_BYTES if is_page else _MAX_BYTES):
        raise NoMemberError
    text_size = _asked_size(environ) if is_page else ""
    stat = member.book.stat()
    tag = f'{etag(stat)[:-1]}-{info.CRC:x}-{STYLE_VERSION}{text_size}"'
    headers = [*headers, ("ETag", tag)]
    if is_unchanged(environ, tag, stat.st_mtime):
        start_response("304 Not Modified", headers)
        return ()
    kind, size = content_type(member.name), info.file_size
    whole: bytes | None = None
    if is_page:
        whole, kind = render_chapter(book.read(member.name, MAX_HTML_BYTES), text_size=text_size)
    elif size <= LARGE_BYTES:
        whole = book.read(member.name, LARGE_BYTES)
    if whole is not None:
        size = len(whole)
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    slot = bodies.admit(0 if is_head or whole is not None else size)
    start_response("200 OK", [*headers, ("Content-Type", kind), ("Content-Length", str(size))])
    if is_head or whole is not None:
        return () if is_head else (whole or b"",)
    opened.callback(slot.close)
    return _Pieces(book.read_pieces(member.name, _PIECE_BYTES), opened.pop_all())


def _asked_size(environ: "WSGIEnvironment") -> str:
    text_size: str = environ.get("QUERY_STRING", "").removeprefix("size=")
    return text_size if text_size in ENLARGED else ""


class _Pieces:
    """The bytes of a large file; the server closes it, and with it the book."""

    def __init__(self, pieces: Iterator[bytes], opened: ExitStack) -> None:
        self._pieces = pieces
        self._opened = opened

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Close the book."""
        self._opened.close()
