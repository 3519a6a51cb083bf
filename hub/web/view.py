"""The content itself: always inside a page of the portal whose bar leads back and home."""

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from content_packs.items import Item, read_items
from hub.library.installed import InstalledPack
from hub.web.epub import show_epub
from hub.web.links import article_url, file_url
from hub.web.pack import find_pack
from hub.web.pages import fresh_page
from hub.web.pdf import view_pdf
from hub.web.portal import this_portal
from hub.web.reading import MAX_TEXT_BYTES, render_markdown, render_plain

bp = Blueprint("view", __name__, url_prefix="/view")
_FRAMED_TYPES = ("html",)
_BEGINNING_KINDS = ("web", "zim")


@bp.get("/<pack_id>/")
def start(pack_id: str) -> ResponseReturnValue:
    """A pack at the place where it begins; of a shelf or a course that is its own page."""
    if find_pack(pack_id).pack.kind not in _BEGINNING_KINDS:
        return redirect(url_for("pack.show", pack_id=pack_id))
    return _show(pack_id=pack_id, path="")


@bp.get("/<pack_id>/<path:path>")
def show(pack_id: str, path: str) -> Response:
    """A pack, opened at one page, file, article or resource."""
    return _show(pack_id=pack_id, path=path)


@fresh_page
def _show(pack_id: str, path: str) -> str:
    pack = find_pack(pack_id)
    if pack.pack.kind == "zim":
        return _frame(pack, article_url(pack_id, path or pack.details.get("main", "")))
    if pack.pack.kind == "kolibri":
        return render_template("view/kolibri.html", pack=pack, node_id=path)
    if pack.pack.kind == "web":
        return _web_page(pack, path or pack.pack.entry)
    return _item(pack, path)


def _frame(pack: InstalledPack, url: str) -> str:
    return render_template("view/frame.html", pack=pack, url=url)


def _web_page(pack: InstalledPack, path: str) -> str:
    if this_portal().files.find(pack.pack.id, path) is None:
        abort(404)
    return _frame(pack, file_url(pack.pack.id, path))


def _item(pack: InstalledPack, path: str) -> str:
    items = tuple(read_items(pack.details))
    place = next((number for number, item in enumerate(items) if item.path == path), None)
    if place is None or this_portal().files.find(pack.pack.id, path) is None:
        abort(404)
    item = items[place]
    if item.type in _FRAMED_TYPES:
        return _frame(pack, file_url(pack.pack.id, path))
    before = items[place - 1] if place else None
    after = items[place + 1] if place + 1 < len(items) else None
    if item.type == "epub":
        return show_epub(pack, item, before, after)
    if item.type == "pdf" and (pdf := view_pdf(pack, item)) is not None:
        return render_template("view/pdf.html", pack=pack, item=item, pdf=pdf, before=before, after=after)
    return render_template(
        "view/item.html",
        pack=pack,
        item=item,
        text=_read_text(pack, item),
        before=before,
        after=after,
    )


def _read_text(pack: InstalledPack, item: Item) -> str:
    render = {"markdown": render_markdown, "text": render_plain}.get(item.type)
    found = this_portal().files.find(pack.pack.id, item.path)
    if render is None or found is None or found.stat().st_size > MAX_TEXT_BYTES:
        return ""
    return render(found.read_bytes(), pack.pack.id, item.path)
