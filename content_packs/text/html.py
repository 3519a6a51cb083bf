"""HTML to title, headings and text, as the search wants them."""

from dataclasses import dataclass

from lxml import etree

from content_packs.text.plain import collapse, decode

MAX_HTML_BYTES = 8 * 1024 * 1024  # a page beyond this is data; no learner reads it

MAX_TITLE = 300  # characters; a <title> that is never closed swallows the page
MAX_LANGUAGE = 35  # characters of a BCP 47 tag: RFC 5646 §4.4.1

_NOISE = frozenset(("script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "select"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PHRASES = ("a", "abbr", "acronym", "bdi", "bdo", "cite", "code", "data", "dfn", "kbd", "label", "q", "samp")
_LOOKS = ("b", "big", "del", "em", "font", "i", "ins", "mark", "s", "small", "span", "strike", "strong", "tt")
_SMALL = ("rp", "rt", "ruby", "sub", "sup", "time", "u", "var", "wbr")
_INLINE = frozenset(_PHRASES + _LOOKS + _SMALL)  # no white space around these: a<b>b</b> is one word


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What a page says. `text` leaves out `headings`; both are single-spaced."""

    title: str  # of the <title>, else the first heading, else empty
    headings: str  # one a line
    text: str
    language: str  # of the page's lang attribute, else empty


EMPTY = HtmlText("", "", "", "")


def parse_html(data: bytes) -> etree._Element | None:
    """Return the root of a page, however broken its markup; None where nothing can be read."""
    text = decode(data[:MAX_HTML_BYTES]).replace("\0", "\ufffd")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None


def read_html(data: bytes) -> HtmlText:
    """Return what a page says, without scripts, styles and navigation; empty for what is no page."""
    root = parse_html(data)
    if root is None:
        return EMPTY
    reader = _Reader()
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            reader.end(element)
        elif element.tag in _NOISE or element.get("hidden") is not None:
            walk.skip_subtree()
        else:
            reader.start(element)
    return reader.read((root.get("lang") or "").strip()[:MAX_LANGUAGE])


class _Reader:
    """Collects the text of elements as they open and close."""

    def __init__(self) -> None:
        self._title: list[str] = []
        self._headings: list[str] = []
        self._body: list[str] = []
        self._inside: etree._Element | None = None  # the title or heading that is being read
        self._into = self._body

    def start(self, element: etree._Element) -> None:
        if self._inside is None and (element.tag == "title" or element.tag in _HEADINGS):
            self._inside = element
            self._into = self._title if element.tag == "title" else self._headings
        self._add(element, element.text)

    def end(self, element: etree._Element) -> None:
        if element is self._inside:
            self._into.append("\n")
            self._inside = None
            self._into = self._body
        self._add(element, element.tail)

    def _add(self, element: etree._Element, text: str | None) -> None:
        if element.tag not in _INLINE:
            self._into.append(" ")
        if text:
            self._into.append(text if self._into is self._body else text.replace("\n", " "))

    def read(self, language: str) -> HtmlText:
        headings = [line for line in map(collapse, "".join(self._headings).split("\n")) if line]
        title = collapse("".join(self._title)) or next(iter(headings), "")
        return HtmlText(title[:MAX_TITLE], "\n".join(headings), collapse("".join(self._body)), language)
