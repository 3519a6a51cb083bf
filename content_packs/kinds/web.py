"""The kind "web": HTML pages with an entry page, served to learners as they are."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from content_packs.broken_links import HTML_SUFFIXES, Tree, check_links
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import PATH, check_members
from content_packs.source import Finding, PackSource
from content_packs.text.html import MAX_HTML_BYTES, read_html

_DETAILS = {"entry": PATH}
_EXAMPLE = 'Write for example: entry = "index.html"'


def _check_details(details: Mapping[str, Any]) -> Iterator[str]:
    return check_members(details, _DETAILS)


def _check(source: PackSource) -> Iterator[Finding]:
    entry = source.values.get("entry")
    if not isinstance(entry, str) or not entry.strip():
        yield source.finding(
            "entry", "the field 'entry' is missing: the page that opens", _EXAMPLE, code="entry"
        )
        return
    tree = Tree(file.path for file in source.files)
    if entry not in tree.files:
        _code, message, hint = tree.explain(posixpath.normpath(entry))
        yield source.finding("entry", f"entry: {entry!r:.200} {message}", hint, code="entry")
        return
    if not entry.lower().endswith(HTML_SUFFIXES):
        yield source.finding("entry", f"entry: {entry!r:.200} is not an HTML page", _EXAMPLE, code="entry")
        return
    yield from check_links(source, entry)


def _describe(source: PackSource, _: Workshop) -> Described:
    return Described({"entry": source.values["entry"]}, {})


def _documents(tree: InstalledTree) -> Iterator[Document]:
    """Yield each page that says something; pages that scripts draw say nothing and are left out."""
    for path in sorted(tree.content_dir.rglob("*")):
        if path.suffix.lower() not in HTML_SUFFIXES or not path.is_file():
            continue
        with path.open("rb") as file:
            page = read_html(file.read(MAX_HTML_BYTES))
        if page.title or page.text:
            name = path.relative_to(tree.content_dir).as_posix()
            title = page.title or path.stem
            yield Document(name, title, page.language or tree.pack.language, page.headings, page.text)


KIND = Kind("web", _check_details, _check, _describe, _documents)
