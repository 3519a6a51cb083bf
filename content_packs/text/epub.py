"""EPUB to title, chapter headings and text. Nothing is unpacked to disk, and nothing beyond the limits."""

from dataclasses import dataclass
from pathlib import Path

from content_packs.text.epub_package import read_package
from content_packs.text.epub_zip import UNREADABLE_EPUB, EpubError, EpubZip, open_epub
from content_packs.text.html import MAX_HTML_BYTES, read_html

_MAX_BOOK_BYTES = 64 * 1024 * 1024  # of all chapters, unpacked: twenty long novels


@dataclass(frozen=True, slots=True)
class EpubText:
    """What a book says. `headings` are those of its chapters, one a line."""

    title: str
    language: str
    headings: str
    text: str


def read_epub(path: Path) -> EpubText:
    """Return what an EPUB says, chapters in reading order; a chapter that is broken is left out.

    Raises:
        EpubError: not a zip file, or its list of contents is missing or broken, or it cannot be read.
    """
    with open_epub(path) as book:
        return _read(book)


def _read(book: EpubZip) -> EpubText:
    package = read_package(book)
    headings: list[str] = []
    text: list[str] = []
    room_bytes = _MAX_BOOK_BYTES
    for name in package.list_chapters():
        data = _chapter(book, name)
        room_bytes -= len(data)
        if room_bytes < 0:
            break
        page = read_html(data)
        headings.extend(filter(None, [page.headings]))
        text.extend(filter(None, [page.text]))
    return EpubText(package.title, package.language, "\n".join(headings), "\n".join(text))


def _chapter(book: EpubZip, name: str) -> bytes:
    try:
        return book.read(name, MAX_HTML_BYTES)
    except (EpubError, *UNREADABLE_EPUB):
        return b""  # one lost chapter does not lose the book
