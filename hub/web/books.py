"""What a reading app can take from the hub: books of shelves, archives, and packs that open in a browser."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from content_packs import names
from hub.library.installed import InstalledPack
from hub.library.words import fold, plain, softer, split_tokens
from hub.web.kept import once_a_pack
from hub.web.listing import listing
from hub.web.media_types import media_type

# Of a shelf, what is read, heard or watched by itself; its pictures and pages belong to the pack's own page.
_TYPES = ("pdf", "epub", "document", "text", "markdown", "audio", "video", "other")
_MEDIA_TYPES = {  # as KOReader and Librera know them
    ".fb2": "application/fb2",
    ".djvu": "image/vnd.djvu",
    ".zim": "application/x-zim",
}


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entry of the catalogue. `path` is empty where the pack as a whole opens in a browser."""

    pack: InstalledPack
    path: str
    title: str
    language: str
    size_bytes: int

    @property
    def media_type(self) -> str:
        """What a reading app gets."""
        if not self.path:
            return "text/html"
        return _MEDIA_TYPES.get(PurePosixPath(self.path).suffix.lower()) or media_type(self.path)


def list_books(packs: Iterable[InstalledPack]) -> Iterator[CatalogueEntry]:
    """Yield what the packs hold, in the order of the packs and of their shelves."""
    for pack in packs:
        yield from _books_of(pack)


@once_a_pack
def _books_of(pack: InstalledPack) -> tuple[CatalogueEntry, ...]:
    if pack.pack.kind != "files":
        return (CatalogueEntry(pack, _archive(pack), pack.pack.title, pack.pack.language, pack.size_bytes),)
    return tuple(
        CatalogueEntry(pack, item.path, item.title, item.language or pack.pack.language, item.size)
        for item in listing(pack).items
        if item.type in _TYPES
    )


@once_a_pack
def _words_of(pack: InstalledPack) -> tuple[str, ...]:
    """Return what each book of a pack is found by: a space before each word, as `search_words` spells it."""
    meta = pack.pack
    shared = search_words(" ".join((meta.title, meta.author, meta.publisher, *meta.tags)))
    return tuple(
        "".join(f" {word}" for word in sorted(shared | search_words(book.title))) for book in _books_of(pack)
    )


def _archive(pack: InstalledPack) -> str:
    """Return the ZIM archive of a pack, which other programs can open; empty where it has none."""
    name = pack.details.get("zim") if pack.pack.kind == "zim" else None
    return name if isinstance(name, str) and not names.check_path(name) else ""


def search_words(text: str) -> frozenset[str]:
    """Return the words of a text in the one spelling in which they are compared."""
    return frozenset(softer(plain(word)) for token in split_tokens(text) if (word := fold(token)))


def find_books(packs: Iterable[InstalledPack], query: str) -> list[CatalogueEntry]:
    """Return the books of which some word begins with each word of `query`; all for an empty one."""
    begins = [f" {word}" for word in search_words(query)]
    return [
        book
        for pack in packs
        for book, words in zip(_books_of(pack), _words_of(pack), strict=True)
        if all(begin in words for begin in begins)
    ]
