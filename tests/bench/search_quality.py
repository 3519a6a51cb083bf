"""Table "search-quality": do the words that learners type find the text that they need?

The queries, with the texts that each should find, are tests/cases/search_quality/queries.tsv; the texts
are the sample pack school-encyclopaedia. Nothing of it is timed, so two runs give the same table.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.measure import first_line, note
from bench.searchers import RANKS, Found, Kiwix, Ours, Searcher, searchers
from bench.tables import Row, Table
from hub.library.indexer import index_pending
from hub.settings import HubPaths
from support.road import Road

_ROOT = Path(__file__).parents[2]
SOURCE = _ROOT / "samples" / "school-encyclopaedia"
QUERIES = _ROOT / "tests" / "cases" / "search_quality" / "queries.tsv"
FIRST_RANKS = 3  # what a phone shows without scrolling
ALL = "all"
_SUGGESTING = (Ours.name, Kiwix.name)


@dataclass(frozen=True, slots=True)
class Query:
    """What a learner types; any of `documents` is what they look for."""

    kind: str
    text: str
    documents: frozenset[str]

    def rank(self, names: Sequence[str]) -> int | None:
        """Return the place of the first of them, from 1; None where there is none."""
        return next((place for place, name in enumerate(names, start=1) if name in self.documents), None)


@dataclass(frozen=True, slots=True)
class Score:
    """How one searcher did on some queries."""

    queries: int
    first: int  # at rank 1
    at_once: int  # at rank 3 or better
    with_a_tap: int  # so, or after one tap on what is suggested
    reciprocal_rank: float  # mean of 1 ÷ rank; nothing beyond RANKS

    @property
    def at_once_percent(self) -> float:
        """Success at rank ≤ 3."""
        return 100 * self.at_once / self.queries

    @property
    def with_a_tap_percent(self) -> float:
        """Success at rank ≤ 3, at once or by one tap."""
        return 100 * self.with_a_tap / self.queries

    @property
    def first_percent(self) -> float:
        """Success at rank 1."""
        return 100 * self.first / self.queries


Answers = Mapping[str, Sequence[Found]]  # by searcher; in the order of the queries


def read_queries() -> list[Query]:
    """Return the queries in the order of their classes; the file's first line names its columns."""
    lines = QUERIES.read_text(encoding="utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return [Query(kind, text, frozenset(documents.split())) for kind, text, documents in rows]


def ask(queries: Sequence[Query], who: Sequence[Searcher]) -> Answers:
    """Return what each searcher finds for each query."""
    return {searcher.name: [searcher.search(query.text) for query in queries] for searcher in who}


def score(queries: Sequence[Query], found: Sequence[Found]) -> dict[str, Score]:
    """Return the score of one searcher for each class of queries, and for all of them together."""
    pairs = list(zip(queries, found, strict=True))
    kinds = dict.fromkeys(query.kind for query in queries)
    by_kind = {kind: _score([pair for pair in pairs if pair[0].kind == kind]) for kind in kinds}
    return by_kind | {ALL: _score(pairs)}


def _score(pairs: Sequence[tuple[Query, Found]]) -> Score:
    ranks = [query.rank(found.at_once) for query, found in pairs]
    return Score(
        queries=len(pairs),
        first=ranks.count(1),
        at_once=sum(is_seen(rank) for rank in ranks),
        with_a_tap=sum(
            is_seen(rank) or is_seen(query.rank(found.by_a_tap))
            for (query, found), rank in zip(pairs, ranks, strict=True)
        ),
        reciprocal_rank=sum(1 / rank for rank in ranks if rank) / len(pairs),
    )


def is_seen(rank: int | None) -> bool:
    """Whether a document at this rank is found in the sense of this table."""
    return rank is not None and rank <= FIRST_RANKS


def measure(folder: Path) -> Table:
    """Ask everybody everything, over a pack that a hub really synced."""
    queries = read_queries()
    note(f"a hub with {SOURCE.name}, and its texts in two FTS5 tables and a ZIM")
    paths = _synced(folder)
    with searchers(paths, folder) as who:
        answers = ask(queries, who)
    for query, found in zip(queries, answers[Ours.name], strict=True):
        if not is_seen(query.rank(found.at_once)) and not is_seen(query.rank(found.by_a_tap)):
            note(f"not found by ours: {query.text} ({query.kind})")
    scores = {name: score(queries, found) for name, found in answers.items()}
    return Table("Search quality", list(_rows(scores)), _NOTES, list(_samples(scores)), _versions())


def _synced(folder: Path) -> HubPaths:
    road = Road(folder / "road", hub_id="h-bench")
    try:
        road.publish(SOURCE)
        road.assign(SOURCE.name)
        synced = road.sync()
        assert synced.code == 0, synced.err
    finally:
        road.stop()
    paths = HubPaths(road.hub)
    index_pending(paths, now=datetime.now(UTC), wait=True)
    return paths


def _rows(scores: Mapping[str, Mapping[str, Score]]) -> Iterator[Row]:
    """Yield ours beside each peer, over all queries."""
    ours, *peers = scores
    mine = scores[ours][ALL]
    case = f"{mine.queries} queries"
    for peer in peers:
        his = scores[peer][ALL]
        yield Row(case, "rank ≤ 3", "%", mine.at_once_percent, peer, his.at_once_percent)
        yield Row(case, "rank ≤ 3, with a tap", "%", mine.with_a_tap_percent, peer, his.with_a_tap_percent)
        yield Row(case, "rank 1", "%", mine.first_percent, peer, his.first_percent)
        yield Row(case, "mean reciprocal rank", "1", mine.reciprocal_rank, peer, his.reciprocal_rank)


def _samples(scores: Mapping[str, Mapping[str, Score]]) -> Iterator[dict[str, Any]]:
    """Yield a line for each class: every searcher's rates in per cent, and its mean reciprocal rank."""
    for kind, mine in scores[Ours.name].items():
        line: dict[str, Any] = {"class": kind, "queries": mine.queries}
        for name, of_kind in scores.items():
            line[f"{name} ≤ 3"] = round(of_kind[kind].at_once_percent)
            if name in _SUGGESTING:
                line[f"{name} tap"] = round(of_kind[kind].with_a_tap_percent)
        for name, of_kind in scores.items():
            line[f"{name} 1st"] = round(of_kind[kind].first_percent)
        for name, of_kind in scores.items():
            line[f"{name} MRR"] = of_kind[kind].reciprocal_rank
        yield line


_NOTES = [
    "rank ≤ 3: one of the texts that the query is meant to find is among the first three, in per cent of the"
    " queries; tap: so, or among the first three after one tap on a suggestion (kiwix-serve's are titles)",
    f"MRR: mean of 1 ÷ rank of the first such text, 0 beyond rank {RANKS}",
    "hub: a pack that was published, synced and indexed; hub.library.search with Ukrainian as the language",
    "unicode61, trigram: FTS5 with the same titles, headings, texts and weights; all words, or any of them"
    " where no text has all; trigram finds parts of words, of three letters or more",
    "kiwix-serve: a ZIM of the same texts by libzim with its full-text index, language ukr",
    "no query was changed or left out for what it finds; 333 were written before the first run, 140 more"
    " after it",
]


def _versions() -> dict[str, str]:
    return {
        "SQLite": sqlite3.sqlite_version,
        "kiwix-serve": first_line("kiwix-serve", "--version"),
        "libzim": version("libzim"),
        "simplemma": version("simplemma"),
        "rapidfuzz": version("rapidfuzz"),
    }
