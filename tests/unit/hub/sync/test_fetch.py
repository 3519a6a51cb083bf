import random

import pytest

from content_packs.errors import HashMismatchError, LinkDownError, NotFoundError
from content_packs.transports.local import open_local
from hub.library.store import Store, open_store
from hub.sync.fetch import fetch_parcels, list_parcels, missing_bytes
from support.built import MIB, build, put_in_depot, random_bytes
from support.cuts import CutTransport
from support.sources import PAGE

FILES = {
    "index.html": PAGE.format("Урок", "текст").encode(),
    "photo.jpg": random_bytes(90_000, 1),
    "video.mp4": random_bytes(3 * MIB + 17, 2),
} | {f"p{n:03}.html": PAGE.format(n, random_bytes(9000, n).hex()).encode() for n in range(100)}


@pytest.fixture
def depot(tmp_path):
    built = build(tmp_path, FILES)
    put_in_depot(built, tmp_path / "depot")
    return built.index, tmp_path / "depot"


def stored(index, store):
    return {e.path: store.find(e.sha256, e.size).read_bytes() for e in index.files}


def test_fetches_everything_once(depot, tmp_path):
    index, folder = depot
    store = open_store(tmp_path / "store")
    counts = []
    fetch_parcels(index, open_local(folder), store, counts.append)
    assert stored(index, store) == FILES
    assert sum(counts) == index.download_bytes
    assert list_parcels(index, store) == []


def test_cuts_at_any_byte_cost_no_byte_twice(depot, tmp_path):
    index, folder = depot
    store = open_store(tmp_path / "store")
    chance = random.Random(7)
    given = 0
    for _ in range(1000):
        transport = CutTransport(open_local(folder), cut_after=chance.randrange(1, 300_000))
        try:
            fetch_parcels(index, transport, store, lambda _: None)
        except LinkDownError:
            given += transport.given
            continue
        given += transport.given
        break
    assert stored(index, store) == FILES
    assert given == index.download_bytes


def test_reuses_what_another_version_brought(depot, tmp_path):
    index, folder = depot
    store = open_store(tmp_path / "store")
    fetch_parcels(index, open_local(folder), store, lambda _: None)
    later = build(tmp_path, FILES | {"new.html": b"<title>new</title>"}, version=2).index
    parcels = list_parcels(later, store)
    assert [e.path for p in parcels for e in p.entries] == ["new.html"]
    assert missing_bytes(parcels, store) < MIB


@pytest.mark.parametrize("name", ["blocks.000", "objects"])
def test_wrong_bytes_of_the_depot_are_refused_and_dropped(depot, tmp_path, name):
    index, folder = depot
    path = (
        next(folder.rglob("blocks.000")) if name == "blocks.000" else next((folder / "objects").rglob("000"))
    )
    whole = path.read_bytes()
    path.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    store = open_store(tmp_path / "store")
    with pytest.raises(HashMismatchError, match="signed hash"):
        fetch_parcels(index, open_local(folder), store, lambda _: None)
    path.write_bytes(whole)
    fetch_parcels(index, open_local(folder), store, lambda _: None)
    assert stored(index, store) == FILES


def test_wrong_bytes_of_this_disk_are_fetched_again(depot, tmp_path):
    index, folder = depot
    store = open_store(tmp_path / "store")
    with pytest.raises(LinkDownError):
        fetch_parcels(index, CutTransport(open_local(folder), 2_500_000), store, lambda _: None)
    parts = list(store.incoming.glob("*.part"))
    assert parts
    for part in parts:
        data = bytearray(part.read_bytes())
        data[-1] ^= 1
        part.write_bytes(data)
    fetch_parcels(index, open_local(folder), store, lambda _: None)
    assert stored(index, store) == FILES


def test_after_a_power_cut_the_good_slices_are_kept(depot, tmp_path):
    index, folder = depot
    before = Store(tmp_path / "store", "boot-1")
    everything_but_a_slice = index.download_bytes - MIB
    with pytest.raises(LinkDownError):
        fetch_parcels(index, CutTransport(open_local(folder), everything_but_a_slice), before, lambda _: None)
    (part,) = before.incoming.glob("*.part")
    data = part.read_bytes()
    part.write_bytes(data[: MIB + 5] + bytes(len(data) - MIB - 5))
    after = Store(tmp_path / "store", "boot-2")
    list(after.adopt_earlier_boots())
    counts = []
    fetch_parcels(index, open_local(folder), after, counts.append)
    assert stored(index, after) == FILES
    assert sum(counts) == 2 * MIB + 17


def test_a_missing_object_is_named(depot, tmp_path):
    index, folder = depot
    path = next((folder / "objects").rglob("000"))
    path.unlink()
    with pytest.raises(NotFoundError, match=path.parent.name[:12]):
        fetch_parcels(index, open_local(folder), open_store(tmp_path / "store"), lambda _: None)
