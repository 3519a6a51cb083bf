"""Addresses: of the page that shows a thing, and of the thing itself on the packs' origin or in Kolibri."""

from urllib.parse import quote, urlencode

from flask import url_for

from hub.services import read_service
from hub.web.origins import Door, origin
from hub.web.portal import browser_host, content_url, entrance, this_portal

SAFE = "/!$&'()*+,;=:@~"  # what RFC 3986 lets stand in a path; '%', '#', '?' and spaces are quoted


def view_url(pack_id: str, path: str = "") -> str:
    """The portal's page that shows a pack, opened at `path`."""
    return (
        url_for("view.show", pack_id=pack_id, path=path) if path else url_for("view.start", pack_id=pack_id)
    )


def view_path(pack_id: str, path: str = "") -> str:
    """The page that shows a hit of the search, for those who are no request: the command line, a report."""
    return quote(f"/view/{pack_id}/{path}" if path else f"/pack/{pack_id}", safe=SAFE)


def file_url(pack_id: str, path: str, *, download: bool = False) -> str:
    """A file of a pack; `download`: to be kept, under its own name."""
    return content_url(pack_id, quote(f"/p/{pack_id}/{path}", safe=SAFE) + ("?download" if download else ""))


def extra_url(pack_id: str, path: str) -> str:
    """A file that the build of a pack made, such as the picture of a page."""
    return content_url(pack_id, quote(f"/x/{pack_id}/{path}", safe=SAFE))


def chapter_url(pack_id: str, book: str, member: str, *, size: str = "") -> str:
    """A file inside an EPUB; `size`: of the text, as the reader chose it."""
    return content_url(
        pack_id, quote(f"/e/{pack_id}/{book}/{member}", safe=SAFE) + (f"?size={size}" if size else "")
    )


def article_url(pack_id: str, path: str) -> str:
    """An article of a ZIM pack."""
    return content_url(pack_id, quote(f"/z/{pack_id}/{path}", safe=SAFE))


def kolibri_url(node_id: str) -> str | None:
    """A channel, topic or resource in Kolibri; None while Kolibri does not run."""
    service = read_service(this_portal().paths, "kolibri")
    if service is None or not service.get("up") or not isinstance(service.get("port"), int):
        return None
    at, name = entrance(), browser_host()
    base = at.kolibri_origin(name) if isinstance(at, Door) else origin(name, service["port"])
    return f"{base}/viewcontent?{urlencode({'node_id': node_id})}"


def page_url(path: str) -> str:
    """The whole address of a page of this portal (a path, already quoted), for programs and feeds."""
    return entrance().portal_origin(browser_host()) + path
