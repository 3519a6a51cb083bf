"""ZIM archives through libzim. Run as a program it is the child that `ask_facts` asks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libzim.reader import Archive

from content_packs.child import ChildFault, ask_child, serve
from content_packs.text.html import MAX_HTML_BYTES, HtmlText, read_html
from content_packs.text.plain import collapse

_START_S = 60.0  # for the child, and for small archives
_CHECKED_BYTES_PER_S = 5_000_000.0  # the slowest disk that an office has
MAX_METADATA = 300  # characters
_MAX_ENTRIES = 5_000_000
_WANTED = ("Title", "Language", "Counter")
# What Cython makes of the C++ exceptions of libzim.
_UNREADABLE = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class ZimFacts:
    """What an archive says of itself; with a `fault` the rest is empty."""

    fault: str = ""
    missing: tuple[str, ...] = ()  # metadata that every archive should have
    title: str = ""
    language: str = ""  # as written: often ISO 639-3, sometimes several with commas
    articles: int = 0
    media: int = 0
    main: str = ""  # path of the main entry
    uuid: str = ""
    fulltext: bool = False  # it has its own index for searching


def ask_facts(path: Path) -> ZimFacts:
    """Check an archive as far as libzim can, every byte of it, in a process that may crash or hang."""
    timeout_s = _START_S + path.stat().st_size / _CHECKED_BYTES_PER_S
    answer = next(iter(ask_child(__spec__.name, [str(path)], timeout_s=timeout_s)))
    if isinstance(answer, ChildFault):
        return ZimFacts(fault=answer.reason)
    return ZimFacts(**answer | {"missing": tuple(answer.get("missing", ()))})


def read_articles(path: Path) -> Iterator[tuple[str, str, HtmlText]]:
    """Yield path, title and text of each HTML article; redirects and what cannot be read are left out.

    libzim may abort the process over a hostile archive: call this only in a process that is there to index.
    """
    try:
        with _silent():
            archive = Archive(path)
        count = min(archive.all_entry_count, _MAX_ENTRIES)
    except _UNREADABLE:
        return  # kiwix-serve does not serve it either
    for number in range(count):
        try:
            article = _article(archive, number)
        except _UNREADABLE:
            continue
        if article:
            yield article


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what libzim's C++ tells people on stderr: no option turns its remarks about stemming off."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _article(archive: Archive, number: int) -> tuple[str, str, HtmlText] | None:
    entry = archive._get_entry_by_id(number)  # libzim's Python has no other way through all entries
    if entry.is_redirect:
        return None
    item = entry.get_item()
    if not item.mimetype.startswith("text/html") or item.size > MAX_HTML_BYTES:
        return None
    page = read_html(bytes(item.content))
    return entry.path, collapse(entry.title) or page.title, page


def _answer(path: str) -> dict[str, Any]:
    try:
        archive = Archive(Path(path))
        return _facts(archive) if archive.check() else {"fault": "its checksum or its inner order is wrong"}
    except _UNREADABLE as error:
        return {"fault": str(error)[:MAX_METADATA] or type(error).__name__}


def _facts(archive: Archive) -> dict[str, Any]:
    return {
        "missing": [name for name in _WANTED if name not in archive.metadata_keys],
        "title": _metadata(archive, "Title"),
        "language": _metadata(archive, "Language"),
        "articles": archive.article_count,
        "media": archive.media_count,
        "main": archive.main_entry.get_item().path if archive.has_main_entry else "",
        "uuid": str(archive.uuid),
        "fulltext": archive.has_fulltext_index,
    }


def _metadata(archive: Archive, name: str) -> str:
    if name not in archive.metadata_keys:
        return ""
    return collapse(archive.get_metadata(name).decode("utf-8", "replace"))[:MAX_METADATA]


if __name__ == "__main__":
    serve(_answer)
