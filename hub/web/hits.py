"""The hits of a search as a page shows them. What is the same for many hits is made once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from hub.library.installed import InstalledPack
from hub.library.search import Hit
from hub.web.display import icon, language_name, marked, translated
from hub.web.kinds import find_kind
from hub.web.links import view_path
from hub.web.portal import page_language

_PLACE = Markup("{}<span>{}{}{}</span>")
_OF_PACK = Markup(' · <span lang="{}">{}</span>')


@dataclass(frozen=True, slots=True)
class ShownHit:
    """One hit: its title leads to `url`, `place` says what it is and in which pack."""

    title: str
    url: str
    language: str
    snippet: Markup
    place: Markup


def show_hits(hits: Iterable[Hit], packs: Mapping[str, InstalledPack]) -> tuple[ShownHit, ...]:
    """Return the hits in the words of the page's language."""
    shown_in = page_language()
    return tuple(
        ShownHit(
            hit.title or hit.path,
            view_path(hit.pack_id, hit.path),
            hit.language,
            marked(hit.snippet_html),
            _place(hit.kind, _pack_of(hit, packs), hit.language, shown_in),
        )
        for hit in hits
    )


def _pack_of(hit: Hit, packs: Mapping[str, InstalledPack]) -> tuple[str, str] | None:
    """Return the title of the hit's pack and its language; None where the hit is the pack itself."""
    if not hit.path:
        return None
    pack = packs.get(hit.pack_id)
    return hit.pack_title, pack.pack.language if pack else hit.language


@lru_cache(maxsize=512)
def _place(kind: str, of_pack: tuple[str, str] | None, language: str, shown_in: str) -> Markup:
    label = find_kind(kind)
    pack = _OF_PACK.format(of_pack[1], of_pack[0]) if of_pack else ""
    other = f" · {language_name(language)}" if language != shown_in else ""
    return _PLACE.format(icon(label.icon), translated(label.name), pack, other)
