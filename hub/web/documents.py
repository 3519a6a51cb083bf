"""Documents for programs: XML built as trees, kept in memory and sent like pages, each with its own type."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from lxml import etree

from hub.web.pagecache import make_page
from hub.web.pages import send_page
from hub.web.portal import browser_host, chosen, shelf_view, this_portal

ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2
# Of this program, made once: what an id is made of must never change, or readers see everything anew.
_NAMESPACE = uuid.UUID("6f3d1d0e-7a51-4c6e-9f0a-3a8e1f0c2b57")
_NEVER = "1970-01-01T00:00:00+00:00"
Element = etree._Element  # the class has no public name in lxml's stubs
View = Callable[..., str]


def document(
    media_type: str, *, keep: bool = True, has_query: bool = True
) -> Callable[[View], Callable[..., Response]]:
    """Send what a view returns as `media_type`; `keep` it until hub.db changes.

    Without `has_query` what stands behind `?` makes no other document.
    """

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def answer(**arguments: object) -> Response:
            if keep:
                cache = this_portal().pages
                address = request.full_path if has_query else request.path
                key = (media_type, address, chosen(), browser_host(), shelf_view().stamp)
                page = cache.get(key) or cache.put(key, view(**arguments))
            else:
                page = make_page(view(**arguments))
            response = send_page(page)
            response.content_type = media_type
            return response

        return answer

    return decorate


def new_root(namespace: str, tag: str, **prefixes: str) -> Element:
    """Return the root of a document whose elements are in `namespace`, without a prefix."""
    names: dict[Any, str] = {None: namespace} | prefixes  # lxml's stubs do not know None
    return etree.Element(f"{{{namespace}}}{tag}", nsmap=names)


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element, in the namespace of its parent unless `tag` names one."""
    if not tag.startswith("{"):
        tag = f"{{{etree.QName(parent).namespace}}}{tag}"
    element = etree.SubElement(parent, tag, {name: clean(value) for name, value in attributes.items()})
    if text is not None:
        element.text = clean(text)
    return element


def clean(text: str) -> str:
    """Return the text without what XML cannot carry."""
    return _NOT_XML.sub("", text)


def write(root: Element) -> str:
    """Return the document as text."""
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data.decode()


def stable_id(*parts: str) -> str:
    """Return the URN of a thing: the same for ever, on every hub that has the same thing."""
    return uuid.uuid5(_NAMESPACE, "\n".join(parts)).urn


def newest_time() -> str:
    """Return when something was installed last, ISO 8601; a hub without packs has no such time."""
    newest = shelf_view().newest
    return newest[0].installed_at if newest else _NEVER
