"""From the index fragment of a module to the page that opens its pack."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, unquote, urlsplit

import nh3
from lxml import etree

from content_packs.broken_links import Tree
from content_packs.text.html import MAX_TITLE, parse_html
from content_packs.text.plain import collapse

_LINKS = {"a": "href", "area": "href", "img": "src", "source": "src", "audio": "src", "video": "src"}
_LIVE = ("script", "style", "link", "base", "meta", "iframe", "object", "embed", "noscript")
_SHOWN = {"src", "type", "alt", "title", "controls"}
_ATTRIBUTES = {"a": {"href", "title"}, "*": {"lang"}} | dict.fromkeys(
    ("img", "source", "audio", "video"), _SHOWN
)
_TAGS = nh3.ALLOWED_TAGS | {"audio", "video", "source", "section", "figure", "figcaption"}
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body{{max-width:50rem;margin:0 auto;padding:1rem;color:#16222e;background:#fff}}
body{{font:1.0625rem/1.5 system-ui,Roboto,"Noto Sans",Arial,sans-serif}}
img{{max-width:100%;height:auto}}
a{{color:#0b5394}}
li{{margin:.5rem 0}}
</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(slots=True)
class IndexPage:
    """What the fragment says, and what became of it, in words."""

    title: str = ""
    description: str = ""
    body: str = ""
    changed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # what a learner will miss

    def to_html(self, title: str, language: str) -> bytes:
        """Return the whole page."""
        return _PAGE.format(title=escape(title), language=language, body=self.body).encode()


def make_index(text: str, folder_name: str, paths: Iterable[str]) -> IndexPage:
    """Return the page of a fragment without PHP; `paths` are the files of the module.

    Links to files of the module become relative; what leads elsewhere loses its link, not its words.
    """
    made = IndexPage()
    root = parse_html(text.encode("utf-8", "replace"))
    if root is None:
        return made
    _drop_live(root, made)
    tree = Tree(paths)
    for tag, attribute in _LINKS.items():
        for element in list(root.iter(tag)):
            _mend(element, attribute, folder_name, tree, made)
    headings = [*root.iter("h2"), *root.iter("h1"), *root.iter("h3")]
    made.title = next(filter(None, (_words(heading) for heading in headings)), "")[:MAX_TITLE]
    made.description = next(filter(None, map(_words, root.iter("p"))), "")[:500]
    made.body = _clean(root.find("body"))
    return made


def _clean(body: etree._Element | None) -> str:
    """Return what stands in the body, and nothing that runs or loads from elsewhere."""
    if body is None:
        return ""
    parts = [body.text or "", *(etree.tostring(part, encoding="unicode", method="html") for part in body)]
    cleaned: str = nh3.clean(
        "".join(parts),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=set(),
        url_relative="pass_through",
        link_rel=None,
    )
    return cleaned.strip()


def _words(element: etree._Element) -> str:
    return collapse("".join(map(str, element.itertext())))


def _drop_live(root: etree._Element, made: IndexPage) -> None:
    for form in list(root.iter("form")):
        action = form.get("action") or "this page"
        what = "a search in PHP; the portal's own search finds the pages"
        made.broken.append(f"the form that asks {action[:100]!r} is out: {what}")
        _remove(form)
    for tag in _LIVE:
        for element in list(root.iter(tag)):
            if tag == "script":
                made.changed.append("took a script out of the index")
            _remove(element)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    before, tail = element.getprevious(), element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _mend(element: etree._Element, attribute: str, folder_name: str, tree: Tree, made: IndexPage) -> None:
    address = (element.get(attribute) or "").strip()
    if not address or address.startswith("#"):
        return
    path = inside(address, folder_name)
    found = tree.find(path) if path is not None else None
    if found is None and path:
        found = tree.close_twin(path)
    if found is None:
        made.broken.append(f"{address[:200]!r} leads to nothing in the module; its link is out")
        del element.attrib[attribute]
        return
    fragment = urlsplit(address).fragment
    target = quote(found) + (f"#{fragment}" if fragment else "")
    if target != address.removeprefix("./"):
        made.changed.append(f"{address[:200]!r} became {target!r}")
    element.set(attribute, target)


def inside(address: str, folder_name: str) -> str | None:
    """Return the path in the module that an address of its index means; None where it leads out.

    Indexes say `./a`, `modules/<folder>/a`, `/modules/<folder>/a`, `mods/<folder>/a` or `/<folder>/a`.
    """
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return None
    name = re.escape(folder_name)
    path = re.sub(rf"^(\.\./|\./|/)*((modules?|mods)/)?{name}(/|$)", "", unquote(parts.path), count=1)
    path = posixpath.normpath(path) if path else "."
    return None if path.startswith(("../", "/")) or path == ".." else path
