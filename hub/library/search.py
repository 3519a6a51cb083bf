"""One search over everything that is installed. Read-only, any thread, any input."""

import json
import sqlite3
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from content_packs.errors import BadDataError
from hub.library import query as queries
from hub.library import search_db
from hub.library.keyboard import switch
from hub.library.lemmas import base_language
from hub.library.query import AskedWord
from hub.library.search_index import list_left_out, read_text
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
"""
_FITTING = """
        and (:kind is null or d.kind = :kind) and (:pack_id is null or d.pack_id = :pack_id)
        and (:language is null or d.language = :language)
        and (:pack_ids is null or d.pack_id in (select value from json_each(:pack_ids)))
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
class Found:
    """How many documents of one pack in one language were found."""

    pack_id: str
    kind: str
    language: str
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """The best hits of one kind of pack, and how many there are."""

    kind: str
    total: int
    hits: tuple[Hit, ...]


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
    shown: str | None = None  # what was searched instead, as nothing is there in that spelling or layout
    found: tuple[Found, ...] = ()  # where there are hits, without the filters
    groups: tuple[Group, ...] = ()  # further hits by kind, with `per_kind`


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits must have; None: anything."""

    kind: str | None = None
    pack_id: str | None = None
    language: str | None = None  # of the document
    pack_ids: AbstractSet[str] | None = None

    def fits(self, found: Found) -> bool:
        """Whether these documents have it all."""
        return (
            self.kind in (None, found.kind)
            and self.pack_id in (None, found.pack_id)
            and self.language in (None, found.language)
            and (self.pack_ids is None or found.pack_id in self.pack_ids)
        )

    def to_sql(self) -> dict[str, str | None]:
        """Return the parameters of a statement."""
        pack_ids = None if self.pack_ids is None else json.dumps(sorted(self.pack_ids))
        return {"kind": self.kind, "pack_id": self.pack_id, "language": self.language, "pack_ids": pack_ids}


@dataclass(frozen=True, slots=True)
class Page:
    """Which hits are asked for, MAX_LIMIT of them at most.

    With `per_kind` and more than one kind found, so many are `hits`, and so many further ones of each
    kind are in `groups`.
    """

    limit: int = 20
    offset: int = 0
    per_kind: int = 0


ANYTHING = Filters()
FIRST_PAGE = Page()


def search(
    paths: HubPaths,
    query: str,
    *,
    ui_language: str,
    filters: Filters = ANYTHING,
    page: Page = FIRST_PAGE,
    as_typed: bool = False,
) -> SearchResult:
    """Return what the library has on `query`, best first.

    Any text is a query; nothing in it is syntax. Where nothing is there as it is typed, what was meant
    is shown at once, by the other keyboard layout or the nearest spelling, unless `as_typed`. A damaged index
    gives an empty result and is made again by the next indexing.

    Raises:
        LocalError: the disk does not let search.db be read.
    """
    try:
        with search_db.open_for_reading(paths) as connection:
            if connection is not None:
                stamp = search_db.stamp(paths.search_db)
                library = _Library(connection, base_language(ui_language), filters, stamp)
                return library.search(query, page, as_typed=as_typed)
    except BadDataError:
        search_db.condemn(paths.search_db)
    except sqlite3.DatabaseError as error:
        if not search_db.is_damage(error):
            raise search_db.to_local_error(error, paths.search_db) from error
        search_db.condemn(paths.search_db)
    return _nothing(complete=False)


def find_left_out(paths: HubPaths) -> tuple[str, ...]:
    """Return the packs that are too large to be in the index; none where it cannot be read."""
    try:
        with search_db.open_for_reading(paths) as connection:
            return tuple(list_left_out(connection)) if connection is not None else ()
    except sqlite3.DatabaseError:
        return ()


def _nothing(*, complete: bool) -> SearchResult:
    return SearchResult((), 0, None, "all", complete)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to look for words: strict or not; what it finds, and how much of it fits the filters."""

    words: tuple[AskedWord, ...]
    mode: str
    match: str
    found: tuple[Found, ...]
    total: int

    @property
    def is_good(self) -> bool:
        """Whether documents have every word."""
        return self.total > 0 and self.mode != "any"


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a query comes to: the way that is shown, what else may be meant, what is shown in its place."""

    way: _Way
    suggestion: str | None = None
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class _Library:
    """An open search.db with hub.db beside it, for one search."""

    connection: sqlite3.Connection
    ui_language: str
    filters: Filters
    stamp: tuple[int, ...]  # of search.db

    def search(self, query: str, page: Page, *, as_typed: bool) -> SearchResult:
        languages = {*self._languages(), self.ui_language}
        words = queries.parse(query, languages)
        complete = self._is_complete()
        if not words:
            return _nothing(complete=complete)
        meant = self._find_meant(query, words, languages, as_typed=as_typed)
        way = meant.way
        kinds = self._kinds(way) if page.per_kind and way.total else {}
        limit = page.per_kind if len(kinds) > 1 else max(0, min(page.limit, MAX_LIMIT))
        hits = self._hits(way, limit, max(0, page.offset))
        groups = self._groups(way, kinds, hits) if len(kinds) > 1 else ()
        found = way.found if way.total else ()
        return SearchResult(hits, way.total, meant.suggestion, way.mode, complete, meant.shown, found, groups)

    def _find_meant(
        self, query: str, words: tuple[AskedWord, ...], languages: set[str], *, as_typed: bool
    ) -> _Meant:
        """Return what is shown: the query itself, the other layout, the nearest spelling or relatives.

        Each is looked for only where those before it do not do.
        """
        way = self._choose(words)
        if way.is_good:
            return _Meant(way)
        other = self._in_other_layout(query, languages)
        if other is not None:
            is_better = not as_typed and (other.is_good or way.total == 0)
            return _Meant(other, shown=switch(query)) if is_better else _Meant(way, suggestion=switch(query))
        suggestion = self._suggest(query, words, languages)
        if way.total:
            return _Meant(way, suggestion=suggestion)
        if suggestion and not as_typed:
            near = self._choose(queries.parse(suggestion, languages))
            return _Meant(near, suggestion, suggestion) if near.total else _Meant(way, suggestion)
        relatives = self._relatives(words)
        return _Meant(relatives if relatives.total else way, suggestion)

    def _in_other_layout(self, query: str, languages: set[str]) -> _Way | None:
        """Return the way to what the other layout makes of the query; None where that finds nothing."""
        switched = switch(query)
        words = queries.parse(switched, languages) if switched else ()
        way = self._choose(words) if words else None
        return way if way is not None and way.total else None

    def _relatives(self, words: tuple[AskedWord, ...]) -> _Way:
        """Return the way to words that begin as the last one does."""
        shorter = queries.shorten(words)
        return self._way(shorter, "prefix", queries.match_beginning(shorter))

    def _suggest(self, query: str, words: tuple[AskedWord, ...], languages: set[str]) -> str | None:
        found = suggest(self.connection, words, self._is_found, self.stamp)
        switched = None if found else switch(query)
        if switched:
            found = suggest(self.connection, queries.parse(switched, languages), self._is_found, self.stamp)
        return found

    def _choose(self, words: tuple[AskedWord, ...]) -> _Way:
        """Return the strictest way that finds something."""
        way = self._way(words, "all", queries.match_all(words))
        if way.total < _ENOUGH_HITS:
            wider = self._way(words, "prefix", queries.match_beginning(words))
            if wider.total > way.total:
                return wider
        if way.total == 0 and len(words) > 1:
            return self._way(words, "any", queries.match_any(words))
        return way

    def _way(self, words: tuple[AskedWord, ...], mode: str, match: str) -> _Way:
        """Look once for what matches: all numbers of a page of results come from these."""
        rows = self.connection.execute(
            f"select d.pack_id, d.kind, d.language, count(*) {_ALIVE} group by 1, 2, 3", {"match": match}
        )
        found = tuple(Found(*row) for row in rows)
        return _Way(words, mode, match, found, sum(part.count for part in found if self.filters.fits(part)))

    def _groups(self, way: _Way, counts: dict[str, int], best: tuple[Hit, ...]) -> tuple[Group, ...]:
        """Return as many further hits of each kind as the best are, the kind with most of them first."""
        ahead = Counter(hit.kind for hit in best)
        groups = []
        for kind in sorted(counts, key=lambda kind: (-ahead[kind], kind)):
            of_kind = replace(self, filters=replace(self.filters, kind=kind))
            groups.append(Group(kind, counts[kind], of_kind._hits(way, len(best), ahead[kind])))
        return tuple(groups)

    def _kinds(self, way: _Way) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for part in way.found:
            if self.filters.fits(part):
                counts[part.kind] += part.count
        return dict(counts)

    def _hits(self, way: _Way, limit: int, offset: int) -> tuple[Hit, ...]:
        rows = self.connection.execute(
            f"""
            select d.title, d.pack_id, i.title, d.kind, d.path, d.language, d.id,
                -bm25(words, {_WEIGHTS})
                    * case d.language when :ui_language then {_OWN_LANGUAGE_BOOST} else 1 end as score
            {_ALIVE} {_FITTING} order by score desc, d.id limit :limit offset :offset
            """,
            {
                **self.filters.to_sql(),
                "match": way.match,
                "ui_language": self.ui_language,
                "limit": limit,
                "offset": offset,
            },
        )
        highlighter = Highlighter(way.words)
        return tuple(self._hit(row, highlighter) for row in rows.fetchall())

    def _hit(self, row: tuple[str, str, str, str, str, str, int, float], highlighter: Highlighter) -> Hit:
        title, pack_id, pack_title, kind, path, language, identity, score = row
        packed = self.connection.execute("select text from texts where id = ?", (identity,)).fetchone()
        text = read_text(packed[0]).text if packed else ""
        snippet = highlighter.cut(text, language)
        return Hit(title, pack_id, pack_title, kind, path, snippet.text, snippet.html, language, score)

    def _is_found(self, forms: frozenset[str]) -> bool:
        match = queries.match_forms(forms)
        found = self.connection.execute(
            f"select 1 {_ALIVE} {_FITTING} limit 1", {**self.filters.to_sql(), "match": match}
        )
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
