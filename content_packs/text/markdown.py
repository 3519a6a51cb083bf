"""Markdown to title, headings and text."""

from content_packs.text.html import MAX_HTML_BYTES, HtmlText, read_html
from content_packs.text.plain import collapse, decode

# 2 MB that were made to be slow, such as `[` and nothing else, take a minute and 280 MB; a book has 1 MB.
MAX_MARKDOWN_BYTES = 128 * 1024


def read_markdown(data: bytes) -> HtmlText:
    """Return what a Markdown text says; its first heading is its title. A long one is read as plain text."""
    if len(data) > MAX_MARKDOWN_BYTES:
        return HtmlText("", "", collapse(decode(data[:MAX_HTML_BYTES])), "")
    from markdown_it import MarkdownIt  # as slow to load as all of a pack's index, and few commands need it

    rendered = MarkdownIt("commonmark").enable("table").render(decode(data))
    return read_html(rendered.encode("utf-8", "replace"))
