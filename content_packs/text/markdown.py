"""Markdown to title, headings and text."""

from content_packs.text.html import MAX_HTML_BYTES, HtmlText, read_html
from content_packs.text.plain import decode


def read_markdown(data: bytes) -> HtmlText:
    """Return what a Markdown text says; its first heading is its title."""
    from markdown_it import MarkdownIt  # as slow to load as all of a pack's index, and few commands need it

    rendered = MarkdownIt("commonmark").enable("table").render(decode(data[:MAX_HTML_BYTES]))
    return read_html(rendered.encode("utf-8", "replace"))
