"""What a learner may be typing: titles and words that begin so. Read-only, any thread, any input, fast."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from hub.library import query as queries
from hub.library import search_db
from hub.library.keyboard import switch
from hub.library.lemmas import base_language, variants
from hub.library.ukrainian import is_little
from hub.library.words import APOSTROPHE, fold, plain, split_tokens
from hub.settings import HubPaths

MAX_COMPLETIONS = 8
_MOST_WORDS = 3
_LOOKED_AT = 16  # words: the most used forms of one word stand together
_MIN_CHARS = 2
_TITLES = """
    select d.title, d.pack_id, d.path from words join documents d on d.id = words.rowid
    join hub.installed i on i.pack_id = d.pack_id and i.version = d.version
    where words match :match
    order by bm25(words, 10.0, 7.0, 0, 0, 0, 0) - (d.path = '') * 3 - (d.language = :language), d.id
    limit :limit
"""


@dataclass(frozen=True, slots=True)
class Completion:
    """One offer. A title leads to its page: `pack_id` and `path` as of a hit; a word has no `pack_id`."""

    text: str
    pack_id: str = ""
    path: str = ""


def complete(paths: HubPaths, begun: str, *, ui_language: str) -> tuple[Completion, ...]:
    """Return at most MAX_COMPLETIONS words and titles for what is typed so far; none without an index.

    Raises:
        LocalError: the disk does not let search.db be read.
    """
    begun = begun[: queries.MAX_QUERY_CHARS]
    try:
        with search_db.open_for_reading(paths) as connection:
            if connection is None:
                return ()
            found = _complete(connection, begun, ui_language)
            switched = None if found else switch(begun)
            return _complete(connection, switched, ui_language) if switched else found
    except sqlite3.DatabaseError as error:
        if not search_db.is_damage(error):
            raise search_db.to_local_error(error, paths.search_db) from error
        search_db.condemn(paths.search_db)
        return ()


def _complete(connection: sqlite3.Connection, begun: str, ui_language: str) -> tuple[Completion, ...]:
    tokens = split_tokens(begun)
    if not tokens or len(plain(fold(tokens[-1]))) < _MIN_CHARS:
        return ()
    words = _words(connection, tokens)
    titles = _titles(connection, begun, base_language(ui_language), MAX_COMPLETIONS - len(words))
    known = {word.text.casefold() for word in words}
    return (*words, *(title for title in titles if title.text.casefold() not in known))


def _words(connection: sqlite3.Connection, tokens: list[str]) -> tuple[Completion, ...]:
    """Return what is typed with its last word completed to words that many documents use."""
    *before, last = tokens
    beginning = plain(fold(last))
    rows = connection.execute(
        "select term from vocabulary where term >= ? and term < ? order by documents desc limit ?",
        (beginning, f"{beginning}\U0010ffff", _LOOKED_AT),
    )
    ahead = "".join(f"{token} " for token in before)
    terms = islice(_different(row[0] for row in rows), _MOST_WORDS)
    return tuple(Completion(ahead + term.replace(APOSTROPHE, "’")) for term in terms)


def _different(terms: Iterable[str]) -> Iterator[str]:
    """Leave out what is only another form of a word before it: the search finds it all the same."""
    known: set[str] = set()
    for term in terms:
        forms = variants(term, ("uk",))
        if known.isdisjoint(forms) and not is_little(term):
            yield term
        known |= forms


def _titles(connection: sqlite3.Connection, begun: str, language: str, limit: int) -> list[Completion]:
    words = queries.parse(begun, (language,))
    if not words:
        return []
    match = f"{{title title_forms}} : ({queries.match_beginning(words)})"
    rows = connection.execute(_TITLES, {"match": match, "language": language, "limit": limit * 2})
    by_title: dict[str, Completion] = {}
    for title, pack_id, path in rows:
        by_title.setdefault(title.casefold(), Completion(title, pack_id, path))
    return list(by_title.values())[:limit]
