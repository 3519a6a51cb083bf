"""What is on the shelf of a files pack, in the order in which it is shown: read once for every page."""

import posixpath
from dataclasses import dataclass

from content_packs.items import ITEM_TYPES, Item, read_items
from hub.library.installed import InstalledPack
from hub.web.kept import once_a_pack


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of a pack, none where it is no shelf; `places` tells where each path is among them."""

    items: tuple[Item, ...]
    places: dict[str, int]
    types: tuple[str, ...]  # that we know, each once


@once_a_pack
def listing(pack: InstalledPack) -> Listing:
    """Return what is on a shelf: loose items, then folder by folder."""
    items = tuple(read_items(pack.details))
    folders: dict[str, int] = {"": 0}
    for item in items:
        folders.setdefault(posixpath.dirname(item.path), len(folders))
    items = tuple(sorted(items, key=lambda item: folders[posixpath.dirname(item.path)]))
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(item.path, place)
    return Listing(items, places, tuple(sorted({item.type for item in items} & ITEM_TYPES)))
