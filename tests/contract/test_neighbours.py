"""Files from other hubs of the network: real portals, and a relay that makes them slow, silent or gone."""

import hashlib
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from content_packs import neighbour
from content_packs.errors import LinkDownError, UsageError
from content_packs.index import unpack_index
from content_packs.trust import Offer
from hub.library.store import open_store
from hub.settings import HubPaths
from hub.sync.neighbour_http import Connection, Patience, split_url
from hub.sync.neighbours import MOST_NEIGHBOURS, Neighbours
from support.built import MIB, build, random_bytes
from support.neighbours import HURRIED, put_in_store, sharing
from support.ports import free_port
from support.relay import Relay
from support.serving import serving, write_settings
from support.sources import PAGE

FILES = {
    "index.html": PAGE.format("Урок", "текст").encode(),
    "empty.txt": b"",
    "video.mp4": random_bytes(3 * MIB + 17, 2),
} | {f"p{n:03}.html": PAGE.format(n, random_bytes(9000, n).hex()).encode() for n in range(300)}
SIZE = sum(map(len, FILES.values()))
TOO_LONG_S = 20  # far more than any limit of HURRIED adds up to


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A built pack, and the portal of a hub that has it."""
    folder = tmp_path_factory.mktemp("shared")
    built = build(folder, FILES)
    with sharing(built, folder / "hub") as served:
        yield built, served


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def asking(*urls, patience=None):
    return Neighbours(lambda: urls, "h-asks", patience or Patience())


def fetch(neighbours, index, store):
    """Fetch, and return what of the pack is still missing, and how many bytes came."""
    counts = []
    begun = time.monotonic()
    neighbours.fetch_files([index], store, counts.append)
    assert time.monotonic() - begun < TOO_LONG_S
    # "1" and "0", and of each neighbour the piece with which it was seen to be too slow
    assert 0 <= neighbours.received_bytes - sum(counts) <= MOST_NEIGHBOURS * (len(FILES) + 256 * 1024)
    return [entry.path for entry in index.files if store.find(entry.sha256, entry.size) is None]


def is_whole(index, store):
    return all(store.find(e.sha256, e.size).read_bytes() == FILES[e.path] for e in index.files)


def test_a_neighbour_that_has_everything_gives_everything_once(shared, store):
    built, served = shared
    neighbours = asking(served.url)
    assert fetch(neighbours, built.index, store) == []
    assert is_whole(built.index, store)
    assert neighbours.left_aside == {}
    assert SIZE <= neighbours.received_bytes < SIZE + len(FILES) + 1


def test_what_is_here_is_not_asked_for(shared, store):
    built, served = shared
    fetch(asking(served.url), built.index, store)
    again = asking(f"http://127.0.0.1:{free_port()}/", served.url)
    assert fetch(again, built.index, store) == []
    assert (again.received_bytes, again.left_aside) == (0, {})


def test_neighbours_are_looked_for_only_when_something_is_wanted(store):
    looked = []
    neighbours = Neighbours(lambda: looked.append(1) or (), "h-asks")
    neighbours.fetch_files([], store, print)
    neighbours.fetch_indexes([], store)
    assert looked == []


def test_two_neighbours_that_have_a_part_each_give_the_whole(shared, store, tmp_path):
    built, served = shared
    paths = HubPaths(tmp_path / "other")
    put_in_store(built, paths)
    write_settings(paths, "[kiwix]\nenabled = false\n")
    for entry in built.index.files[::2]:
        (paths.store / entry.sha256[:2] / entry.sha256).unlink(missing_ok=True)
    with serving(paths) as other:
        neighbours = asking(other.url, served.url)
        assert fetch(neighbours, built.index, store) == []
    assert neighbours.received_bytes < SIZE + 2 * len(FILES)


@pytest.mark.parametrize("large", [False, True])
def test_a_neighbour_that_lies_is_left_aside_and_nothing_wrong_is_kept(shared, store, tmp_path, large):
    built, served = shared
    paths = HubPaths(tmp_path / "liar")
    put_in_store(built, paths)
    write_settings(paths, "[kiwix]\nenabled = false\n")
    for entry in built.index.files:
        if (entry.size > MIB) == large and entry.size:
            path = paths.store / entry.sha256[:2] / entry.sha256
            path.write_bytes(bytes(entry.size))
    with serving(paths) as liar:
        neighbours = asking(liar.url, served.url)
        assert fetch(neighbours, built.index, store) == []
        assert list(neighbours.left_aside) == [liar.url]
    assert is_whole(built.index, store)


def test_a_neighbour_that_goes_away_is_gone_on_with_to_the_byte(shared, store):
    built, served = shared
    with Relay(served.port) as relay:
        relay.cut_after(SIZE - 2 * MIB)
        neighbours = asking(f"http://127.0.0.1:{relay.port}/", served.url)
        assert fetch(neighbours, built.index, store) == []
    assert len(neighbours.left_aside) == 1
    assert is_whole(built.index, store)
    # What lay in the relay when it was cut came twice, and the small files of one answer at most.
    assert neighbours.received_bytes < SIZE + 2 * MIB


def test_an_uplink_that_breaks_meanwhile_is_not_blamed_on_the_neighbour(shared, store):
    """While files come from a neighbour, a report may leave by the uplink."""
    built, served = shared

    def report(_):
        raise LinkDownError("sftp://depot: the connection was reset")

    neighbours = asking(served.url)
    with pytest.raises(LinkDownError, match="sftp://depot"):
        neighbours.fetch_files([built.index], store, report)
    assert neighbours.left_aside == {}
    assert fetch(neighbours, built.index, store) == [], "it is asked again"


@pytest.mark.parametrize("after_bytes", [0, 100, 100_000, SIZE - MIB])
def test_a_neighbour_that_hangs_costs_a_bounded_time(shared, store, after_bytes):
    built, served = shared
    with Relay(served.port) as relay:
        relay.black_hole_after(after_bytes)
        neighbours = asking(f"http://127.0.0.1:{relay.port}/", patience=HURRIED)
        assert fetch(neighbours, built.index, store) != []
    assert "silent" in next(iter(neighbours.left_aside.values()))


def test_a_neighbour_that_is_slower_than_an_uplink_is_left_aside(shared, store):
    built, served = shared
    with Relay(served.port, bits_per_s=128_000) as relay:
        neighbours = asking(f"http://127.0.0.1:{relay.port}/", patience=replace(HURRIED, silence_s=10))
        assert fetch(neighbours, built.index, store) != []
    assert "too slow" in next(iter(neighbours.left_aside.values()))


def test_a_stranger_that_answers_in_drops_costs_a_bounded_time(shared, store):
    built, _ = shared

    def drip(listener):
        peer, _ = listener.accept()
        with peer:
            try:
                for letter in b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 10_000:
                    peer.sendall(bytes([letter]))
                    time.sleep(0.1)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        neighbours = asking(f"http://127.0.0.1:{listener.getsockname()[1]}/", patience=HURRIED)
        assert fetch(neighbours, built.index, store) != []
    assert len(neighbours.left_aside) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_hub_is_left_aside(shared, store, answer):
    built, _ = shared

    def say(listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(100_000)
                peer.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=say, args=[listener], daemon=True).start()
        neighbours = asking(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert fetch(neighbours, built.index, store) != []
        listener.shutdown(socket.SHUT_RDWR)
    assert len(neighbours.left_aside) == 1


def test_a_connection_that_was_idle_for_too_long_is_opened_again(shared):
    _, served = shared
    question = neighbour.pack_hashes(["9" * 64])
    with Relay(served.port) as relay:
        connection = Connection(f"http://127.0.0.1:{relay.port}/", "h-asks", Patience())
        for _ in range(2):
            assert list(connection.read(neighbour.HAVE_PATH, 1, body=question)) == [b"0"]
            relay.cut()
        assert relay.connections == 2
        connection.close()


def begin_to_read(served, entry):
    """Ask for a large file, and read no more than the beginning of it."""
    last = neighbour.MAX_ANSWER_BYTES - 1
    question = f"GET {neighbour.file_path(entry.sha256)} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-{last}\r\n\r\n"
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    other.connect(("127.0.0.1", served.port))
    other.sendall(question.encode())
    other.recv(100)
    return other


def test_two_that_read_in_drops_keep_the_next_one_out_for_a_short_time_only(store, tmp_path):
    built = build(tmp_path, FILES)
    paths = HubPaths(tmp_path / "hub")
    put_in_store(built, paths)
    write_settings(paths, "patience_s = 2\n[kiwix]\nenabled = false\n")
    video = next(e for e in built.index.files if e.path == "video.mp4")
    with serving(paths) as served:
        others = [begin_to_read(served, video) for _ in range(2)]
        done = threading.Event()

        def drip():
            while not done.wait(0.25):
                for other in others:
                    other.setblocking(False)
                    with suppress(OSError):
                        other.recv(1500)

        dripping = threading.Thread(target=drip)
        dripping.start()
        neighbours = asking(served.url)
        assert fetch(neighbours, built.index, store) == []
        done.set()
        dripping.join()
        for other in others:
            other.close()
    assert neighbours.left_aside == {}


def test_a_stranger_sends_no_more_than_the_index_that_the_office_signed(shared, store):
    """Who answers with 64 MiB is refused by the length that it announces."""
    built, _ = shared
    size = 64 * MIB

    def flood(listener):
        peer, _ = listener.accept()
        with peer, suppress(OSError):
            peer.recv(10_000)
            peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(64):
                peer.sendall(bytes(MIB))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=flood, args=[listener], daemon=True).start()
        neighbours = asking(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        neighbours.fetch_indexes([offer_of(built)], store)
    assert neighbours.received_bytes == 0
    assert f"got {size}" in next(iter(neighbours.left_aside.values()))


def test_a_neighbour_that_serves_two_others_already_is_not_waited_for_long(shared, store):
    built, served = shared
    video = next(e for e in built.index.files if e.path == "video.mp4")
    others = [begin_to_read(served, video) for _ in range(2)]
    neighbours = asking(served.url, patience=replace(HURRIED, silence_s=10))
    assert fetch(neighbours, built.index, store) != []
    assert "busy" in neighbours.left_aside[served.url]
    for other in others:
        other.close()


def test_a_hub_never_takes_itself_for_a_neighbour(shared, store):
    built, served = shared
    neighbours = Neighbours(lambda: [served.url], "h-test01")
    assert fetch(neighbours, built.index, store) != []
    assert "itself" in neighbours.left_aside[served.url]


def test_a_crowd_of_strangers_is_not_asked_one_by_one(shared, store):
    built, _ = shared
    neighbours = asking(*(f"http://127.0.0.1:{free_port()}/" for _ in range(20)))
    fetch(neighbours, built.index, store)
    assert len(neighbours.left_aside) == MOST_NEIGHBOURS


def offer_of(built, **changes):
    data = unpack_index(built.index_bytes)
    pack = built.index.pack
    values = {
        "pack_id": pack.id,
        "version": pack.version,
        "kind": pack.kind,
        "title": pack.title,
        "language": pack.language,
        "index_sha256": hashlib.sha256(built.index_bytes).hexdigest(),
        "index_length": len(built.index_bytes),
        "index_json_sha256": hashlib.sha256(data).hexdigest(),
        "index_json_size": len(data),
        "download_bytes": 0,
        "unpacked_bytes": 0,
    }
    return Offer(**values | changes)


def test_an_index_comes_from_a_neighbour_too(shared, store):
    built, served = shared
    offer = offer_of(built)
    neighbours = asking(served.url)
    neighbours.fetch_indexes([offer_of(built, version=99, index_json_sha256="9" * 64), offer], store)
    found = store.find(offer.index_json_sha256, offer.index_json_size)
    assert found.read_bytes() == unpack_index(built.index_bytes)
    assert neighbours.left_aside == {}


def test_another_index_of_the_same_version_is_not_taken(shared, store):
    built, served = shared
    neighbours = asking(served.url)
    neighbours.fetch_indexes([offer_of(built, index_json_sha256="9" * 64)], store)
    assert store.find("9" * 64, offer_of(built).index_json_size) is None
    assert list(neighbours.left_aside) == [served.url]


def bring(built, served, store, room_bytes):
    """Bring one pack; return the missing bytes with which it was begun, if it was."""
    began = []

    def watch(offer, size):
        assert offer.pack_id == built.index.pack.id
        began.append(size)
        return lambda _: None

    asking(served.url).bring([offer_of(built)], store, room_bytes=room_bytes, watch=watch)
    return began


def test_a_pack_that_has_no_room_is_not_begun(shared, store):
    built, served = shared
    assert bring(built, served, store, 2 * SIZE - 1) == []
    assert not any(store.find(e.sha256, e.size) for e in built.index.files)
    assert store.find(offer_of(built).index_json_sha256, offer_of(built).index_json_size)


def test_a_pack_that_has_room_comes_whole(shared, store):
    built, served = shared
    assert bring(built, served, store, 2 * SIZE) == [SIZE]
    assert is_whole(built.index, store)
    assert bring(built, served, store, 2 * SIZE) == []


@pytest.mark.parametrize(
    "url", ["", "192.168.1.20", "https://hub/", "http://", "http://hub/path", "http://hub:x/", "http://[::/"]
)
def test_what_is_no_portal_is_refused_as_usage(url):
    with pytest.raises(UsageError, match="neighbour"):
        split_url(url)
