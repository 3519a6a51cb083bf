"""Did you mean: the word of the library that is closest to one that nothing was found for."""

import sqlite3
import threading
from array import array
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from hub.library.query import AskedWord
from hub.library.words import APOSTROPHE, fold, plain

_MIN_CHARS = 4  # of a shorter word too many others are one letter away
_LONG_CHARS = 7  # from here on two letters may be wrong
_MAX_CANDIDATES = 5
_MIN_PART_CHARS = 3  # of a word that was typed together with its neighbour
_MAX_PARTED_CHARS = 30


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of an index by their length: packed, as 50,000 strings take 8 MB and not 1."""

    terms: dict[int, bytes]  # with spaces between, UTF-8
    documents: "dict[int, array[int]]"  # how many have each term

    def between(self, shortest: int, longest: int) -> dict[str, int]:
        """Return the terms with so many letters, and how many documents have each."""
        found: dict[str, int] = {}
        for length in range(shortest, longest + 1):
            if length in self.terms:
                found.update(zip(self.terms[length].decode().split(" "), self.documents[length], strict=True))
        return found


def read_vocabulary(connection: sqlite3.Connection) -> Vocabulary:
    """Read the words of an index."""
    terms: dict[int, list[str]] = {}
    documents: dict[int, array[int]] = {}
    for length, term, count in connection.execute("select length, term, documents from vocabulary"):
        terms.setdefault(length, []).append(term)
        documents.setdefault(length, array("I")).append(count)
    return Vocabulary({length: " ".join(found).encode() for length, found in terms.items()}, documents)


_kept: tuple[Hashable, Vocabulary] | None = None
_reading = threading.Lock()


def _vocabulary(connection: sqlite3.Connection, stamp: Hashable) -> Vocabulary:
    """Return the words of the index with this stamp, read when the first unknown word is asked for."""
    global _kept  # one for the process, as there is one index
    with _reading:
        if _kept is None or _kept[0] != stamp:
            _kept = (stamp, read_vocabulary(connection))
        return _kept[1]


def suggest(
    connection: sqlite3.Connection,
    words: tuple[AskedWord, ...],
    is_found: Callable[[frozenset[str]], bool],
    stamp: Hashable,
) -> str | None:
    """Return the query with its unknown words replaced, or None where no word has a close neighbour.

    `is_found` says whether any document that learners can open has one of these forms; `stamp` differs as
    soon as what is in the index does.
    """
    spelled = []
    for word in words:
        known = is_found(word.forms)
        plain_word = plain(fold(word.token))
        close = None
        if not known:
            close = _closest(connection, stamp, plain_word, is_found) or _parted(plain_word, is_found)
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
    connection: sqlite3.Connection, stamp: Hashable, word: str, is_found: Callable[[frozenset[str]], bool]
) -> str | None:
    if len(word) < _MIN_CHARS:
        return None
    distance = 1 if len(word) < _LONG_CHARS else 2
    documents = _vocabulary(connection, stamp).between(len(word) - distance, len(word) + distance)
    terms = list(documents)
    found = process.extract(word, terms, scorer=OSA.distance, score_cutoff=distance, limit=None)
    by_nearness = sorted((away, -documents[term], term) for term, away, _ in found)
    for _, _, term in by_nearness[:_MAX_CANDIDATES]:
        if is_found(frozenset({term})):
            return str(term)
    return None
