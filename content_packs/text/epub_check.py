"""What readers of an EPUB would stumble over, in words."""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from content_packs.source import Severity
from content_packs.text.epub_package import Book, read_book, read_package
from content_packs.text.epub_zip import UNREADABLE_EPUB, EpubError, EpubZip, open_epub
from content_packs.text.html import MAX_HTML_BYTES, read_html
from content_packs.text.xml import parse_xml

_ENCRYPTION = "META-INF/encryption.xml"
_MIXED_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_FONTS = (".ttf", ".otf", ".woff", ".woff2")
_AGAIN = "Export the book again."
_SHOWN = 3  # names in a message

Doubt = tuple[str, str, Severity]


def check_epub(path: Path) -> Iterator[Doubt]:
    """Yield message, hint and severity of each fault that a learner would meet. Never raises EpubError."""
    try:
        with open_epub(path) as book:
            doubts = [*_check(book)]
    except EpubError as error:
        doubts = [(error.message, error.hint or "", "error")]
    yield from doubts


def _check(book: EpubZip) -> Iterator[Doubt]:
    package = read_package(book)
    if locked := _list_locked(book):
        hint = "Get a copy without copy protection: no reader but its shop's opens this one."
        yield f"is copy-protected (DRM): {_some(locked)}", hint, "error"
        return
    read = read_book(book)
    named = list(package.list_chapters())
    if missing := sorted({name for name in named if name not in book.names}):
        yield f"lacks chapters that it names: {_some(missing)}", _AGAIN, "warning"
    if not read.has_contents and len(read.chapters) > 1:
        hint = "Learners see its chapters without a table of contents; add one where you can."
        yield "has no table of contents that can be read", hint, "warning"
    if any("scripted" in (item.get("properties") or "").split() for item in package.items.values()):
        hint = "Its exercises do not work on the hub; make a web pack of them instead."
        yield "uses scripts, which the hub does not run in books", hint, "warning"
    yield from _check_chapters(book, read)


def _check_chapters(book: EpubZip, read: Book) -> Iterator[Doubt]:
    lost: list[str] = []
    broken: list[str] = []
    words = False
    for name in read.chapters:
        try:
            data = book.read(name, MAX_HTML_BYTES)
        except (EpubError, *UNREADABLE_EPUB):
            lost.append(name)
            continue
        words = words or bool(read_html(data).text) or b"<img" in data or b"<image" in data
        if not _is_xml(data):
            broken.append(name)
    if lost:
        yield f"has chapters that cannot be read: {_some(lost)}", _AGAIN, "warning"
    if broken:
        hint = "Browsers show it as well as they can; export the book again where it looks wrong."
        yield f"has chapters that are not XHTML: {_some(broken)}", hint, "warning"
    if not words and not lost:
        yield "has neither words nor pictures in its chapters", _AGAIN, "warning"


def _list_locked(book: EpubZip) -> list[str]:
    """Return the encrypted files that are no fonts in the mixed form that EPUB allows."""
    if _ENCRYPTION not in book.names:
        return []
    locked = []
    for data in book.read_xml(_ENCRYPTION).iter("{*}EncryptedData"):
        method, reference = data.find("{*}EncryptionMethod"), data.find(".//{*}CipherReference")
        algorithm = method.get("Algorithm") if method is not None else ""
        uri = (reference.get("URI") or "") if reference is not None else ""
        if algorithm not in _MIXED_FONTS and posixpath.splitext(uri)[1].lower() not in _FONTS:
            locked.append(uri)
    return locked


def _is_xml(data: bytes) -> bool:
    try:
        parse_xml(data)
    except etree.XMLSyntaxError as error:
        return "Entity" in str(error)  # such as &nbsp;, which every browser is given
    return True


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
