"""A PDF in the view: pictures of its pages, a few at a time, each with its words; or the words alone."""

from dataclasses import dataclass
from pathlib import Path

from flask import abort, request

from content_packs.items import Item
from content_packs.kinds.pdfs import page_extra, text_extra
from content_packs.pictures.pdf import MAX_PAGES
from content_packs.pictures.webp import read_webp_size
from hub.library.installed import InstalledPack
from hub.web.links import extra_url
from hub.web.opened import Opened, show_item
from hub.web.paging import asked_page
from hub.web.portal import this_portal

PAGES_AT_ONCE = 10  # about 500 kB of pictures
_MAX_TEXT_BYTES = 16 * 1024 * 1024  # of all pages; a thousand pages of a novel are 3 MB


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page; without a picture `url` is empty, without words `text`."""

    number: int
    text: str
    url: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class PdfView:
    """Some pages of a PDF, and the first ones of the groups before and after, 0 where there are none."""

    pages: tuple[PdfPage, ...]
    count: int
    before: int
    after: int
    as_text: bool
    pictured: bool


def show_pdf(opened: Opened) -> str:
    """Return the page of a PDF; the button that opens the file where the pack has nothing made of it."""
    pdf = view_pdf(opened.pack, opened.item)
    return show_item("view/file.html", opened) if pdf is None else show_item("view/pdf.html", opened, pdf=pdf)


def view_pdf(pack: InstalledPack, item: Item) -> PdfView | None:
    """Return the pages that the address asks for; None where the pack has neither pictures nor text of it.

    `?page=12` puts that page first; `&text` leaves the pictures out. Status 404 where there is no such page.
    """
    pack_id, first = pack.pack.id, asked_page()
    texts = _read_texts(pack_id, item.path)
    pictured = any(_find_picture(pack_id, item.path, number) for number in (1, first))
    if not (pictured or any(texts)):
        return None
    count = max(item.pages, len(texts), 1)
    if first > count:
        abort(404)
    last = min(count, first + PAGES_AT_ONCE - 1)
    pages = (_page(pack_id, item.path, number, texts) for number in range(first, last + 1))
    return PdfView(
        pages=tuple(pages),
        count=count,
        before=max(1, first - PAGES_AT_ONCE) if first > 1 else 0,
        after=last + 1 if last < count else 0,
        as_text="text" in request.args or not pictured,
        pictured=pictured,
    )


def _page(pack_id: str, path: str, number: int, texts: list[str]) -> PdfPage:
    text = texts[number - 1].strip() if number <= len(texts) else ""
    place = _find_picture(pack_id, path, number)
    size = read_webp_size(place) if place else None
    return (
        PdfPage(number, text, extra_url(pack_id, page_extra(path, number)), *size)
        if size
        else PdfPage(number, text)
    )


def _find_picture(pack_id: str, path: str, number: int) -> Path | None:
    return this_portal().files.find_extra(pack_id, page_extra(path, number)) if number <= MAX_PAGES else None


def _read_texts(pack_id: str, path: str) -> list[str]:
    place = this_portal().files.find_extra(pack_id, text_extra(path))
    if place is None or not place.is_file() or place.stat().st_size > _MAX_TEXT_BYTES:
        return []
    return place.read_text(encoding="utf-8", errors="replace").split("\f")
