"""Indexing: what is installed becomes findable, whatever interrupts it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from content_packs.durable import locked
from content_packs.errors import BadDataError, BusyError
from content_packs.kinds import KINDS
from content_packs.kinds.kind import Document, InstalledTree
from hub.library import indexer
from hub.library.indexer import index_pending, pending, spawn
from hub.library.search import Page, search
from hub.settings import HubPaths
from support.data import shared_data
from support.libraries import NOW, page, put_folder, put_pack, remove_pack
from support.waiting import wait_for

MANY = {f"p{n:04}.html": page(f"Сторінка {n}", f"Вулкан номер{n}. " * 40) for n in range(1200)}


@pytest.fixture
def paths(tmp_path: Path) -> HubPaths:
    return HubPaths(tmp_path / "hub")


class PowerCutError(BaseException):
    """The process ends here, as far as the code can tell."""


def find(paths: HubPaths, query: str, *, limit: int = 20) -> list[str]:
    return [hit.path for hit in search(paths, query, ui_language="uk", page=Page(limit)).hits]


def rows(paths: HubPaths, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(paths.search_db)) as connection:
        return connection.execute(sql).fetchall()


def test_indexes_what_is_installed_once(paths: HubPaths) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора з вогнем.")})
    assert pending(paths)
    report = index_pending(paths, now=NOW)
    assert (report.indexed, report.documents, report.faults) == (
        ["lesson@1"],
        2,
        [],
    )  # the page, and the pack
    assert find(paths, "вулкан") == ["a.html"]
    assert not pending(paths)
    assert index_pending(paths, now=NOW).indexed == []


def test_indexes_the_real_textbook(paths: HubPaths) -> None:
    put_folder(
        paths, shared_data("textbook", "v3"), id="python", kind="web", title="Python", entry="index.html"
    )
    index_pending(paths, now=NOW)
    assert find(paths, "iterating lists")[0] == "m00066.html"
    assert find(paths, "modify a list")[0] == "m00066.html"


def test_upgrade_replaces_the_pages(paths: HubPaths) -> None:
    put_pack(paths, {"old.html": page("Вулкани", "Старе видання.")})
    index_pending(paths, now=NOW)
    put_pack(paths, {"new.html": page("Вулкани", "Нове видання.")}, version=2)
    assert pending(paths)
    report = index_pending(paths, now=NOW)
    assert (report.dropped, report.indexed) == (["lesson"], ["lesson@2"])
    assert find(paths, "вулкани") == ["new.html"]


def test_removed_pack_leaves_the_index(paths: HubPaths) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора.")}, id="one")
    put_pack(paths, {"b.html": page("Вулкани", "Лава.")}, id="two")
    index_pending(paths, now=NOW)
    remove_pack(paths, "one")
    assert find(paths, "вулкани") == ["b.html"]
    assert pending(paths)
    assert index_pending(paths, now=NOW).dropped == ["one"]
    assert rows(paths, "select distinct pack_id from documents") == [("two",)]
    assert not pending(paths)


def test_index_is_compacted_when_most_of_it_is_dead(paths: HubPaths) -> None:
    put_pack(paths, {f"p{n}.html": page("Вулкани", f"Гора {n}.") for n in range(20)}, id="large")
    put_pack(paths, {"b.html": page("Річки", "Течуть учні вздовж річки.")}, id="small")
    index_pending(paths, now=NOW)
    remove_pack(paths, "large")
    index_pending(paths, now=NOW)
    assert rows(paths, "select count(*) from words_docsize") == [(2,)]  # page and pack; 22 before
    assert find(paths, "учень") == ["b.html"]


@pytest.mark.parametrize("state", ["foreign", "garbage", "empty", "half"])
def test_index_that_cannot_be_used_is_made_again(paths: HubPaths, state: str) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора.")})
    index_pending(paths, now=NOW)
    if state == "foreign":
        with closing(sqlite3.connect(paths.search_db)) as connection:
            connection.execute("pragma user_version=7")
    else:
        data = paths.search_db.read_bytes()
        broken = {"garbage": b"no database" * 1000, "empty": b"", "half": data[: len(data) // 8192 * 4096]}
        paths.search_db.write_bytes(broken[state])
    assert pending(paths) or state == "half"
    find(paths, "вулкани")  # a learner meets what `pending` alone does not
    assert pending(paths)
    index_pending(paths, now=NOW)
    assert find(paths, "вулкани") == ["a.html"]


def documents_done(paths: HubPaths) -> int:
    """Return how many documents are committed, while another process indexes."""
    try:
        return int(str(rows(paths, "select coalesce(sum(done), 0) from indexed_packs")[0][0]))
    except sqlite3.OperationalError:  # no tables yet, or being written
        return 0


def test_goes_on_after_kill_without_duplicates(paths: HubPaths) -> None:
    put_pack(paths, MANY)
    for batch in (1, 2, 3):  # of 200 documents; there are six, so none of these kills comes too late
        with spawn(paths) as process:
            wait_for(lambda: documents_done(paths) >= batch * 200, timeout_s=60, every_s=0.02)  # noqa: B023
            assert process.poll() is None, "it ended before it could be killed"
            os.kill(process.pid, signal.SIGKILL)
    done_before = documents_done(paths)
    assert 600 <= done_before < len(MANY)
    report = index_pending(paths, now=NOW)
    assert report.documents == len(MANY) + 1 - done_before
    found = Counter(row[0] for row in rows(paths, "select path from documents"))
    assert set(found) == {*MANY, ""}
    assert set(found.values()) == {1}
    assert find(paths, "номер1199") == ["p1199.html"]


def test_goes_on_from_the_last_batch(paths: HubPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    put_pack(paths, MANY)

    def cut_power(pack_id: str, done: int) -> None:
        if done >= 600:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        index_pending(paths, now=NOW, progress=cut_power)
    assert rows(paths, "select count(*) from documents") == [(600,)]
    assert pending(paths)
    assert index_pending(paths, now=NOW).documents == len(MANY) + 1 - 600
    assert rows(paths, "select count(*), count(distinct path) from documents") == [(1201, 1201)]


def breaking(documents: int, error: BaseException) -> dict[str, object]:
    """Return kinds whose web packs break after some documents."""

    def broken(tree: InstalledTree) -> Iterator[Document]:
        for number in range(documents):
            yield Document(f"d{number}", f"Вулкан {number}", "uk", "", "текст")
        raise error

    return {"web": replace(KINDS["web"], documents=broken)}


@pytest.mark.parametrize(
    "error", [BadDataError("a3.epub: not a zip"), FileNotFoundError(2, "gone", "a3.epub")]
)
def test_document_that_cannot_be_read_is_named_and_the_rest_is_found(
    paths: HubPaths, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    put_pack(paths, {})
    monkeypatch.setattr(indexer, "KINDS", breaking(3, error))
    (fault,) = index_pending(paths, now=NOW).faults
    assert "lesson@1: after document 4" in fault
    assert "a3.epub" in fault
    assert sorted(find(paths, "вулкан")) == ["d0", "d1", "d2"]
    assert not pending(paths)


def test_document_that_kills_the_process_does_so_three_times_only(
    paths: HubPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pack(paths, {})
    monkeypatch.setattr(indexer, "KINDS", breaking(3, PowerCutError()))
    for _ in range(3):
        with pytest.raises(PowerCutError):
            index_pending(paths, now=NOW)
        assert pending(paths)
    (fault,) = index_pending(paths, now=NOW).faults
    assert "gave up after document 0" in fault
    assert not pending(paths)


def test_second_indexer_waits_or_is_told(paths: HubPaths) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора.")})
    with locked(paths.lock("index"), doing="test"), pytest.raises(BusyError):
        index_pending(paths, now=NOW)


def test_own_process_indexes_and_ends(paths: HubPaths) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора.")})
    with spawn(paths) as process:
        assert process.wait(timeout=60) == 0
    assert not pending(paths)


def test_own_process_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub.library.indexer", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_USAGE
    assert "none" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_pending_where_nothing_was_ever_installed(paths: HubPaths) -> None:
    assert not pending(paths)


def test_who_looks_what_is_pending_goes_on_seeing_what_another_process_indexes(paths: HubPaths) -> None:
    put_pack(paths, {"a.html": page("Вулкани", "Гора з вогнем.")}, id="first")
    index_pending(paths, now=NOW)
    assert find(paths, "вулкан") == ["a.html"]  # a connection is kept open
    put_pack(paths, {"b.html": page("Річки", "Вода тече.")}, id="second")
    assert pending(paths)
    assert spawn(paths).wait() == 0  # it checkpoints, and deletes a -wal that nobody has locked
    assert find(paths, "річка") == ["b.html"]
    assert not pending(paths)
