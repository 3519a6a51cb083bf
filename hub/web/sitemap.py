"""The portal's pages for programs that visit them all: /sitemap.xml (sitemaps.org) and /robots.txt."""

from collections.abc import Iterator
from itertools import islice

from flask import Blueprint, current_app, url_for

from content_packs.items import read_items
from hub.library.installed import InstalledPack
from hub.web.documents import add, document, new_root, write
from hub.web.kinds import find_kind
from hub.web.links import page_url, view_url
from hub.web.portal import shelf_view

bp = Blueprint("sitemap", __name__)
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MAX_ADDRESSES = 50_000  # of one file, by the protocol
_NO_PAGES = ("assets", "captive", "neighbour", "news", "opds", "preferences", "metrics", "sitemap")


@bp.get("/sitemap.xml")
@document("application/xml", keep=False)
def pages() -> str:
    """Every page that somebody can come to by links, each once."""
    root = new_root(_SITEMAP, "urlset")
    for path, changed_at in islice(_list_pages(), _MAX_ADDRESSES):
        url = add(root, "url")
        add(url, "loc", page_url(path))
        if changed_at:
            add(url, "lastmod", changed_at)
    return write(root)


@bp.get("/robots.txt")
@document("text/plain; charset=utf-8")
def robots() -> str:
    """What such programs may visit."""
    sitemap = page_url(url_for("sitemap.pages"))
    return f"User-agent: *\nDisallow: /set\nDisallow: /search?\n\nSitemap: {sitemap}\n"


def _list_pages() -> Iterator[tuple[str, str]]:
    """Yield path and time of change, empty where nobody knows it."""
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        is_page = not rule.arguments and "GET" in (rule.methods or ()) and "." not in rule.rule
        if is_page and rule.endpoint.partition(".")[0] not in _NO_PAGES:
            yield url_for(rule.endpoint), ""
    for pack in shelf_view().packs:
        for path in _list_pack_pages(pack):
            yield path, pack.installed_at


def _list_pack_pages(pack: InstalledPack) -> Iterator[str]:
    yield url_for("pack.show", pack_id=pack.pack.id)
    if find_kind(pack.pack.kind).opens_itself:
        yield view_url(pack.pack.id)
    for item in read_items(pack.details):
        yield view_url(pack.pack.id, item.path)
