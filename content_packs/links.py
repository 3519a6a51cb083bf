"""The links in HTML and CSS: what a page points at and loads, each with its line. Bytes in, links out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from content_packs.text.html import parse_html
from content_packs.text.plain import decode

Role = Literal["page", "media", "script", "style"]
Where = Literal["inside", "internet", "computer", "elsewhere"]

# Longer addresses are data: URLs; the limit also keeps the search linear in hostile files.
_CSS_URL = re.compile(
    r"""url\(\s{0,20}(?:"([^"\n]{0,2000})"|'([^'\n]{0,2000})'|([^()\s"']{0,2000}))\s{0,20}\)"""
    r"""|@import\s{1,20}(?:"([^"\n]{0,2000})"|'([^'\n]{0,2000})')""",
    re.IGNORECASE,
)
_CSS_COMMENT = re.compile(r"/\*.*?(\*/|\Z)", re.DOTALL)
_SRCSET_PART = re.compile(r"\s*([^\s,][^\s]*[^\s,]|[^\s,])(?:\s[^,]*)?(?:,|$)")
_REFRESH = re.compile(r"^\s{0,20}\d{1,9}\s{0,20}[;,]\s{0,20}url\s{0,20}=(.{1,2000})$", re.IGNORECASE)
_NO_FILE_RELS = frozenset(
    ("alternate", "author", "canonical", "dns-prefetch", "license", "me", "pingback", "preconnect", "profile")
)
_ATTRIBUTES: dict[str, tuple[tuple[str, Role], ...]] = {
    "a": (("href", "page"),),
    "area": (("href", "page"),),
    "audio": (("src", "media"),),
    "embed": (("src", "media"),),
    "frame": (("src", "page"),),
    "iframe": (("src", "page"),),
    "image": (("href", "media"), ("xlink:href", "media")),
    "img": (("src", "media"),),
    "input": (("src", "media"),),
    "link": (("href", "style"),),
    "object": (("data", "media"),),
    "script": (("src", "script"),),
    "source": (("src", "media"),),
    "track": (("src", "media"),),
    "use": (("href", "media"), ("xlink:href", "media")),
    "video": (("src", "media"), ("poster", "media")),
}
_FRAMES = frozenset(("frame", "iframe"))


@dataclass(frozen=True, slots=True)
class Link:
    """One reference. `target` is as written; `address` has the page's <base> applied."""

    target: str
    address: str
    line: int
    role: Role
    loaded: bool  # the page needs it to be shown; False: somebody has to follow it


def html_links(data: bytes) -> list[Link]:
    """Return the links of a page in its order; none for what cannot be read."""
    root = parse_html(data)
    if root is None:
        return []
    bases = [element.get("href") or "" for element in root.iter("base")]
    base = bases[0].strip() if bases else ""
    return [
        Link(target, _join(base, target), line, role, loaded)
        for target, line, role, loaded in _in_elements(root)
        if target
    ]


def css_links(data: bytes) -> list[Link]:
    """Return the links of a style sheet."""
    return [Link(target, target, line, "style", True) for target, line in _in_css(decode(data), 1)]


def _join(base: str, target: str) -> str:
    try:
        return urljoin(base, target) if base else target
    except ValueError:
        return target


def _in_elements(root: etree._Element) -> Iterator[tuple[str, int, Role, bool]]:
    for element in root.iter():
        line: int = element.sourceline or 1  # type: ignore[assignment]
        if element.tag != "link" or _is_file_link(element):
            for name, role in _ATTRIBUTES.get(element.tag, ()):
                loaded = role != "page" or element.tag in _FRAMES
                yield (element.get(name) or "").strip(), line, role, loaded
        for target, at in _in_texts(element, line):
            yield target, at, "media", True
        if element.tag == "meta" and (found := _REFRESH.search(element.get("content") or "")):
            yield found[1].strip("'\" "), line, "page", False


def _in_texts(element: etree._Element, line: int) -> Iterator[tuple[str, int]]:
    for target in _SRCSET_PART.findall(element.get("srcset") or ""):
        yield target, line
    yield from _in_css(element.get("style") or "", line)
    if element.tag == "style":
        yield from _in_css(element.text or "", line)


def _is_file_link(element: etree._Element) -> bool:
    return not _NO_FILE_RELS.intersection((element.get("rel") or "").lower().split())


def _in_css(text: str, first_line: int) -> Iterator[tuple[str, int]]:
    bare = _CSS_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    line, counted = first_line, 0
    for found in _CSS_URL.finditer(bare):
        line, counted = line + bare.count("\n", counted, found.start()), found.start()
        if target := next((group for group in found.groups() if group), ""):
            yield target.strip(), line


def locate(data: bytes, link: Link) -> int:
    """Return the line that holds the link's target: a tag may span lines, and only its end is known."""
    lines = decode(data).split("\n")
    written = (link.target, link.target.replace("&", "&amp;"))
    for number in range(min(link.line, len(lines)), 0, -1):
        if any(text in lines[number - 1] for text in written):
            return number
    return link.line


def place_of(page: str, address: str) -> tuple[Where, str]:
    """Return where an address on `page` leads, and for "inside" the path in the pack, not normalised.

    The path of an absolute address keeps its `/`; an address of the same page gives the page itself.
    """
    try:
        parts = urlsplit(address.replace("\\", "/").strip())
    except ValueError:
        return "elsewhere", ""
    if parts.scheme in ("http", "https") or (parts.netloc and not parts.scheme):
        return "internet", ""
    if parts.scheme == "file" or len(parts.scheme) == 1:
        return "computer", ""
    if parts.scheme:
        return "elsewhere", ""
    path = unquote(parts.path)
    if not path:
        return "inside", page
    return "inside", path if path.startswith("/") else f"{page.rpartition('/')[0]}/{path}".lstrip("/")
