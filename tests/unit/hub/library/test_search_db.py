"""search.db as its readers open it: connections are used again, and never for a file that was replaced."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.library import search_db
from hub.library.indexer import index_pending
from hub.library.search import search
from hub.settings import HubPaths
from support.libraries import NOW, page, put_pack


@pytest.fixture
def library(tmp_path: Path) -> HubPaths:
    paths = HubPaths(tmp_path)
    put_pack(paths, {"index.html": page("Дроби", "Половина яблука.")})
    index_pending(paths, now=NOW)
    return paths


def found(paths: HubPaths, word: str) -> list[str]:
    return [hit.path for hit in search(paths, word, ui_language="uk").hits]


def test_a_connection_waits_for_the_next_call(library: HubPaths) -> None:
    with search_db.open_for_reading(library) as first:
        pass
    with search_db.open_for_reading(library) as second:
        assert second is first
        with search_db.open_for_reading(library) as beside:
            assert beside is not first


def test_an_index_that_was_made_again_is_seen_at_once(library: HubPaths) -> None:
    assert found(library, "яблуко") == ["index.html"]
    search_db.delete(library.search_db)
    assert found(library, "яблуко") == []
    put_pack(library, {"index.html": page("Дроби", "Чверть груші.")})
    index_pending(library, now=NOW)
    assert (found(library, "груша"), found(library, "яблуко")) == (["index.html"], [])


def test_one_connection_serves_one_hub(library: HubPaths, tmp_path: Path) -> None:
    other = HubPaths(tmp_path / "other")
    put_pack(other, {"index.html": page("Річка", "Тиса тече.")})
    index_pending(other, now=NOW)
    for _ in range(2):
        assert found(library, "яблуко") == ["index.html"]
        assert found(other, "яблуко") == []


def test_what_failed_is_not_used_again(library: HubPaths) -> None:
    with pytest.raises(ZeroDivisionError), search_db.open_for_reading(library) as first:
        raise ZeroDivisionError
    with search_db.open_for_reading(library) as second:
        assert second is not first


def test_who_comes_while_all_connections_are_in_use_waits_and_opens_none(
    library: HubPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[HubPaths] = []
    open_one = search_db._open
    monkeypatch.setattr(search_db, "_open", lambda paths: (opened.append(paths), open_one(paths))[1])
    search_db.close_waiting()
    got_one = threading.Event()

    def read() -> None:
        with search_db.open_for_reading(library):
            got_one.set()

    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(search_db.open_for_reading(library))
        fifth = threading.Thread(target=read)
        fifth.start()
        assert not got_one.wait(0.2)
    fifth.join(10)
    assert got_one.is_set()
    assert len(opened) == 4
