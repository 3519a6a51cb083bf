"""Texts of packs as part of a portal page: nothing of theirs stays but words, headings, lists, pictures."""

import posixpath
import re
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from content_packs.text.plain import decode
from hub.web.links import file_url, view_url

MAX_TEXT_BYTES = 2_000_000  # a page of more would not open on a cheap phone; then it is offered as a file
_FIRST_HEADING = re.compile(r"\s*<h1>.*?</h1>", re.DOTALL)
_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote"),
    *("pre", "code", "em", "strong", "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render_markdown(data: bytes, pack_id: str, path: str) -> Markup:
    """Return Markdown as safe HTML; its pictures come from the packs' origin, its links stay in the view."""

    def resolve(tag: str, attribute: str, value: str) -> str | None:
        parts = urlsplit(value)
        if parts.scheme or parts.netloc:
            return value if tag == "a" and parts.scheme in ("http", "https") else None
        if not parts.path:
            return value if attribute == "href" else None
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        if target.startswith(("../", "/")):
            return None
        return view_url(pack_id, target) if tag == "a" else file_url(pack_id, target)

    def keep(tag: str, attribute: str, value: str) -> str | None:
        return resolve(tag, attribute, value) if attribute in ("href", "src") else value

    html = _MARKDOWN.render(decode(data))
    return Markup(  # noqa: S704 - what nh3 lets through
        nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, attribute_filter=keep)
    )


def render_plain(data: bytes) -> Markup:
    """Return plain text as HTML that keeps its lines."""
    return Markup('<pre class="plain">{}</pre>').format(escape(decode(data)))


def without_title(text: Markup, title: str) -> Markup:
    """Return a text without the heading that it begins with where that is the title of its page."""
    heading = _FIRST_HEADING.match(text)
    if heading is None or Markup(heading[0]).striptags() != title:  # noqa: S704 - a piece of safe HTML
        return text
    return Markup(text[heading.end() :])  # noqa: S704 - the rest of it
