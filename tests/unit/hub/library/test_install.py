import os

import pytest

from content_packs.errors import DiskFullError, UsageError
from content_packs.transports.local import open_local
from hub.library import install as installing
from hub.library.install import held_version, install, remove, roll_back
from hub.library.installed import current_version, list_versions
from hub.library.store import open_store
from hub.sync.fetch import fetch_parcels
from support.built import build, make_paths, put_in_depot
from support.sources import PAGE, read_tree


def pages(version):
    return {
        "index.html": PAGE.format("Урок", f"версія {version}").encode(),
        "same.txt": b"same",
        "a/b.txt": b"b",
    }


@pytest.fixture
def hub(tmp_path):
    paths = make_paths(tmp_path / "hub")
    store = open_store(paths.store)

    def put(version):
        built = build(tmp_path, pages(version), version=version)
        put_in_depot(built, tmp_path / "depot")
        fetch_parcels(built.index, open_local(tmp_path / "depot"), store, lambda _: None)
        install(paths, store, built.index, built.index_bytes)

    return paths, store, put


def shown(paths):
    return read_tree(paths.packs / "lesson" / "current" / "files")


def test_installs_a_tree_of_links_equal_to_the_source(hub):
    paths, store, put = hub
    put(1)
    assert shown(paths) == pages(1)
    for path in (paths.packs / "lesson" / "1" / "files").rglob("*.*"):
        assert path.stat().st_nlink >= 2
        assert path.stat().st_mode & 0o222 == 0
    assert list(store.incoming.iterdir()) == []


def test_keeps_the_version_before_and_drops_older_ones(hub):
    paths, _, put = hub
    for version in (1, 2, 3):
        put(version)
    assert current_version(paths, "lesson") == 3
    assert list_versions(paths, "lesson") == [2, 3]


def test_rolls_back_once_and_holds(hub):
    paths, _, put = hub
    put(1)
    put(2)
    assert roll_back(paths, "lesson") == 1
    assert shown(paths) == pages(1)
    assert held_version(paths, "lesson") == 2
    with pytest.raises(UsageError, match="no version earlier"):
        roll_back(paths, "lesson")
    put(3)
    assert held_version(paths, "lesson") is None
    assert list_versions(paths, "lesson") == [1, 3]


def test_rollback_of_what_is_not_there_says_so(hub):
    with pytest.raises(UsageError, match="not installed"):
        roll_back(hub[0], "nothing")


def test_a_full_disk_leaves_the_old_version_shown(hub, monkeypatch):
    paths, _, put = hub
    put(1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installing, "sync_filesystem", full)
    with pytest.raises(DiskFullError):
        put(2)
    assert shown(paths) == pages(1)
    assert current_version(paths, "lesson") == 1


def test_remove_takes_everything_away(hub):
    paths, _, put = hub
    put(1)
    put(2)
    remove(paths, "lesson")
    assert os.listdir(paths.packs) == [installing.STAGING]
    assert current_version(paths, "lesson") is None


def test_an_interrupted_deletion_never_leaves_half_a_version(hub, monkeypatch):
    paths, _, put = hub
    put(1)
    put(2)
    monkeypatch.setattr(
        installing.shutil, "rmtree", lambda *_, **__: None
    )  # as if killed before the first file
    installing.drop_versions(paths, "lesson", keep={2})
    assert list_versions(paths, "lesson") == [2]
    monkeypatch.undo()
    installing.clear_staging(paths)
    assert sorted(p.name for p in paths.packs.iterdir()) == ["lesson"]


def test_a_file_with_too_many_links_is_copied(hub, monkeypatch):
    paths, _, put = hub

    def full(*_):
        raise OSError(31, "Too many links")

    monkeypatch.setattr(os, "link", full)
    put(1)
    assert shown(paths) == pages(1)
