"""One search over everything that is installed. Read-only, any thread, any input."""

import sqlite3
from dataclasses import dataclass

from content_packs.errors import BadDataError
from hub.library import query as queries
from hub.library import search_db
from hub.library.lemmas import base_language
from hub.library.query import AskedWord
from hub.library.search_index import read_text
from hub.library.snippets import Highlighter
from hub.library.suggest import suggest
from hub.settings import HubPaths

MAX_LIMIT = 100
_ENOUGH_HITS = 5  # with fewer, the last word may be only begun (field-notes/portal.md §4.2)
_WEIGHTS = "10.0, 7.0, 4.0, 3.0, 2.0, 1.0"  # title, title_forms, headings, heading_forms, body, body_forms
_OWN_LANGUAGE_BOOST = 1.2
# A document counts only where its version is the installed one: a hit never leads to a page that is gone.
_ALIVE = """
    from words join documents d on d.id = words.rowid
    join hub.installed i on i.pack_id = d.pack_id and i.version = d.version
    where words match :match
        and (:kind is null or d.kind = :kind) and (:pack_id is null or d.pack_id = :pack_id)
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that was found. An empty `path` means the pack itself."""

    title: str
    pack_id: str
    pack_title: str
    kind: str
    path: str  # as the pack's kind gave it: a file, an article of a ZIM, a Kolibri node
    snippet_text: str
    snippet_html: str  # safe: escaped, then <mark> around what was asked for
    language: str
    score: float  # more is better; comparable only within one result


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one page of results.

    `mode` says how they were found: "all" words, "prefix" (the last one begun), "any" word.
    `complete` is false while the index still lacks an installed pack.
    """

    hits: tuple[Hit, ...]
    total: int
    suggestion: str | None
    mode: str
    complete: bool


def search(
    paths: HubPaths,
    query: str,
    *,
    ui_language: str,
    limit: int = 20,
    offset: int = 0,
    kind: str | None = None,
    pack_id: str | None = None,
) -> SearchResult:
    """Return what the library has on `query`, best first.

    Any text is a query; nothing in it is syntax. A damaged index gives an empty result and is made again
    by the next indexing.

    Raises:
        LocalError: the disk does not let search.db be read.
    """
    page = _Page(max(0, min(limit, MAX_LIMIT)), max(0, offset))
    filters = {"kind": kind, "pack_id": pack_id}
    try:
        with search_db.open_for_reading(paths) as connection:
            if connection is not None:
                return _Library(connection, base_language(ui_language), filters).search(query, page)
    except BadDataError:
        search_db.condemn(paths.search_db)
    except sqlite3.DatabaseError as error:
        if not search_db.is_damage(error):
            raise search_db.to_local_error(error, paths.search_db) from error
        search_db.condemn(paths.search_db)
    return _nothing(complete=False)


def _nothing(*, complete: bool) -> SearchResult:
    return SearchResult((), 0, None, "all", complete)


@dataclass(frozen=True, slots=True)
class _Page:
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Library:
    """An open search.db with hub.db beside it, for one search."""

    connection: sqlite3.Connection
    ui_language: str
    filters: dict[str, str | None]

    def search(self, query: str, page: _Page) -> SearchResult:
        words = queries.parse(query, {*self._languages(), self.ui_language})
        complete = self._is_complete()
        if not words:
            return _nothing(complete=complete)
        mode, match, total = self._choose(words)
        suggestion = None
        if mode == "any" or total == 0:
            suggestion = suggest(self.connection, words, self._is_found)
        return SearchResult(self._hits(match, words, page), total, suggestion, mode, complete)

    def _choose(self, words: tuple[AskedWord, ...]) -> tuple[str, str, int]:
        """Return the strictest way that finds something: its mode, its FTS5 expression, its count."""
        match = queries.match_all(words)
        total = self._count(match)
        if total < _ENOUGH_HITS:
            wider = queries.match_beginning(words)
            if (wider_total := self._count(wider)) > total:
                return "prefix", wider, wider_total
        if total == 0 and len(words) > 1:
            match = queries.match_any(words)
            return "any", match, self._count(match)
        return "all", match, total

    def _hits(self, match: str, words: tuple[AskedWord, ...], page: _Page) -> tuple[Hit, ...]:
        rows = self.connection.execute(
            f"""
            select d.title, d.pack_id, i.title, d.kind, d.path, d.language, d.id,
                -bm25(words, {_WEIGHTS})
                    * case d.language when :ui_language then {_OWN_LANGUAGE_BOOST} else 1 end as score
            {_ALIVE} order by score desc, d.id limit :limit offset :offset
            """,
            {
                **self.filters,
                "match": match,
                "ui_language": self.ui_language,
                "limit": page.limit,
                "offset": page.offset,
            },
        )
        highlighter = Highlighter(words)
        return tuple(self._hit(row, highlighter) for row in rows.fetchall())

    def _hit(self, row: tuple[str, str, str, str, str, str, int, float], highlighter: Highlighter) -> Hit:
        title, pack_id, pack_title, kind, path, language, identity, score = row
        packed = self.connection.execute("select text from texts where id = ?", (identity,)).fetchone()
        text = read_text(packed[0]).text if packed else ""
        snippet = highlighter.cut(text, language)
        return Hit(title, pack_id, pack_title, kind, path, snippet.text, snippet.html, language, score)

    def _count(self, match: str) -> int:
        found = self.connection.execute(f"select count(*) {_ALIVE}", {**self.filters, "match": match})
        return int(found.fetchone()[0])

    def _is_found(self, forms: frozenset[str]) -> bool:
        match = queries.match_forms(forms)
        found = self.connection.execute(f"select 1 {_ALIVE} limit 1", {**self.filters, "match": match})
        return found.fetchone() is not None

    def _languages(self) -> list[str]:
        return [row[0] for row in self.connection.execute("select language from languages")]

    def _is_complete(self) -> bool:
        missing = self.connection.execute(
            """
            select 1 from hub.installed i where not exists (
                select 1 from indexed_packs p
                where p.pack_id = i.pack_id and p.version = i.version and p.state != 'reading')
            limit 1
            """
        )
        return missing.fetchone() is None
