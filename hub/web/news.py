"""What is new on the hub, as an Atom feed (RFC 4287): each version of a pack that came, the newest first."""

from flask import Blueprint, url_for
from flask_babel import gettext

from hub.library.installed import InstalledPack, list_versions
from hub.web.display import size, subject_name
from hub.web.documents import ATOM, Element, add, document, new_root, newest_time, stable_id, write
from hub.web.links import page_url
from hub.web.portal import shelf_view, this_portal
from hub.web.subjects import find_subject

bp = Blueprint("news", __name__)
MEDIA_TYPE = "application/atom+xml"
MAX_ENTRIES = 50


@bp.get("/feed.atom")
@document(MEDIA_TYPE)
def feed() -> str:
    """The packs that came last."""
    settings = this_portal().settings
    root = new_root(ATOM, "feed")
    name = settings.portal.name or gettext("Classroom hub")
    add(root, "id", stable_id("news", settings.hub_id))
    add(root, "title", gettext("New lessons: %(name)s", name=name))
    add(root, "updated", newest_time())
    add(add(root, "author"), "name", name)
    add(root, "link", rel="self", type=MEDIA_TYPE, href=page_url(url_for("news.feed")))
    add(root, "link", rel="alternate", type="text/html", href=page_url(url_for("home.index")))
    for pack in shelf_view().newest[:MAX_ENTRIES]:
        _add_entry(root, pack)
    return write(root)


def _add_entry(root: Element, pack: InstalledPack) -> None:
    """Add a version of a pack. It is an entry of its own, since readers show each id as new only once."""
    meta = pack.pack
    is_update = any(version < meta.version for version in list_versions(this_portal().paths, meta.id))
    entry = add(root, "entry")
    add(entry, "id", stable_id("version", meta.id, str(meta.version)))
    add(entry, "title", meta.title)
    add(entry, "updated", pack.installed_at)
    if meta.author or meta.publisher:
        add(add(entry, "author"), "name", meta.author or meta.publisher)
    add(entry, "category", term="updated" if is_update else "installed")
    if meta.subject:
        subject = find_subject(meta.subject)
        add(entry, "category", term=subject.slug, label=subject_name(subject))
    add(entry, "rights", meta.licence)
    said = gettext("There is a new version") if is_update else gettext("New on this hub")
    words = " · ".join(filter(None, (said, size(pack.size_bytes), meta.description)))
    add(entry, "summary", words, type="text")
    address = page_url(url_for("pack.show", pack_id=meta.id))
    add(entry, "link", rel="alternate", type="text/html", hreflang=meta.language, href=address)
