"""What every transport must do, run unchanged against each of them."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from content_packs.errors import (
    BadDataError,
    DepotBusyError,
    DiskFullError,
    LinkDownError,
    NotFoundError,
    NotWritableError,
)
from content_packs.transports import open_transport
from content_packs.transports.memory import MemoryTransport
from content_packs.transports.transport import Range, Transport
from support.depots import HubAccess, write_files
from support.disks import make_read_only, small_disk
from support.sshd import Sshd
from support.web import Nginx

Lying = Callable[[], dict[str, bytes]]

MIB = 1024 * 1024
NOISE = random.Random(2).randbytes(8 * MIB + 12_345)
FILES = {
    "FORMAT": b"classroom-hub depot 1\n",
    "heads/h-1": b"head of hub 1",
    "heads/empty": b"",
    "heads/odd": bytes(range(256)) * 3 + b"\r\n\0",
    "heads/100k": NOISE[:100_000],
    "tuf/1.root.json": b"{}",
    "objects/ab/noise/000": NOISE,
    "objects/cd/second/000": NOISE[::-1],
    **{f"packs/p/{number}/index.zst": NOISE[number : number + 700] for number in range(80)},
}


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("depot"), FILES)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, depot: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd"), depot) as running:
        yield running


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, depot: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path_factory.mktemp("nginx"), depot) as running:
        yield running


@pytest.fixture(params=["local", "sftp", "https", "memory"])
def transport(request: pytest.FixtureRequest, depot: Path, tmp_path: Path) -> Iterator[Transport]:
    openers: dict[str, Callable[[], Transport]] = {
        "local": lambda: open_folder(depot),
        "https": lambda: open_web(request.getfixturevalue("nginx")),
        "memory": lambda: MemoryTransport(dict(FILES)),
        "sftp": lambda: HubAccess(request.getfixturevalue("sshd"), tmp_path / "key").connect(),
    }
    with openers[request.param]() as opened:
        yield opened


def open_folder(depot: Path) -> Transport:
    return open_transport(str(depot), key_path=None, host_keys=[], connect_timeout_s=5, step_timeout_s=5)


def open_web(nginx: Nginx) -> Transport:
    return open_transport(
        nginx.url(),
        key_path=None,
        host_keys=[],
        connect_timeout_s=5,
        step_timeout_s=5,
        ca_path=nginx.authority.path,
    )


def read_all(transport: Transport, ranges: list[Range]) -> list[tuple[Range, bytes]]:
    """Return the whole content of each range; fails if pieces of ranges are mixed or empty."""
    found: list[tuple[Range, bytes]] = []
    for wanted, piece in transport.read_ranges(ranges):
        assert piece, "an empty piece"
        if found and found[-1][0] is wanted:
            found[-1] = (wanted, found[-1][1] + piece)
        else:
            found.append((wanted, piece))
    return found


def test_reads_small_files_in_the_order_asked(transport: Transport) -> None:
    names = ["heads/odd", "FORMAT", "heads/100k", "heads/empty", "heads/h-1"]
    assert transport.read_files(names, max_bytes=MIB) == [FILES[name] for name in names]


def test_reads_more_files_than_may_be_open_at_once(transport: Transport) -> None:
    names = [name for name in FILES if name.startswith("packs/")]
    assert transport.read_files(names, max_bytes=MIB) == [FILES[name] for name in names]


def test_a_file_asked_for_twice_comes_twice(transport: Transport) -> None:
    assert transport.read_files(["FORMAT", "FORMAT"], max_bytes=100) == [FILES["FORMAT"]] * 2


def test_reads_no_files_when_none_are_asked_for(transport: Transport) -> None:
    assert transport.read_files([], max_bytes=1) == []
    assert list(transport.read_ranges([])) == []


def test_missing_small_file_is_none(transport: Transport) -> None:
    found = transport.read_files(["nope", "FORMAT", "no/such/folder"], max_bytes=100)
    assert found == [None, FILES["FORMAT"], None]


def test_small_file_may_be_exactly_as_large_as_allowed(transport: Transport) -> None:
    assert transport.read_files(["heads/100k"], max_bytes=100_000) == [FILES["heads/100k"]]


@pytest.mark.parametrize("max_bytes", [22, 40_000, 99_999])
def test_refuses_a_small_file_that_is_larger_than_allowed(transport: Transport, max_bytes: int) -> None:
    with pytest.raises(BadDataError, match=f"heads/100k: expected at most {max_bytes} bytes"):
        transport.read_files(["FORMAT", "heads/100k"], max_bytes=max_bytes)
    assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


def test_no_bytes_may_be_allowed(transport: Transport) -> None:
    assert transport.read_files(["heads/empty"], max_bytes=0) == [b""]
    with pytest.raises(BadDataError, match="FORMAT: expected at most 0 bytes"):
        transport.read_files(["FORMAT"], max_bytes=0)


def test_large_file_arrives_unchanged(transport: Transport) -> None:
    wanted = Range("objects/ab/noise/000", 0, len(NOISE))
    assert read_all(transport, [wanted]) == [(wanted, NOISE)]


def test_ranges_come_in_order_across_files(transport: Transport) -> None:
    ranges = [
        Range("objects/ab/noise/000", 1_000_001, 700_003),
        Range("objects/cd/second/000", 5, 1),
        Range("objects/ab/noise/000", 0, 300_000),
        Range("heads/odd", 250, 20),
        Range("objects/cd/second/000", 4 * MIB, MIB),
    ]
    expected = [(r, FILES[r.path][r.offset : r.offset + r.length]) for r in ranges]
    assert read_all(transport, ranges) == expected


def test_many_small_ranges(transport: Transport) -> None:
    chance = random.Random(7)
    ranges = [
        Range(chance.choice(["objects/ab/noise/000", "objects/cd/second/000"]), chance.randrange(8 * MIB), 97)
        for _ in range(500)
    ]
    expected = [(r, FILES[r.path][r.offset : r.offset + r.length]) for r in ranges]
    assert read_all(transport, ranges) == expected


def test_ranges_of_more_files_than_may_be_open_at_once(transport: Transport) -> None:
    ranges = [Range(f"packs/p/{number % 80}/index.zst", number, 50) for number in range(200)]
    expected = [(r, FILES[r.path][r.offset : r.offset + r.length]) for r in ranges]
    assert read_all(transport, ranges) == expected


def test_range_of_no_bytes_yields_nothing(transport: Transport) -> None:
    full = Range("heads/h-1", 0, 13)
    ranges = [Range("FORMAT", 3, 0), full, Range("heads/empty", 0, 0)]
    assert read_all(transport, ranges) == [(full, b"head of hub 1")]


def test_range_up_to_the_end_is_whole(transport: Transport) -> None:
    wanted = Range("objects/ab/noise/000", len(NOISE) - 10, 10)
    assert read_all(transport, [wanted]) == [(wanted, NOISE[-10:])]


@pytest.mark.parametrize("offset", [len(NOISE) - 10, len(NOISE), len(NOISE) + MIB])
def test_range_past_the_end_is_not_found(transport: Transport, offset: int) -> None:
    wanted = Range("objects/ab/noise/000", offset, 20)
    with pytest.raises(NotFoundError, match=rf"expected at least {offset + 20} bytes, the file ends at \d+"):
        read_all(transport, [wanted])


@pytest.mark.parametrize("length", [0, 10])
def test_range_of_a_missing_file_is_not_found(transport: Transport, length: int) -> None:
    ranges = [Range("FORMAT", 0, 5), Range("objects/ef/none/000", 0, length)]
    pieces = transport.read_ranges(ranges)
    assert next(pieces) == (ranges[0], b"class")  # what comes before is not lost
    with pytest.raises(NotFoundError, match="objects/ef/none/000: no such file"):
        next(pieces)
    assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


def test_stays_usable_when_the_caller_stops_early(transport: Transport) -> None:
    ranges = [Range("objects/ab/noise/000", 0, len(NOISE)), Range("objects/cd/second/000", 0, MIB)]
    for _ in range(40):  # more than may be open at once: a handle left open would stop us
        pieces = transport.read_ranges(ranges)
        next(pieces)
        pieces.close()
    assert transport.read_files(["heads/h-1"], max_bytes=100) == [b"head of hub 1"]
    assert read_all(transport, ranges[1:]) == [(ranges[1], FILES["objects/cd/second/000"][:MIB])]


def test_two_readers_may_take_turns(transport: Transport) -> None:
    first = transport.read_ranges([Range("objects/ab/noise/000", 0, 3 * MIB)])
    second = transport.read_ranges([Range("objects/cd/second/000", 0, 3 * MIB)])
    got_first, got_second = bytearray(next(first)[1]), bytearray(next(second)[1])
    assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]
    got_first += b"".join(piece for _, piece in first)
    got_second += b"".join(piece for _, piece in second)
    assert bytes(got_first) == NOISE[: 3 * MIB]
    assert bytes(got_second) == FILES["objects/cd/second/000"][: 3 * MIB]


@pytest.mark.parametrize(
    "path", ["../secret", "heads/../../secret", "/etc/passwd", "", "heads//h-1", "./FORMAT", "a\0b", "heads/"]
)
def test_refuses_a_path_that_is_not_inside_the_depot(transport: Transport, path: str) -> None:
    with pytest.raises(BadDataError, match="not a path inside a depot"):
        transport.read_files([path], max_bytes=100)
    with pytest.raises(BadDataError, match="not a path inside a depot"):
        list(transport.read_ranges([Range(path, 0, 1)]))


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, -5)])
def test_refuses_a_range_with_a_negative_number(transport: Transport, offset: int, length: int) -> None:
    with pytest.raises(BadDataError, match=f"0 or more, got {offset} and {length}"):
        list(transport.read_ranges([Range("FORMAT", offset, length)]))


def test_a_folder_is_not_a_file(transport: Transport) -> None:
    with pytest.raises(BadDataError, match="heads"):
        transport.read_files(["heads"], max_bytes=100)


def test_names_its_depot_and_closes_twice(transport: Transport, depot: Path) -> None:
    assert any(place in transport.url for place in (str(depot), "https://127.0.0.1:", "memory:"))
    transport.close()
    transport.close()


# Writing


@pytest.fixture(params=["local", "sftp", "memory"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Transport, Lying]]:
    """A transport that may write, and a look at what lies in an inbox."""
    depot = write_files(tmp_path / "depot", FILES)
    if request.param == "memory":
        files = dict(FILES)
        yield MemoryTransport(files), lambda: _below(files)
    elif request.param == "local":
        with open_folder(depot) as opened:
            yield opened, lambda: _lying(depot)
    else:
        with Sshd(tmp_path / "sshd", depot) as sshd, HubAccess(sshd, tmp_path / "key").connect() as opened:
            yield opened, lambda: _lying(depot)


def _lying(depot: Path) -> dict[str, bytes]:
    inbox = depot / "inbox" / "h-1"
    return {path.name: path.read_bytes() for path in inbox.iterdir()} if inbox.exists() else {}


def _below(files: dict[str, bytes]) -> dict[str, bytes]:
    start = "inbox/h-1/"
    return {path.removeprefix(start): data for path, data in files.items() if path.startswith(start)}


REPORTS = {f"{number:02}" * 32: NOISE[number : number + 40_000 * (number % 3)] for number in range(7)}


def test_new_files_lie_whole_in_their_folder(inbox: tuple[Transport, Lying]) -> None:
    transport, lying = inbox
    transport.write_files("inbox/h-1", REPORTS)
    assert lying() == REPORTS


def test_a_file_that_is_there_stays_as_it_is(inbox: tuple[Transport, Lying]) -> None:
    transport, lying = inbox
    transport.write_files("inbox/h-1", {"a": b"first"})
    transport.write_files("inbox/h-1", {"a": b"other", "b": b"new"})
    assert {name: data for name, data in lying().items() if data} == {"a": b"first", "b": b"new"}


def test_more_files_than_may_be_open_at_once_are_written(inbox: tuple[Transport, Lying]) -> None:
    transport, lying = inbox
    files = {f"{number}": b"%d" % number for number in range(70)}
    transport.write_files("inbox/h-1", files)
    assert lying() == files


def test_nothing_is_written_when_there_is_nothing(inbox: tuple[Transport, Lying]) -> None:
    transport, _ = inbox
    transport.write_files("inbox/h-1", {})
    assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


@pytest.mark.parametrize("kind", ["local", "sftp"])
@pytest.mark.parametrize("left", [b"", NOISE[:33_000], NOISE[:250_000], NOISE[:300_000]])
def test_what_an_interrupted_upload_left_is_replaced(tmp_path: Path, left: bytes, kind: str) -> None:
    depot = write_files(tmp_path / "depot", {"inbox/h-1/.a.tmp": left})
    with ExitStack() as stack:
        if kind == "sftp":
            sshd = stack.enter_context(Sshd(tmp_path / "sshd", depot))
            opened = HubAccess(sshd, tmp_path / "key").connect()
        else:
            opened = open_folder(depot)
        stack.enter_context(opened).write_files("inbox/h-1", {"a": NOISE[:250_000]})
    assert _lying(depot) == {"a": NOISE[:250_000]}


def test_reports_leave_between_two_pieces_of_a_large_file(inbox: tuple[Transport, Lying]) -> None:
    transport, lying = inbox
    got = bytearray()
    pieces = transport.read_ranges([Range("objects/ab/noise/000", 0, len(NOISE))])
    for number, (_, piece) in enumerate(pieces):
        got += piece
        if number < 3:
            transport.write_files("inbox/h-1", {f"{number}": NOISE[: 100_000 * number]})
    assert bytes(got) == NOISE
    assert lying() == {f"{number}": NOISE[: 100_000 * number] for number in range(3)}


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".", "..", ".hidden", "a\0b"])
def test_refuses_to_write_under_a_name_that_is_none(inbox: tuple[Transport, Lying], name: str) -> None:
    transport, lying = inbox
    with pytest.raises(BadDataError):
        transport.write_files("inbox/h-1", {"fine": b"x", name: b"x"})
    assert lying() == {}


def test_refuses_to_write_into_a_folder_outside(inbox: tuple[Transport, Lying]) -> None:
    with pytest.raises(BadDataError):
        inbox[0].write_files("../h-1", {"a": b"x"})


def test_counts_what_it_carried(inbox: tuple[Transport, Lying]) -> None:
    transport, _ = inbox
    received, sent = transport.received_bytes, transport.sent_bytes
    read_all(transport, [Range("objects/ab/noise/000", 0, 2 * MIB)])
    transport.write_files("inbox/h-1", {"a": NOISE[:MIB]})
    assert 2 * MIB <= transport.received_bytes - received < 1.02 * 2 * MIB
    assert MIB <= transport.sent_bytes - sent < 1.02 * MIB
    counted = transport.received_bytes, transport.sent_bytes
    transport.close()
    assert (transport.received_bytes, transport.sent_bytes) >= counted


def test_read_only_depot_takes_nothing_and_can_still_be_read(tmp_path: Path, depot: Path) -> None:
    with (
        Sshd(tmp_path / "sshd", depot, read_only=True) as sshd,
        HubAccess(sshd, tmp_path / "key").connect() as transport,
    ):
        with pytest.raises(NotWritableError, match="takes no files from hubs") as caught:
            transport.write_files("inbox/h-1", {"a": b"x"})
        assert "ask the office" in str(caught.value.hint).lower()
        assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


def test_web_server_takes_nothing_and_can_still_be_read(nginx: Nginx) -> None:
    with open_web(nginx) as transport:
        with pytest.raises(NotWritableError, match="takes no files from hubs: it is a web server"):
            transport.write_files("inbox/h-1", {"a": b"x"})
        assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


def test_stick_that_cannot_be_written_takes_nothing_and_can_still_be_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", size_kb=1000) as stick:
        write_files(stick, {"FORMAT": FILES["FORMAT"]})
        make_read_only(stick)
        with open_folder(stick) as transport:
            with pytest.raises(NotWritableError, match="inbox/h-1: this depot takes no files"):
                transport.write_files("inbox/h-1", {"a": b"x"})
            assert transport.read_files(["FORMAT"], max_bytes=100) == [FILES["FORMAT"]]


def test_full_depot_is_told_and_holds_no_half_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "full", size_kb=200) as depot, Sshd(tmp_path / "sshd", depot) as sshd:
        with (
            HubAccess(sshd, tmp_path / "key").connect() as transport,
            pytest.raises(DepotBusyError, match="cannot store it now"),
        ):
            transport.write_files("inbox/h-1", {"a": NOISE[:250_000], "b": NOISE[:250_000]})
        with open_folder(depot) as transport, pytest.raises(DiskFullError):
            transport.write_files("inbox/h-2", {"a": NOISE[:250_000]})
        assert not [path for path in depot.rglob("*") if path.name in ("a", "b")]


@pytest.mark.parametrize("allowed", range(0, 160_000, 9_999))
def test_memory_can_be_cut_at_any_byte(allowed: int) -> None:
    files = dict(FILES)
    transport = MemoryTransport(files, cut_after_bytes=allowed)
    got = bytearray()
    with pytest.raises(LinkDownError):
        for _, piece in transport.read_ranges([Range("heads/100k", 0, 100_000)]):
            got += piece
        transport.write_files("inbox/h-1", {"a": NOISE[:50_000], "b": NOISE[:50_000]})
    assert bytes(got) == NOISE[: min(allowed, 100_000)]
    assert _below(files) == ({"a": NOISE[:50_000]} if allowed >= 150_000 else {})
    assert transport.received_bytes + transport.sent_bytes == allowed
    with pytest.raises(LinkDownError):
        transport.read_files(["FORMAT"], max_bytes=100)
