import errno
import multiprocessing
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest

from content_packs.durable import locked
from content_packs.errors import BusyError, LocalError
from content_packs.transports.local import open_local
from hub import db as hub_db
from hub.library import precompress, rebuild
from hub.library.install import hide, install, remove
from hub.library.installed import current_version, list_packs, list_versions
from hub.library.rebuild import open_library, repair, take_out
from hub.library.store import open_store
from hub.sync.fetch import fetch_parcels
from support.built import build, make_paths, put_in_depot
from support.sources import PAGE, read_tree

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def pages(version):
    return {"index.html": PAGE.format("Урок", f"версія {version}").encode(), "same.txt": b"same"}


@pytest.fixture
def hub(tmp_path):
    """A hub on which versions 1 and 2 were installed, 2 being current."""
    paths = make_paths(tmp_path / "hub")
    store = open_store(paths.store)
    for version in (1, 2):
        built = build(tmp_path, pages(version), version=version)
        put_in_depot(built, tmp_path / "depot")
        with open_local(tmp_path / "depot") as transport:
            fetch_parcels(built.index, transport, store, lambda _: None)
        install(paths, store, built.index, built.index_bytes)
    return paths


def test_repair_throws_away_what_was_made_from_the_files(hub):
    for version in ("1", "2"):
        (hub.packs / "lesson" / version / "gzip").mkdir()
    run_repair(hub)
    assert not list(hub.packs.glob("*/*/gzip"))


def test_repair_lets_nobody_make_gzip_forms_of_what_is_damaged(hub, monkeypatch):
    """Who makes them is let finish first, and begins again when the damaged files are out."""
    damage(hub, 2)
    seen = []

    def look(folder, damaged):
        with pytest.raises(BusyError), locked(hub.lock("precompress"), doing="looking"):
            pass
        seen.append(damaged)
        take_out(folder, damaged)

    monkeypatch.setattr(rebuild, "take_out", look)
    damage(hub, 1)
    finished = threading.Event()
    with precompress.paused(hub):
        repairing = threading.Thread(target=lambda: (run_repair(hub), finished.set()))
        repairing.start()
        assert not finished.wait(0.2)
        (hub.packs / "lesson" / "2" / "gzip").mkdir()
    repairing.join()
    assert seen == [("files/index.html",)]
    assert not list(hub.packs.glob("*/*/gzip"))


def rows(paths):
    with closing(open_library(paths, now=NOW)) as db:
        return {pack.pack.id: pack.pack.version for pack in list_packs(db, paths)}


def run_repair(paths):
    return repair(paths, now=NOW, advance=lambda _: None)


def damage(paths, version, name="index.html"):
    """Change a byte as a dying card does: in the tree and the store alike, for they are one file."""
    path = paths.packs / "lesson" / str(version) / "files" / name
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"?")


def test_the_database_follows_the_disk(hub):
    assert rows(hub) == {"lesson": 2}
    (hub.packs / "lesson" / "current").unlink()
    (hub.packs / "lesson" / "current").symlink_to("1")
    assert rows(hub) == {"lesson": 1}
    remove(hub, "lesson")
    assert rows(hub) == {}


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 5000, b"garbage" * 1000])
def test_a_damaged_database_is_made_again_without_a_human(hub, content):
    rows(hub)
    for path in hub.dir.glob("hub.db*"):
        path.unlink()
    hub.db.write_bytes(content)
    assert rows(hub) == {"lesson": 2}


def test_a_lost_database_is_made_again(hub):
    rows(hub)
    for path in hub.dir.glob("hub.db*"):
        path.unlink()
    assert rows(hub) == {"lesson": 2}


def test_repair_finds_nothing_wrong_with_a_good_hub(hub):
    report = run_repair(hub)
    assert report.packs == ["lesson@2"]
    assert report.dropped == []
    assert report.checked_bytes == sum(len(d) for v in (1, 2) for d in pages(v).values())


@pytest.mark.parametrize(
    "script", ["alter table sync_runs drop column is_uplink", "drop table last_plan; drop table uplink_use"]
)
def test_a_database_of_another_version_is_made_again_without_a_human(hub, script):
    assert rows(hub) == {"lesson": 2}
    with closing(sqlite3.connect(hub.db)) as connection:
        connection.executescript(script)
    assert rows(hub) == {"lesson": 2}
    assert (hub.dir / "hub.db.damaged").exists()


def test_repair_drops_a_damaged_version_and_shows_the_one_before(hub):
    damage(hub, 2)
    report = run_repair(hub)
    assert report.packs == ["lesson@1"]
    assert any("version 2" in line and "files/index.html" in line for line in report.dropped)
    assert read_tree(hub.packs / "lesson/current/files") == pages(1)
    assert rows(hub) == {"lesson": 1}


def test_repair_keeps_what_is_good_of_the_last_version_and_the_next_sync_mends_it(hub, tmp_path):
    damage(hub, 2, "same.txt")  # one content of both versions
    report = run_repair(hub)
    assert report.packs == ["lesson@2"]
    assert any("stored file" in line for line in report.dropped)
    # What is whole of the current version stays, and the sync knows that it is not all there.
    assert list(read_tree(hub.packs / "lesson/current/files")) == ["index.html"]
    assert rows(hub) == {"lesson": 2}
    assert list_versions(hub, "lesson") == []
    store = open_store(hub.store)
    built = build(tmp_path / "again", pages(2), version=2)
    with open_local(tmp_path / "depot") as transport:
        fetch_parcels(built.index, transport, store, lambda _: None)
    install(hub, store, built.index, built.index_bytes)
    assert read_tree(hub.packs / "lesson/current/files") == pages(2)
    assert run_repair(hub).dropped == []


@pytest.mark.parametrize("size", [0, 10])
def test_repair_drops_a_version_whose_index_was_cut(hub, size):
    path = hub.packs / "lesson/2/index.zst"
    path.write_bytes(path.read_bytes()[:size])
    report = run_repair(hub)
    assert report.packs == ["lesson@1"]
    assert any("index" in line for line in report.dropped)


def test_repair_points_a_dangling_link_at_what_is_whole(hub):
    link = hub.packs / "lesson" / "current"
    link.unlink()
    link.symlink_to("9")
    assert run_repair(hub).packs == ["lesson@2"]
    assert current_version(hub, "lesson") == 2


def test_repair_clears_what_an_interrupted_install_left(hub):
    (hub.packs / ".staging" / "lesson-3").mkdir(parents=True)
    run_repair(hub)
    assert not (hub.packs / ".staging").exists()


def test_a_busy_database_is_not_taken_for_a_damaged_one(hub, monkeypatch):
    rows(hub)
    monkeypatch.setattr(hub_db, "_BUSY_TIMEOUT_S", 0.2)
    (hub.packs / "lesson" / "current").unlink()  # so that opening has something to write
    with closing(sqlite3.connect(hub.db, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(LocalError, match="locked"):
            open_library(hub, now=NOW)
    assert not list(hub.dir.glob("*.damaged"))
    assert rows(hub) == {}


def _open_once(paths, results):
    open_library(paths, now=NOW).close()
    results.put("opened")


def test_all_services_may_start_for_the_first_time_at_once(hub):
    context = multiprocessing.get_context("fork")
    for _ in range(5):
        for path in hub.dir.glob("hub.db*"):
            path.unlink()
        results = context.Queue()
        starts = [context.Process(target=_open_once, args=(hub, results)) for _ in range(4)]
        for process in starts:
            process.start()
        for process in starts:
            process.join(30)
        assert [process.exitcode for process in starts] == [0] * 4
        assert not list(hub.dir.glob("*.damaged"))
    assert rows(hub) == {"lesson": 2}


def test_repair_takes_a_bad_sector_for_damage(hub, monkeypatch):
    def read(path):
        if path.name == "index.html" and path.parts[-3] == "2":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return real(path)

    real = rebuild.hash_file
    monkeypatch.setattr(rebuild, "hash_file", read)
    report = run_repair(hub)
    assert report.packs == ["lesson@1"]
    assert any("files/index.html" in line for line in report.dropped)


def test_repair_does_not_bring_back_what_the_office_took_away(hub):
    hide(hub, "lesson")
    assert run_repair(hub).packs == []
    assert rows(hub) == {}
    assert list_versions(hub, "lesson") == [1, 2]
