"""The portal's pages for programs that visit them all: /sitemap.xml (sitemaps.org) and /robots.txt.

A hub of many pages has an index there, of parts at /sitemap/2.xml and so on.
"""

from collections.abc import Iterator
from itertools import islice

from flask import Blueprint, abort, current_app, url_for

from hub.library.installed import InstalledPack
from hub.web.documents import add, document, new_root, write
from hub.web.kinds import find_kind
from hub.web.links import page_url, view_url
from hub.web.listing import listing
from hub.web.portal import shelf_view

bp = Blueprint("sitemap", __name__)
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
# The protocol allows 50,000; a part of so many takes a tenth of a second to make, and 350 kB in memory.
PART_ADDRESSES = 2_000
_NO_PAGES = ("assets", "blocked", "captive", "neighbour", "news", "opds", "preferences", "metrics", "sitemap")


@bp.get("/sitemap.xml")
@document("application/xml", has_query=False)
def pages() -> str:
    """Every page that somebody can come to by links, each once, or an index of the parts of that list."""
    parts = -(-_count_pages() // PART_ADDRESSES)
    if parts <= 1:
        return _write_part(1)
    root = new_root(_SITEMAP, "sitemapindex")
    for number in range(1, parts + 1):
        add(add(root, "sitemap"), "loc", page_url(url_for("sitemap.part", number=number)))
    return write(root)


@bp.get("/sitemap/<int:number>.xml")
@document("application/xml", has_query=False)
def part(number: int) -> str:
    """One part of the list."""
    if not 0 < number <= -(-_count_pages() // PART_ADDRESSES):
        abort(404)
    return _write_part(number)


@bp.get("/robots.txt")
@document("text/plain; charset=utf-8")
def robots() -> str:
    """What such programs may visit."""
    sitemap = page_url(url_for("sitemap.pages"))
    return f"User-agent: *\nDisallow: /set\nDisallow: /search?\n\nSitemap: {sitemap}\n"


def _write_part(number: int) -> str:
    root = new_root(_SITEMAP, "urlset")
    begin = (number - 1) * PART_ADDRESSES
    for pack, path in islice(_list_pages(), begin, begin + PART_ADDRESSES):
        url = add(root, "url")
        add(url, "loc", page_url(path if pack is None else _address(pack, path)))
        if pack is not None:
            add(url, "lastmod", pack.installed_at)
    return write(root)


def _count_pages() -> int:
    return sum(1 for _ in _list_pages())


def _list_pages() -> Iterator[tuple[InstalledPack | None, str]]:
    """Yield the addresses of our own pages, then what each pack has: see `_address`."""
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        is_page = not rule.arguments and "GET" in (rule.methods or ()) and "." not in rule.rule
        if is_page and rule.endpoint.partition(".")[0] not in _NO_PAGES:
            yield None, url_for(rule.endpoint)
    for pack in shelf_view().packs:
        yield pack, ""
        if find_kind(pack.pack.kind).opens_itself:
            yield pack, "/"
        for item in listing(pack).items:
            yield pack, item.path


def _address(pack: InstalledPack, path: str) -> str:
    """Return the page of an item; of "" that of the pack, and of "/" the one where the pack begins."""
    if not path:
        return url_for("pack.show", pack_id=pack.pack.id)
    return view_url(pack.pack.id, "" if path == "/" else path)
