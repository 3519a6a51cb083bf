"""An EPUB in the view: its table of contents, and its chapters one at a time under the bar."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from flask import abort, render_template, request, url_for

from content_packs.items import Item
from content_packs.text.epub_package import Book, TocEntry, read_book
from content_packs.text.epub_zip import EpubError, open_epub
from hub.library.installed import InstalledPack
from hub.web.bookpages import ENLARGED
from hub.web.links import chapter_url
from hub.web.opened import Opened, show_item
from hub.web.portal import chosen

_BOOKS_IN_MEMORY = 8
_MAX_DIGITS = 4


@dataclass(frozen=True, slots=True)
class BookView:
    """A book, or None with why there is none, and where its chapters are."""

    pack_id: str
    path: str
    book: Book | None

    def url(self, chapter: int = 0, fragment: str = "") -> str:
        """Return the portal's page of a chapter; of the table of contents for 0."""
        return url_for(
            "view.show",
            pack_id=self.pack_id,
            path=self.path,
            chapter=chapter or None,
            at=fragment or None,
        )


def show_epub(opened: Opened) -> str:
    """Return the page of a book, or of the chapter that the address asks for; status 404 for a wrong one."""
    view = BookView(opened.pack.pack.id, opened.item.path, _read(opened.location))
    if "chapter" in request.args:
        return _show_chapter(opened.pack, opened.item, view)
    return show_item("view/epub.html", opened, view=view)


def _show_chapter(pack: InstalledPack, item: Item, view: BookView) -> str:
    number = _asked_chapter()
    if view.book is None or number > len(view.book.chapters):
        abort(404)
    size = chosen().text_size
    url = chapter_url(
        pack.pack.id,
        item.path,
        view.book.chapters[number - 1],
        size=size if size in ENLARGED else "",
    )
    fragment = request.args.get("at", "")
    return render_template(
        "view/chapter.html",
        pack=pack,
        item=item,
        view=view,
        number=number,
        count=len(view.book.chapters),
        title=_title_of(view.book, number),
        url=f"{url}#{quote(fragment)}" if fragment else url,
    )


def _asked_chapter() -> int:
    text = request.args["chapter"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0
    return number or abort(404)


def _title_of(book: Book, number: int) -> str:
    """Return the title of a chapter, or of the part that it goes on with."""
    before = [entry for entry in book.contents if entry.chapter <= number and entry.title]
    return max(before, key=lambda entry: entry.chapter, default=_NOTHING).title


_NOTHING = TocEntry("", 0, "", 0)


def _read(place: Path) -> Book | None:
    stat = place.stat()
    return _read_once(place, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=_BOOKS_IN_MEMORY)
def _read_once(place: Path, _mtime_ns: int, _size: int) -> Book | None:
    try:
        with open_epub(place) as book:
            return read_book(book)
    except EpubError:
        return None
