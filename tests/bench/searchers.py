"""Who searches: ours, SQLite's own tokenisers and kiwix-serve, each over the texts of one installed pack."""

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlencode
from urllib.request import urlopen
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from bench import servers
from bench.measure import run
from content_packs.kinds import KINDS
from content_packs.kinds.kind import Document
from hub.db import open_db
from hub.library.installed import InstalledPack, list_packs
from hub.library.search import Page, search
from hub.settings import HubPaths

LANGUAGE = "uk"
RANKS = 10  # how far down a list anybody looks
_KIWIX_LANGUAGE = "ukr"
_WEIGHTS = "10.0, 4.0, 2.0"  # title, headings, body: ours of the same columns
_MIN_TRIGRAM_CHARS = 3
_PAGE = (
    "<!doctype html><html lang='{language}'><meta charset=utf-8><title>{title}</title>"
    "<body>{body}</body></html>"
)


@dataclass(frozen=True, slots=True)
class Found:
    """The names of the documents that a query finds, best first, and those one tap on a suggestion away."""

    at_once: Sequence[str]
    by_a_tap: Sequence[str] = ()


class Searcher(Protocol):
    """One way to search."""

    name: str

    def search(self, query: str) -> Found:
        """Return what a learner sees who types this."""


class Ours:
    """The library of a hub, as its portal asks it."""

    name = "hub"

    def __init__(self, paths: HubPaths) -> None:
        self._paths = paths

    def search(self, query: str) -> Found:
        result = search(self._paths, query, ui_language=LANGUAGE, page=Page(RANKS))
        meant = result.suggestion
        tapped = search(self._paths, meant, ui_language=LANGUAGE, page=Page(RANKS)).hits if meant else ()
        return Found([_name(hit.path) for hit in result.hits], [_name(hit.path) for hit in tapped])


class Fts5:
    """A plain FTS5 table with the same columns and weights: all words, or else any of them."""

    def __init__(self, tokeniser: str, documents: Sequence[Document]) -> None:
        self.name = tokeniser
        self._shortest = _MIN_TRIGRAM_CHARS if tokeniser == "trigram" else 1
        self._connection = sqlite3.connect(":memory:")
        columns = f"name unindexed, title, headings, body, tokenize='{tokeniser}'"
        self._connection.execute(f"create virtual table texts using fts5({columns})")
        rows = ((_name(d.path), d.title, d.headings, d.text) for d in documents)
        self._connection.executemany("insert into texts values (?,?,?,?)", rows)

    def search(self, query: str) -> Found:
        words = [word.replace('"', '""') for word in query.split() if len(word) >= self._shortest]
        quoted = [f'"{word}"' for word in words if any(letter.isalnum() for letter in word)]
        return Found((quoted and self._match(" AND ".join(quoted))) or self._match(" OR ".join(quoted)))

    def _match(self, expression: str) -> list[str]:
        if not expression:
            return []
        rows = self._connection.execute(
            f"select name from texts where texts match ? order by bm25(texts, 0, {_WEIGHTS}), rowid limit ?",
            (expression, RANKS),
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        """Give its memory back."""
        self._connection.close()


class Kiwix:
    """kiwix-serve's full-text search; its suggestions of titles are what a tap opens."""

    name = "kiwix-serve"

    def __init__(self, port: int, book: str) -> None:
        self._port, self._book = port, book

    def search(self, query: str) -> Found:
        asked = {"content": self._book, "pattern": query, "pageLength": RANKS, "format": "xml"}
        links = ElementTree.fromstring(self._read("search", asked)).iterfind(".//item/link")
        titles = {"content": self._book, "term": query, "count": RANKS}
        return Found([_name(unquote(link.text or "")) for link in links], self._suggested(titles))

    def _suggested(self, asked: dict[str, object]) -> list[str]:
        # Its JSON has commas of its own kind in this version, so only the paths are read.
        lines = self._read("suggest", asked).decode().splitlines()
        return [_name(line.split('"')[3]) for line in lines if '"path" :' in line]

    def _read(self, what: str, asked: dict[str, object]) -> bytes:
        with urlopen(f"http://127.0.0.1:{self._port}/{what}?{urlencode(asked)}", timeout=30) as answer:
            data: bytes = answer.read()
            return data


@contextmanager
def searchers(paths: HubPaths, folder: Path) -> Iterator[list[Searcher]]:
    """Open ours, over the one pack that is installed and indexed in `paths`, and the peers over its texts."""
    with closing(open_db(paths.db)) as db:
        (pack,) = list_packs(db, paths)
    documents = list(KINDS[pack.pack.kind].documents(pack.tree))
    zim = _write_zim(pack, documents, folder)
    with (
        closing(Fts5("unicode61", documents)) as words,
        closing(Fts5("trigram", documents)) as trigrams,
        servers.kiwix(zim) as kiwix,
    ):
        yield [Ours(paths), words, trigrams, Kiwix(kiwix.port, zim.stem)]


def _write_zim(pack: InstalledPack, documents: Sequence[Document], folder: Path) -> Path:
    """Make a ZIM of the texts as pages, and nothing else in it that its search could find."""
    tree, zim = folder / "pages", folder / "texts.zim"
    for document in documents:
        page = (tree / document.path).with_suffix(".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        source = (pack.tree.content_dir / document.path).read_text(encoding="utf-8")
        body = MarkdownIt("commonmark").render(source)
        page.write_text(_PAGE.format(language=LANGUAGE, title=document.title, body=body), encoding="utf-8")
    first = Path(documents[0].path).with_suffix(".html").as_posix()
    run([sys.executable, "-m", "bench.zim", tree, zim, _KIWIX_LANGUAGE, first])
    return zim


def _name(path: str) -> str:
    """Return a document's name in the list of queries; the pack itself has none."""
    return Path(path).stem
