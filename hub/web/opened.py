"""One item of a files pack, opened: what the functions that show a type of item are given."""

from dataclasses import dataclass
from pathlib import Path

from flask import abort, render_template

from content_packs.items import Item
from hub.library.installed import InstalledPack
from hub.web.listing import listing
from hub.web.portal import this_portal


@dataclass(frozen=True, slots=True)
class Opened:
    """An item, where it lies on this disk, and what is beside it in its pack."""

    pack: InstalledPack
    item: Item
    location: Path
    before: Item | None
    after: Item | None


def open_item(pack: InstalledPack, path: str) -> Opened:
    """Return the item at `path`; status 404 where the pack has none."""
    listed = listing(pack)
    items, place = listed.items, listed.places.get(path)
    location = this_portal().files.find(pack.pack.id, path)
    if place is None or location is None:
        abort(404)
    return Opened(
        pack,
        items[place],
        location,
        before=items[place - 1] if place else None,
        after=items[place + 1] if place + 1 < len(items) else None,
    )


def show_item(template: str, opened: Opened, **more: object) -> str:
    """Return the page of an item; templates of one type of item extend view/item.html."""
    return render_template(template, opened=opened, pack=opened.pack, item=opened.item, **more)
