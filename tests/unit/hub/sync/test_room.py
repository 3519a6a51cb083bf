"""What removing versions of a pack would free: not what others link to, nor what the new version needs."""

import pytest

from content_packs.transports.local import open_local
from hub.library.install import install
from hub.library.store import open_store
from hub.sync.fetch import fetch_parcels
from hub.sync.plan import Room
from hub.sync.room import measure_room
from support.built import build, make_paths, put_in_depot, random_bytes

KB = 1000


@pytest.fixture
def hub(tmp_path):
    paths = make_paths(tmp_path / "hub")
    store = open_store(paths.store)

    def put(pack_id, version, files):
        pages = {"index.html": f"<title>{pack_id} {version}</title>".encode()}
        built = build(tmp_path / pack_id, pages | files, id=pack_id, version=version)
        put_in_depot(built, tmp_path / "depot")
        fetch_parcels(built.index, open_local(tmp_path / "depot"), store, lambda _: None)
        install(paths, store, built.index, built.index_bytes)
        return {entry.path: entry.sha256 for entry in built.index.files}

    return paths, store, put


def sound(size_kb, seed):
    return random_bytes(size_kb * KB, seed)


def test_a_version_frees_what_is_its_own(hub):
    paths, store, put = hub
    put("film", 1, {"a.bin": sound(300, 1), "both.bin": sound(500, 2)})
    put("film", 2, {"b.bin": sound(400, 3), "both.bin": sound(500, 2)})
    room = measure_room(paths, store, "film", keep=())
    assert (room.shown, room.kept) == (2, (1,))
    assert 300 * KB <= room.kept_bytes < 301 * KB
    assert 1200 * KB <= room.all_bytes < 1201 * KB


def test_what_another_pack_or_the_new_version_has_too_is_not_freed(hub):
    paths, store, put = hub
    files = put(
        "film", 1, {"own.bin": sound(300, 1), "shared.bin": sound(500, 2), "again.bin": sound(700, 3)}
    )
    put("other", 1, {"shared.bin": sound(500, 2)})
    room = measure_room(paths, store, "film", keep={files["again.bin"]})
    assert 300 * KB <= room.all_bytes < 301 * KB


def test_a_file_that_stands_twice_in_one_version_is_freed_once(hub):
    paths, store, put = hub
    put("film", 1, {"a.bin": sound(300, 1), "copy.bin": sound(300, 1)})
    assert 300 * KB <= measure_room(paths, store, "film", keep=()).all_bytes < 301 * KB


def test_a_version_whose_index_is_damaged_promises_nothing(hub):
    paths, store, put = hub
    put("film", 1, {"a.bin": sound(300, 1)})
    (paths.packs / "film/1/index.zst").write_bytes(b"damaged")
    assert measure_room(paths, store, "film", keep=()) == Room(1, (), 0, 0)
