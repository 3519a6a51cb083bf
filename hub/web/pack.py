"""The page of one pack: what it is, how large, whose, and what is in it."""

from flask import Blueprint, Response, abort, render_template

from content_packs.items import read_items
from content_packs.kinds.kolibri import read_channels
from hub.library.installed import InstalledPack
from hub.web.pages import cached_page
from hub.web.paging import page_of
from hub.web.portal import shelf_view

bp = Blueprint("pack", __name__)
ITEMS_ON_A_PAGE = 100


@bp.get("/pack/<pack_id>")
def show(pack_id: str) -> Response:
    """One pack."""
    return _show(pack_id=pack_id)


@cached_page
def _show(pack_id: str) -> str:
    pack = find_pack(pack_id)
    items = tuple(read_items(pack.details))
    paging = page_of(len(items), ITEMS_ON_A_PAGE)
    return render_template(
        "pack/show.html",
        pack=pack,
        items=items[paging.slice],
        count=len(items),
        paging=paging,
        channels=tuple(read_channels(pack.details)),
    )


def find_pack(pack_id: str) -> InstalledPack:
    """Return an installed pack; status 404 where there is none."""
    pack = shelf_view().by_id.get(pack_id)
    if pack is None:
        abort(404)
    return pack
