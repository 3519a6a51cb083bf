"""EPUB to title, chapter headings and text. Nothing is unpacked to disk, and nothing beyond the limits."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from content_packs.errors import BadDataError
from content_packs.text.html import MAX_HTML_BYTES, MAX_LANGUAGE, MAX_TITLE, read_html
from content_packs.text.plain import collapse
from content_packs.text.zips import UNREADABLE_ZIP

_CONTAINER = "META-INF/container.xml"
_MAX_XML_BYTES = 4 * 1024 * 1024
_MAX_CHAPTERS = 5000
_MAX_BOOK_BYTES = 64 * 1024 * 1024  # of all chapters, unpacked: twenty long novels
_MAX_MEMBERS = 100_000
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that EPUB allows
_UNREADABLE = (*UNREADABLE_ZIP, etree.XMLSyntaxError)


@dataclass(frozen=True, slots=True)
class EpubText:
    """What a book says. `headings` are those of its chapters, one a line."""

    title: str
    language: str
    headings: str
    text: str


class EpubError(BadDataError):
    """A file is no EPUB that a reader could open."""

    code = "bad-epub"


def read_epub(path: Path) -> EpubText:
    """Return what an EPUB says, chapters in reading order; a chapter that is broken is left out.

    Raises:
        EpubError: not a zip file, or its list of contents is missing or broken, or it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as book:
            return _read(book)
    except _UNREADABLE as error:
        raise EpubError(f"is not an EPUB: {error}", hint="Export the book again.") from error


def _read(book: zipfile.ZipFile) -> EpubText:
    if len(book.infolist()) > _MAX_MEMBERS:
        raise EpubError(f"is not an EPUB: expected at most {_MAX_MEMBERS} files in it")
    package_path = _package_path(book)
    package = _xml(book, package_path)
    headings: list[str] = []
    text: list[str] = []
    room_bytes = _MAX_BOOK_BYTES
    for href in _chapters(package):
        data = _chapter(book, posixpath.normpath(posixpath.join(posixpath.dirname(package_path), href)))
        room_bytes -= len(data)
        if room_bytes < 0:
            break
        page = read_html(data)
        headings.extend(filter(None, [page.headings]))
        text.extend(filter(None, [page.text]))
    return EpubText(
        _metadata(package, "title")[:MAX_TITLE],
        _metadata(package, "language")[:MAX_LANGUAGE],
        "\n".join(headings),
        "\n".join(text),
    )


def _package_path(book: zipfile.ZipFile) -> str:
    for element in _xml(book, _CONTAINER).iter("{*}rootfile"):
        if path := element.get("full-path"):
            return path
    raise EpubError(f"is not an EPUB: {_CONTAINER} names no package")


def _xml(book: zipfile.ZipFile, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    root = etree.fromstring(_member(book, name, _MAX_XML_BYTES), parser)
    if root is None:
        raise EpubError(f"is not an EPUB: {name} is not XML")
    return root


def _member(book: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    if book.getinfo(name).compress_type not in _COMPRESSIONS:
        raise EpubError(f"is not an EPUB: {name} is compressed in a way that readers do not know")
    with book.open(name) as member:
        data = member.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise EpubError(f"is not an EPUB: {name} is larger than {max_bytes} bytes")
    return data


def _chapter(book: zipfile.ZipFile, name: str) -> bytes:
    try:
        return _member(book, name, MAX_HTML_BYTES)
    except (EpubError, *_UNREADABLE):
        return b""  # one lost chapter does not lose the book


def _chapters(package: etree._Element) -> Iterator[str]:
    items = {item.get("id"): item for item in package.iter("{*}item")}
    for number, reference in enumerate(package.iter("{*}itemref")):
        item = items.get(reference.get("idref"))
        if number < _MAX_CHAPTERS and item is not None and item.get("media-type") in _CHAPTER_TYPES:
            yield unquote(item.get("href") or "")


def _metadata(package: etree._Element, name: str) -> str:
    for element in package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"):
        if value := collapse(element.text or ""):
            return value
    return ""
