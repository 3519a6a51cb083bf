"""What learners type finds what they need in the sample encyclopaedia, and more of it than with the peers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.search_quality import ALL, QUERIES, SOURCE, ask, read_queries, score
from bench.searchers import Kiwix, Ours, searchers
from hub.library.indexer import index_pending
from hub.settings import HubPaths
from support.installing import install_source

ROOT = Path(__file__).parents[2]
FLOORS = QUERIES.with_name("floors.tsv")  # in per cent, a little under what is reached
PEERS = ("unicode61", "trigram", Kiwix.name)


def read_floors():
    """Return for each class what must be found at once, and what with a tap on the suggestion."""
    rows = (line.split("\t") for line in FLOORS.read_text(encoding="utf-8").splitlines()[1:])
    return [(kind, int(at_once), int(with_a_tap)) for kind, at_once, with_a_tap in rows]


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """The scores of all searchers: by name, then by class of queries."""
    folder = tmp_path_factory.mktemp("quality")
    paths = HubPaths(folder / "hub")
    paths.dir.mkdir()
    install_source(paths, SOURCE)
    index_pending(paths, now=datetime.now(UTC))
    queries = read_queries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests"))  # libzim's writer is a program of its own
        with searchers(paths, folder) as who:
            return {name: score(queries, found) for name, found in ask(queries, who).items()}


def test_every_query_has_its_texts():
    queries = read_queries()
    names = [path.stem for path in SOURCE.rglob("*.md")]
    assert len(set(names)) == len(names)
    assert len(queries) >= 240
    assert len({(query.kind, query.text) for query in queries}) == len(queries)
    assert {name for query in queries for name in query.documents} == set(names), "each is asked for"
    assert all(query.documents for query in queries)


def test_every_class_has_a_floor():
    kinds = dict.fromkeys(query.kind for query in read_queries())
    assert [kind for kind, _, _ in read_floors()] == [*kinds, ALL]


@pytest.mark.parametrize(("kind", "at_once", "with_a_tap"), read_floors())
def test_class_of_queries_does_not_get_worse(scores, kind, at_once, with_a_tap):
    reached = scores[Ours.name][kind]
    assert reached.at_once_percent >= at_once
    assert reached.with_a_tap_percent >= with_a_tap


@pytest.mark.parametrize("peer", PEERS)
def test_ours_finds_more_than_the_peer(scores, peer):
    ours, theirs = scores[Ours.name][ALL], scores[peer][ALL]
    assert theirs.at_once > theirs.queries / 10, "the peer did search"
    assert ours.at_once > theirs.at_once
    assert ours.first > theirs.first
    assert ours.with_a_tap > theirs.with_a_tap


def test_peers_find_plain_words(scores):
    for peer in PEERS:
        assert scores[peer]["exact"].at_once_percent >= 90
