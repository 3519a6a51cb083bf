"""What runs beside the pages outlives full disks, damaged databases and programs that are not there."""

import shutil
import sqlite3
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from content_packs.errors import ProcessDownError
from hub import companions
from hub.companions import Companions
from hub.library import indexer, precompress
from hub.services import read_service
from hub.settings import HubPaths, KiwixSettings
from hub.supervise import Backoff
from support.data import shared_data
from support.shelves import SETTINGS, put, put_lesson
from support.sources import write_source
from support.waiting import wait_for

AT_ONCE = Backoff(first_s=0.1, longest_s=0.1)
WITH_KIWIX = replace(SETTINGS, kiwix=KiwixSettings())


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path / "hub")


@contextmanager
def running(paths, settings=SETTINGS):
    companions = Companions(paths, settings, retry=AT_ONCE)
    wanted = threading.Event()
    wanted.set()
    companions.start(wanted.is_set)
    try:
        yield companions
    finally:
        wanted.clear()
        companions.join()


def put_zim(paths, scratch):
    folder = scratch / "wiki"
    folder.mkdir()
    (folder / "small.zim").write_bytes(shared_data("zim", "small.zim").read_bytes())
    put(paths, write_source(folder, {}, id="wiki", kind="zim", entry=None, title="Вікі"))


def is_indexed(paths):
    return not indexer.pending(paths)


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(28, "No space left on device"),
        sqlite3.OperationalError("unable to open database file"),
        BlockingIOError(11, "fork: Resource temporarily unavailable"),
    ],
    ids=["full disk", "database", "no process"],
)
@pytest.mark.parametrize("place", ["pending", "spawn"])
def test_indexing_goes_on_when_the_trouble_is_over(paths, tmp_path, monkeypatch, capsys, trouble, place):
    put_lesson(paths, tmp_path)
    real = getattr(indexer, place)
    troubles = [trouble] * 3

    def troubled(paths):
        if troubles:
            raise troubles.pop()
        return real(paths)

    monkeypatch.setattr(indexer, place, troubled)
    with running(paths):
        wait_for(lambda: not troubles and indexer_read(paths), timeout_s=30)
    assert capsys.readouterr().err.count(str(trouble.args[-1])) == 1


def indexer_read(paths):
    """Whether search.db knows every pack, asked past the patched functions."""
    try:
        with sqlite3.connect(f"file:{paths.search_db}?mode=ro", uri=True) as connection:
            found = connection.execute("select count(*) from indexed_packs where state != 'reading'")
            return found.fetchone()[0] == 1
    except sqlite3.Error:
        return False
    finally:
        if "connection" in locals():
            connection.close()


def test_a_hub_without_kiwix_serve_has_a_search(paths, tmp_path):
    put_zim(paths, tmp_path)
    settings = replace(SETTINGS, kiwix=KiwixSettings(command="no-such-kiwix"))
    with running(paths, settings):
        wait_for(lambda: is_indexed(paths), timeout_s=30)


def test_a_database_that_breaks_stops_no_zim(paths, tmp_path):
    put_zim(paths, tmp_path)
    with running(paths, WITH_KIWIX) as companions:
        wait_for(lambda: companions.find_zim_port("wiki"), timeout_s=20)
        paths.db.rename(paths.db.with_name("away"))
        paths.db.mkdir()
        first = read_service(paths, "kiwix")["pid"]
        subprocess.run(["kill", "-9", str(first)], check=True)
        again = lambda: (read_service(paths, "kiwix") or {}).get("pid") not in (None, first)  # noqa: E731
        wait_for(lambda: again() and companions.find_zim_port("wiki"), timeout_s=20)


def test_a_state_file_that_cannot_be_written_stops_no_zim(paths, tmp_path):
    put_zim(paths, tmp_path)
    (paths.run / "kiwix.json").mkdir(parents=True)
    with running(paths, WITH_KIWIX) as companions:
        wait_for(lambda: companions.find_zim_port("wiki"), timeout_s=20)
    assert companions._thread is not None
    assert not companions._thread.is_alive()


def test_a_full_disk_is_not_written_to_each_hour_for_nothing(paths, tmp_path, monkeypatch):
    put_lesson(paths, tmp_path)
    disk, spawned = shutil.disk_usage(tmp_path), []
    least = SETTINGS.sync.reserve(disk.total)
    free = [least - 1]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=free[0]))
    monkeypatch.setattr(companions, "_ROOM_AGAIN_S", 0.0)
    program = ["true"]

    def spawn(_):
        spawned.append(subprocess.Popen(program))
        return spawned[-1]

    monkeypatch.setattr(precompress, "spawn", spawn)
    beside = Companions(paths, SETTINGS)

    def tick():
        """Let an hour pass."""
        beside._compress()
        for process in spawned:
            process.wait()
        return len(spawned)

    assert tick() == 0
    free[0] = least
    assert [tick() for _ in range(4)] == [1, 1, 1, 1]  # it made nothing: there was no room
    free[0] = least + companions._MORE_ROOM_BYTES
    program[0] = "false"
    assert tick() == 2
    with pytest.raises(ProcessDownError):
        tick()
    assert tick() == 3  # what made it fail may be over
