"""Words of the library to offer for one that is unknown: kept packed, and never those of an older index."""

import sqlite3

import pytest

from hub.library.query import parse
from hub.library.suggest import read_vocabulary, suggest

WORDS = {"дріб": 9, "дроби": 4, "вулкан": 3, "вулиця": 5, "п\u02bcять": 2, "x": 1}


@pytest.fixture
def connection() -> sqlite3.Connection:
    found = sqlite3.connect(":memory:")
    found.execute("create table vocabulary(length integer, term text, documents integer)")
    found.executemany("insert into vocabulary values (?, ?, ?)", [(len(w), w, n) for w, n in WORDS.items()])
    return found


def test_words_are_found_by_their_length(connection: sqlite3.Connection) -> None:
    vocabulary = read_vocabulary(connection)
    assert vocabulary.between(4, 5) == {"дріб": 9, "дроби": 4, "п\u02bcять": 2}
    assert vocabulary.between(1, 99) == WORDS
    assert vocabulary.between(40, 50) == {}


def test_words_are_read_once_for_an_index_and_anew_for_the_next(connection: sqlite3.Connection) -> None:
    def offer(stamp: str) -> str | None:
        return suggest(connection, parse("вулкян", ["uk"]), lambda forms: bool(forms & set(WORDS)), stamp)

    assert offer("first") == "вулкан"
    connection.execute("update vocabulary set term = 'вулкун' where term = 'вулкан'")
    assert offer("first") == "вулкан"
    assert offer("second") is None  # what is offered must be found, too
