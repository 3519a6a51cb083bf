"""The page of one pack: what it is, how large, whose, what is in it, and what else there is like it."""

import posixpath
from collections.abc import Iterable
from itertools import groupby

from flask import Blueprint, Response, abort, render_template

from content_packs.items import Item, title_from
from content_packs.kinds.kolibri import ChannelInfo, read_channels
from hub.library.installed import InstalledPack
from hub.web.kinds import find_kind
from hub.web.listing import listing
from hub.web.pages import cached_page
from hub.web.paging import page_of
from hub.web.portal import page_language, shelf_view
from hub.web.subjects import find_subject

bp = Blueprint("pack", __name__)
ITEMS_ON_A_PAGE = 60
_RELATED = 4


@bp.get("/pack/<pack_id>")
def show(pack_id: str) -> Response:
    """One pack."""
    return _show(pack_id=pack_id)


@cached_page
def _show(pack_id: str) -> str:
    pack = find_pack(pack_id)
    items, channels = listing(pack).items, tuple(read_channels(pack.details))
    paging = page_of(len(items), ITEMS_ON_A_PAGE)
    return render_template(
        "pack/show.html",
        pack=pack,
        folders=group_by_folder(items[paging.slice]),
        count=len(items),
        paging=paging,
        channels=channels,
        only=find_beginning(pack, items, channels),
        related=find_related(pack, shelf_view().by_title(page_language()))[:_RELATED],
    )


def find_pack(pack_id: str) -> InstalledPack:
    """Return an installed pack; status 404 where there is none."""
    pack = shelf_view().by_id.get(pack_id)
    if pack is None:
        abort(404)
    return pack


def find_beginning(
    pack: InstalledPack, items: tuple[Item, ...], channels: tuple[ChannelInfo, ...]
) -> str | None:
    """Return the path at which the pack opens; None where there is a choice, or nothing, to open."""
    if find_kind(pack.pack.kind).opens_itself:
        return ""
    paths = [item.path for item in items] + [channel.id for channel in channels]
    return paths[0] if len(paths) == 1 else None


def find_related(pack: InstalledPack, packs: Iterable[InstalledPack]) -> list[InstalledPack]:
    """Return the other packs of the same subject: for the same grades and in the same language first."""
    subject, grades = find_subject(pack.pack.subject), set(pack.pack.grades)
    others = [p for p in packs if p.pack.id != pack.pack.id and find_subject(p.pack.subject) == subject]
    return sorted(
        others, key=lambda p: (grades.isdisjoint(p.pack.grades), p.pack.language != pack.pack.language)
    )


def group_by_folder(items: Iterable[Item]) -> list[tuple[str, list[Item]]]:
    """Return the items with the title of the folder that they lie in, empty for none; order stays."""
    return [(title_of(folder), list(inside)) for folder, inside in groupby(items, key=_folder)]


def _folder(item: Item) -> str:
    return posixpath.dirname(item.path)


def title_of(folder: str) -> str:
    """Return the path of a folder as people read it: `02_Відео/Дроби` is "Відео › Дроби"."""
    return " › ".join(title_from(part) for part in folder.split("/") if part)
