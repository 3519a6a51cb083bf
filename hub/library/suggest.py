"""Did you mean: the word of the library that is closest to one that nothing was found for."""

import sqlite3
from collections.abc import Callable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from hub.library.query import AskedWord
from hub.library.words import APOSTROPHE, fold, plain

_MIN_CHARS = 4  # of a shorter word too many others are one letter away
_LONG_CHARS = 7  # from here on two letters may be wrong
_MAX_CANDIDATES = 5
_MIN_PART_CHARS = 3  # of a word that was typed together with its neighbour
_MAX_PARTED_CHARS = 30


def suggest(
    connection: sqlite3.Connection, words: tuple[AskedWord, ...], is_found: Callable[[frozenset[str]], bool]
) -> str | None:
    """Return the query with its unknown words replaced, or None where no word has a close neighbour.

    `is_found` says whether any document that learners can open has one of these forms.
    """
    spelled = []
    for word in words:
        known = is_found(word.forms)
        plain_word = plain(fold(word.token))
        close = None if known else _closest(connection, plain_word, is_found) or _parted(plain_word, is_found)
        spelled.append(close.replace(APOSTROPHE, "’") if close else word.token)
    changed = any(new != word.token for new, word in zip(spelled, words, strict=True))
    return " ".join(spelled) if changed else None


def _parted(word: str, is_found: Callable[[frozenset[str]], bool]) -> str | None:
    """Return two words of the library that were typed without the space between them."""
    for at in range(_MIN_PART_CHARS, min(len(word), _MAX_PARTED_CHARS) - _MIN_PART_CHARS + 1):
        parts = word[:at], word[at:]
        if all(is_found(frozenset({part})) for part in parts):
            return " ".join(parts)
    return None


def _closest(
    connection: sqlite3.Connection, word: str, is_found: Callable[[frozenset[str]], bool]
) -> str | None:
    if len(word) < _MIN_CHARS:
        return None
    distance = 1 if len(word) < _LONG_CHARS else 2
    rows = connection.execute(
        "select term, documents from vocabulary where length between ? and ?",
        (len(word) - distance, len(word) + distance),
    )
    documents: dict[str, int] = dict(rows.fetchall())
    terms = list(documents)
    found = process.extract(word, terms, scorer=OSA.distance, score_cutoff=distance, limit=None)
    by_nearness = sorted((away, -documents[term], term) for term, away, _ in found)
    for _, _, term in by_nearness[:_MAX_CANDIDATES]:
        if is_found(frozenset({term})):
            return str(term)
    return None
