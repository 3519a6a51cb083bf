"""Large files that lie in blocks: fetched packed, resumed to the byte, written in place as slices."""

import random
import shutil
from datetime import UTC, datetime

import pytest

from content_packs.depot import PACKED_BYTES
from content_packs.errors import HashMismatchError, LinkDownError
from content_packs.index import read_index_json
from content_packs.kinds import KINDS
from content_packs.transports.local import open_local
from hub.library.store import Store, open_store
from hub.sync.fetch import fetch_parcels, list_parcels, missing_bytes
from hub.sync.wrong import WrongBytes
from support.built import MIB, build, database, put_in_depot, random_bytes
from support.cuts import CutTransport
from support.sources import PAGE

SIZE = PACKED_BYTES + 2 * MIB + 300  # two blocks
FILES = {
    "index.html": PAGE.format("Урок", "текст").encode(),
    "a.sqlite3": database(SIZE, 1),
    "film.mp4": random_bytes(2 * MIB + 9, 2),
    "z.json": database(MIB + 1, 3),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    built = build(folder, FILES)
    put_in_depot(built, folder / "depot")
    return built.index, folder / "depot"


@pytest.fixture
def depot(shared, tmp_path):
    shutil.copytree(shared[1], tmp_path / "depot")
    return shared[0], tmp_path / "depot"


def stored(index, store):
    return {e.path: store.find(e.sha256, e.size).read_bytes() for e in index.files}


def object_of(index, path):
    return index.objects[next(e.sha256 for e in index.files if e.path == path)]


def fetch(index, folder, store, cut_after=None):
    transport = CutTransport(open_local(folder), cut_after)
    fetch_parcels(index, transport, store, lambda _: None)
    return transport.given


def test_a_packed_file_travels_packed(shared, tmp_path):
    index, folder = shared
    store = open_store(tmp_path / "store")
    left = missing_bytes(list_parcels(index, store), store)
    given = fetch(index, folder, store)
    assert stored(index, store) == FILES
    assert given == left == index.download_bytes < 0.5 * sum(map(len, FILES.values()))
    assert list_parcels(index, store) == []
    assert not list(store.incoming.glob("*.part"))


def test_cuts_at_any_byte_cost_no_byte_of_a_packed_file_twice(shared, tmp_path):
    index, folder = shared
    store = open_store(tmp_path / "store")
    chance, given, cuts = random.Random(7), 0, 0
    while list_parcels(index, store):
        transport = CutTransport(open_local(folder), cut_after=chance.randrange(1, 700_000))
        left = missing_bytes(list_parcels(index, store), store)
        assert left == index.download_bytes - given
        try:
            fetch_parcels(index, transport, store, lambda _: None)
        except LinkDownError:
            cuts += 1
        given += transport.given
    assert cuts > 5
    assert given == index.download_bytes
    assert stored(index, store) == FILES


def test_a_reboot_in_the_middle_costs_no_byte_of_a_packed_file(shared, tmp_path):
    index, folder = shared
    before = Store(tmp_path / "store", "boot-1")
    with pytest.raises(LinkDownError):
        fetch(index, folder, before, cut_after=index.download_bytes - 100_000)
    after = Store(tmp_path / "store", "boot-2")
    list(after.adopt_earlier_boots())
    assert fetch(index, folder, after) == 100_000
    assert stored(index, after) == FILES


def test_a_slice_that_a_power_cut_damaged_brings_its_block_alone(shared, tmp_path):
    index, folder = shared
    before = Store(tmp_path / "store", "boot-1")
    obj = object_of(index, "a.sqlite3")
    with pytest.raises(LinkDownError):
        fetch(index, folder, before, cut_after=index.download_bytes - 1)
    part = before.part_path(obj.sha256)
    data = bytearray(part.read_bytes())
    data[3 * MIB + 4096 : 3 * MIB + 8192] = bytes(4096)
    data[3 * MIB] ^= 1
    part.write_bytes(data)
    after = Store(tmp_path / "store", "boot-2")
    list(after.adopt_earlier_boots())
    assert fetch(index, folder, after) == index.blocks_of(obj)[0].size + 1
    assert stored(index, after) == FILES


def test_a_neighbours_beginning_of_a_packed_file_is_kept_and_only_the_other_blocks_come(shared, tmp_path):
    index, folder = shared
    store = open_store(tmp_path / "store")
    obj = object_of(index, "a.sqlite3")
    part = store.open_sliced(obj.sha256, obj.size, obj.slices)
    part.write(0, FILES["a.sqlite3"][: PACKED_BYTES + 1000])  # as they are, and a slice just begun
    part.close()
    assert fetch(index, folder, store) == index.download_bytes - index.blocks_of(obj)[0].size
    assert stored(index, store) == FILES


def test_a_wrong_block_of_the_depot_is_refused_and_dropped_and_the_rest_comes(depot, tmp_path):
    index, folder = depot
    obj = object_of(index, "a.sqlite3")
    path = next(folder.rglob("blocks.000"))
    whole = path.read_bytes()
    at = index.blocks_of(obj)[1].start + 1000
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    store = open_store(tmp_path / "store")
    with pytest.raises(HashMismatchError, match="signed hash"):
        fetch(index, folder, store)
    assert missing_bytes(list_parcels(index, store), store) == index.blocks_of(obj)[1].size
    path.write_bytes(whole)
    assert fetch(index, folder, store) == index.blocks_of(obj)[1].size
    assert stored(index, store) == FILES


def test_what_was_damaged_here_before_a_cut_is_fetched_again(shared, tmp_path):
    index, folder = shared
    store = open_store(tmp_path / "store")
    with pytest.raises(LinkDownError):
        fetch(index, folder, store, cut_after=index.download_bytes - 10_000)
    block = index.blocks_of(object_of(index, "a.sqlite3"))[-1]
    part = store.part_path(block.sha256)
    data = part.read_bytes()
    part.write_bytes(b"?" + data[1:])
    assert fetch(index, folder, store) == block.size + 10_000
    assert stored(index, store) == FILES


def test_a_block_that_unpacks_to_other_slices_than_signed_for_ends_in_words(shared, tmp_path):
    index, folder = shared
    obj = object_of(index, "a.sqlite3")
    text = index.to_json().replace(obj.slices[-1].encode(), b"0" * 64)
    lying = read_index_json(text, kinds=KINDS)
    with pytest.raises(HashMismatchError):
        fetch(lying, folder, open_store(tmp_path / "store"))


def test_equal_blocks_travel_once(tmp_path):
    same = database(PACKED_BYTES, 4)
    files = {"index.html": FILES["index.html"], "a.db": same + same, "b.db": same + random_bytes(50_000)}
    built = build(tmp_path, files)
    put_in_depot(built, tmp_path / "depot")
    store = open_store(tmp_path / "store")
    given = fetch(built.index, tmp_path / "depot", store)
    assert stored(built.index, store) == files
    assert given < built.index.download_bytes / 2


def test_a_block_that_stays_wrong_is_not_asked_for_for_ever(depot, tmp_path):
    index, folder = depot
    block = index.blocks_of(object_of(index, "z.json"))[0]
    path = next(folder.rglob("blocks.000"))
    data = bytearray(path.read_bytes())
    data[block.start] ^= 1
    path.write_bytes(data)
    store = open_store(tmp_path / "store")
    wrong = WrongBytes(None, "depot", datetime(2026, 11, 1, tzinfo=UTC))
    given = []
    for _ in range(5):
        transport = CutTransport(open_local(folder))
        with pytest.raises(HashMismatchError):
            fetch_parcels(index, transport, store, lambda _: None, wrong=wrong)
        given.append(transport.given)
    assert given[1:] == [block.size, block.size, 0, 0]
