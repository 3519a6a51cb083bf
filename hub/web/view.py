"""The content itself: always inside a page of the portal whose bar leads back and home."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from content_packs.text.markdown import MAX_MARKDOWN_BYTES
from hub.library.installed import InstalledPack
from hub.web.course import show_node
from hub.web.epub import show_epub
from hub.web.kept import Kept
from hub.web.kinds import find_kind
from hub.web.links import article_url, file_url
from hub.web.opened import Opened, open_item, show_item
from hub.web.pack import find_pack
from hub.web.pages import fresh_page
from hub.web.pdf import show_pdf
from hub.web.portal import this_portal
from hub.web.reading import MAX_TEXT_BYTES, render_markdown, render_plain, without_title

bp = Blueprint("view", __name__, url_prefix="/view")
_texts: Kept[Markup] = Kept(16)  # Markdown made to be slow takes seconds; a whole class opens the same text


@bp.after_request
def count(response: Response) -> Response:
    """Count that something of a pack was opened; nothing of who did. Always asked, also behind the door."""
    pack_id = (request.view_args or {}).get("pack_id")
    if pack_id is not None and request.method == "GET" and response.status_code in (200, 304):
        this_portal().usage.count(pack_id)
    return response


@bp.get("/<pack_id>/")
def start(pack_id: str) -> ResponseReturnValue:
    """A pack at the place where it begins; of a shelf or a course that is its own page."""
    if not find_kind(find_pack(pack_id).pack.kind).opens_itself:
        return redirect(url_for("pack.show", pack_id=pack_id))
    return _show(pack_id=pack_id, path="")


@bp.get("/<pack_id>/<path:path>")
def show(pack_id: str, path: str) -> Response:
    """A pack, opened at one page, file, article or resource."""
    return _show(pack_id=pack_id, path=path)


@fresh_page
def _show(pack_id: str, path: str) -> str:
    pack = find_pack(pack_id)
    return _KINDS.get(pack.pack.kind, _shelf_item)(pack, path)


def _frame(pack: InstalledPack, url: str) -> str:
    return render_template("view/frame.html", pack=pack, url=url, title=pack.pack.title)


def _article(pack: InstalledPack, path: str) -> str:
    return _frame(pack, article_url(pack.pack.id, path or pack.details.get("main", "")))


def _web_page(pack: InstalledPack, path: str) -> str:
    path = path or pack.pack.entry
    if this_portal().files.find(pack.pack.id, path) is None:
        abort(404)
    return _frame(pack, file_url(pack.pack.id, path))


def _shelf_item(pack: InstalledPack, path: str) -> str:
    opened = open_item(pack, path)
    return _TYPES.get(opened.item.type, _file)(opened)


_KINDS: dict[str, Callable[[InstalledPack, str], str]] = {
    "web": _web_page,
    "zim": _article,
    "kolibri": show_node,
    "files": _shelf_item,
}


def _framed(opened: Opened) -> str:
    url = file_url(opened.pack.pack.id, opened.item.path)
    return show_item("view/frame.html", opened, url=url, title=opened.item.title)


def _markdown(opened: Opened) -> str:
    stat, pack_id = opened.location.stat(), opened.pack.pack.id
    if stat.st_size > MAX_MARKDOWN_BYTES:
        return _plain(opened)
    # Its pictures have whole addresses, which begin as this browser knows the hub.
    key = (opened.location, stat.st_mtime_ns, stat.st_size, file_url(pack_id, ""))
    data = opened.location.read_bytes
    return _text(opened, _texts.get(key, lambda: render_markdown(data(), pack_id, opened.item.path)))


def _plain(opened: Opened) -> str:
    if opened.location.stat().st_size > MAX_TEXT_BYTES:
        return _file(opened)
    return _text(opened, render_plain(opened.location.read_bytes()))


def _text(opened: Opened, text: Markup) -> str:
    return show_item("view/text.html", opened, text=without_title(text, opened.item.title))


def _video(opened: Opened) -> str:
    return show_item("view/video.html", opened)


def _audio(opened: Opened) -> str:
    return show_item("view/audio.html", opened)


def _picture(opened: Opened) -> str:
    return show_item("view/picture.html", opened)


def _file(opened: Opened) -> str:
    return show_item("view/file.html", opened)


_TYPES: dict[str, Callable[[Opened], str]] = {  # a type that is not here is offered as a file
    "audio": _audio,
    "epub": show_epub,
    "html": _framed,
    "image": _picture,
    "markdown": _markdown,
    "pdf": show_pdf,
    "text": _plain,
    "video": _video,
}
