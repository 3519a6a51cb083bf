"""A chapter of an EPUB as browsers take it: strict XHTML where it is, HTML where it is broken."""

import re
from html.entities import html5

from lxml import etree

from content_packs.text.plain import decode
from content_packs.text.xml import parse_xml

_XHTML = "http://www.w3.org/1999/xhtml"
# Comes before the book's own style, which may say otherwise, but for what would leave the screen.
_STYLE = (
    "html{{font-size:{percent}%}}"
    "body{{max-width:44rem;margin:0 auto;padding:1rem;line-height:1.6;"
    'font-family:system-ui,-apple-system,Roboto,"Segoe UI","Noto Sans",Arial,sans-serif;'
    "overflow-wrap:break-word;word-wrap:break-word;color:#16222e;background:#fff}}"
    "img,svg,video{{max-width:100%!important;height:auto}}pre{{white-space:pre-wrap}}"
    "table{{display:block;max-width:100%;overflow-x:auto}}"
)
ENLARGED = {"large": 120, "huge": 145}  # per cent, as portal.css has them
STYLE_VERSION = "1"  # grows with _STYLE: a part of what browsers compare
_DECLARATION = re.compile(r"^\s*(<\?xml[^>]*\?>)?\s*(<!DOCTYPE[^>\[]*(\[[^\]]*\])?[^>]*>)?", re.IGNORECASE)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = ("amp", "lt", "gt", "quot", "apos")
# HTML knows no `<a/>`: all that follows would stand inside.
_CLOSED_AT_ONCE = re.compile(
    r"<(a|b|div|em|i|iframe|p|script|span|strong|style|textarea|title|u)(\s[^<>]{0,500})?/>", re.IGNORECASE
)


def render_chapter(data: bytes, *, text_size: str = "") -> tuple[bytes, str]:
    """Return the page and its Content-Type. `text_size`: large, huge, or anything else for normal."""
    style = _STYLE.format(percent=ENLARGED.get(text_size, 100))
    text = _DECLARATION.sub("", decode(data).replace("\0", "\ufffd"), count=1)
    root = _parse(_NAMED.sub(_character, text))
    if root is None:
        page = _CLOSED_AT_ONCE.sub(r"<\1\2></\1>", text)
        made = f"<!doctype html><meta charset=utf-8><style>{style}</style>{page}"
        return made.encode("utf-8", "replace"), "text/html; charset=utf-8"
    _add_style(root, style)
    return b"<!DOCTYPE html>\n" + etree.tostring(
        root, encoding="utf-8"
    ), "application/xhtml+xml; charset=utf-8"


def _character(found: re.Match[str]) -> str:
    return found[0] if found[1] in _OF_XML else html5.get(f"{found[1]};", found[0])


def _parse(text: str) -> etree._Element | None:
    """Return the root of a page that browsers take as XHTML."""
    try:
        root = parse_xml(text.encode())
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        return None
    return root if root is not None and root.tag == f"{{{_XHTML}}}html" else None


def _add_style(root: etree._Element, style: str) -> None:
    head = root.find(f"{{{_XHTML}}}head")
    if head is None:
        head = etree.Element(f"{{{_XHTML}}}head")
        root.insert(0, head)
    element = etree.Element(f"{{{_XHTML}}}style")
    element.text = style
    head.insert(0, element)
