"""Links inside a module's pages and style sheets, made fit for a pack: as text, so that all else stays."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from content_packs.broken_links import Tree
from content_packs.links import Link, css_links, html_links, place_of
from content_packs.rachel.fragment import inside
from content_packs.text.plain import decode, is_utf8

HTML = (".html", ".htm", ".xhtml")
_BOM = b"\xef\xbb\xbf"
# One pass for all links of a page: one of thousands would else be read again for each of them. The limits are
# like those of content_packs/links.py: they keep hostile pages linear.
_ATTRIBUTE = re.compile(
    r"""\b(href|src|data|poster|background|srcset|xlink:href)(\s{0,20}=\s{0,20})"""
    r"""(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s>"']{1,4000}))""",
    re.IGNORECASE,
)
_CSS_ADDRESS = re.compile(
    r"""(?:url\(\s{0,20}|(@import\s{1,20}))(?:"([^"\n]{0,2000})"|'([^'\n]{0,2000})')(?(1)|\s{0,20}\))"""
    r"""|url\(\s{0,20}([^()\s"']{0,2000})\s{0,20}\)""",
    re.IGNORECASE,
)
_ROUNDS = 3  # a mended link may show the next one that is wrong


@dataclass(frozen=True, slots=True)
class Mended:
    """The bytes of a page, and how many links were made relative or taken out."""

    data: bytes
    relative: int = 0
    taken_out: tuple[str, ...] = ()


def mend_links(path: str, data: bytes, folder_name: str, tree: Tree) -> Mended:
    """Return a page or style sheet whose links lead to files of `tree`, or nowhere.

    `/modules/<folder>/…` becomes relative, a name in another case the right one; a link to what is not
    there loses its target. A page in another encoding than UTF-8 becomes UTF-8 where something changed.
    """
    is_css = path.lower().endswith(".css")
    read = css_links if is_css else html_links
    text, relative, taken_out = decode(data), 0, []
    for _ in range(_ROUNDS):
        wrong = [*_find_wrong(path, read(text.encode("utf-8", "replace")), folder_name, tree)]
        if not wrong:
            break
        better = dict(wrong)
        text = _in_css(text, better) if is_css else _in_html(text, better)
        taken_out += [target for target, instead in better.items() if instead is None]
        relative += sum(instead is not None for instead in better.values())
    if not (relative or taken_out):
        return Mended(data)
    mark = b"" if is_utf8(data) else _BOM  # goes before what the page itself declares
    return Mended(mark + text.encode("utf-8", "replace"), relative, tuple(dict.fromkeys(taken_out)))


def _find_wrong(
    path: str, links: list[Link], folder_name: str, tree: Tree
) -> Iterator[tuple[str, str | None]]:
    """Yield each target that opens nothing, and what to write instead."""
    for link in links:
        where, place = place_of(path, link.address)
        if where == "computer":
            yield link.target, None
        if where != "inside":
            continue
        normal = posixpath.normpath(place)
        if not place.startswith("/") and not normal.startswith("..") and tree.find(normal):
            continue
        yield link.target, _better(path, link, normal, folder_name, tree)


def _better(path: str, link: Link, normal: str, folder_name: str, tree: Tree) -> str | None:
    for candidate in (normal, inside(link.address, folder_name)):
        if candidate is None or candidate.startswith(("..", "/")):
            continue
        if found := tree.find(candidate) or tree.close_twin(candidate):
            parts = urlsplit(link.address)
            relative = quote(posixpath.relpath(found, posixpath.dirname(path) or "."))
            query = f"?{parts.query}" if parts.query else ""
            return relative + query + (f"#{parts.fragment}" if parts.fragment else "")
    return None


def _in_html(text: str, better: Mapping[str, str | None]) -> str:
    def mend(found: re.Match[str]) -> str:
        name, equals, *values = found.groups()
        target = next(filter(None, values), "").strip().replace("&amp;", "&")
        if target not in better:
            return found[0]
        instead = better[target]
        return f'data-missing-{name}=""' if instead is None else f'{name}{equals}"{escape(instead)}"'

    return _in_css(_ATTRIBUTE.sub(mend, text), better)


def _in_css(text: str, better: Mapping[str, str | None]) -> str:
    def mend(found: re.Match[str]) -> str:
        imported, double, single, bare = found.groups()
        target = (double or single or bare or "").strip()
        if target not in better:
            return found[0]
        # Quoted as it was: it may stand in an attribute, which another quotation mark would end.
        mark = '"' if double else "'" if single else ""
        if imported:
            return f"{imported}{mark}{better[target] or 'data:text/css,'}{mark}"
        return f"url({mark}{better[target] or 'data:,'}{mark})"

    return _CSS_ADDRESS.sub(mend, text)
