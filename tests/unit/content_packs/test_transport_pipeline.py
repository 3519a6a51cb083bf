"""The pipelined reader against a server made of a dict: what it asks, and how much at once."""

import struct
from collections import deque
from collections.abc import Callable

import pytest

from content_packs.errors import BadDataError, IdentityError, LinkDownError, NotFoundError
from content_packs.transports import pipeline, window, wire
from content_packs.transports.session import Session
from content_packs.transports.transport import Range

KIB = 1024
NOISE = bytes(number * 7 % 251 for number in range(3_000_000))


class Server:
    """Answers SFTP requests in order; keeps what was asked for inspection."""

    def __init__(self, files: dict[str, bytes], *, max_read: int = wire.MAX_READ_BYTES) -> None:
        self.files = files
        self.max_read = max_read
        self.reads: list[tuple[str, int, int]] = []
        self.open_handles: dict[bytes, str] = {}
        self.most_open = self.most_in_flight = 0
        self.deny: int | None = None
        self.waits = 0
        self._in_flight = 0
        self._handles = 0
        self._answers: deque[tuple[bytes, int]] = deque()
        self._received = b""

    def send(self, data: bytes) -> None:
        self._received += data
        while self._received:
            length = struct.unpack_from(">I", self._received)[0]
            self._handle(self._received[4 : 4 + length])
            self._received = self._received[4 + length :]

    def receive(self) -> bytes:
        self.waits += 1
        if not self._answers:
            raise LinkDownError("asked nothing, so there is nothing to wait for")
        answer, size = self._answers.popleft()
        self._in_flight -= size
        return answer

    def _handle(self, packet: bytes) -> None:
        kind, number = struct.unpack_from(">BI", packet)
        actions: dict[int, Callable[[int, bytes], None]] = {3: self._open, 4: self._close, 5: self._read}
        if kind == 1:
            self._answer(struct.pack(">BI", 2, 3))
        else:
            actions[kind](number, packet[5:])

    def _answer(self, body: bytes, size: int = 0) -> None:
        self._answers.append((struct.pack(">I", len(body)) + body, size))

    def _status(self, number: int, code: int) -> None:
        self._answer(struct.pack(">BII", 101, number, code) + struct.pack(">I", 2) + b"no" + bytes(4))

    def _open(self, number: int, body: bytes) -> None:
        path = body[4 : 4 + struct.unpack_from(">I", body)[0]].decode()
        if self.deny is not None or path not in self.files:
            self._status(number, self.deny if self.deny is not None else 2)
            return
        self._handles += 1
        handle = struct.pack(">I", self._handles)
        self.open_handles[handle] = path
        self.most_open = max(self.most_open, len(self.open_handles))
        self._answer(struct.pack(">BI", 102, number) + struct.pack(">I", 4) + handle)

    def _close(self, number: int, body: bytes) -> None:
        del self.open_handles[body[4:8]]
        self._status(number, 0)

    def _read(self, number: int, body: bytes) -> None:
        path = self.open_handles[body[4:8]]
        offset, length = struct.unpack_from(">QI", body, 8)
        self.reads.append((path, offset, length))
        self._in_flight += length
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        data = self.files[path][offset : offset + min(length, self.max_read)]
        if data:
            self._answer(struct.pack(">BII", 103, number, len(data)) + data, length)
        else:
            self._in_flight -= length
            self._status(number, 1)


def session_with(server: Server) -> Session:
    return Session(server)


def read(server: Server, ranges: list[Range]) -> list[bytes]:
    found = dict.fromkeys(range(len(ranges)), b"")
    session = session_with(server)
    for wanted, piece in pipeline.read_ranges(session, ranges, root=""):
        found[next(i for i, r in enumerate(ranges) if r is wanted)] += piece
    assert handles_left(server, session) == {}
    return list(found.values())


def read_whole(server: Server, path: str, *, root: str = "", max_bytes: int) -> bytes | None:
    session = session_with(server)
    found = pipeline.read_files(session, [path], root=root, max_bytes=max_bytes)
    assert handles_left(server, session) == {}
    return found[0]


def handles_left(server: Server, session: Session) -> dict[bytes, str]:
    """Return what is still open once the next request has carried the CLOSEs along."""
    assert pipeline.read_files(session, ["none"], root="", max_bytes=1) == [None]
    return server.open_handles


def test_asks_for_each_byte_once() -> None:
    server = Server({"/a": NOISE})
    assert read(server, [Range("a", 100, 2_000_000)]) == [NOISE[100:2_000_100]]
    assert sum(length for _, _, length in server.reads) == 2_000_000


def test_starts_small_and_never_asks_for_more_than_the_window() -> None:
    server = Server({"/a": NOISE})
    pieces = pipeline.read_ranges(session_with(server), [Range("a", 0, len(NOISE))], root="")
    next(pieces)
    assert server.most_in_flight <= window.FIRST_WINDOW_BYTES
    list(pieces)
    assert window.FIRST_WINDOW_BYTES < server.most_in_flight <= window.MAX_WINDOW_BYTES


def test_server_that_answers_short_is_asked_for_the_rest() -> None:
    server = Server({"/a": NOISE, "/b": NOISE[::-1]}, max_read=10 * KIB)
    ranges = [Range("a", 5, 300_000), Range("b", 0, 100_000)]
    assert read(server, ranges) == [NOISE[5:300_005], NOISE[::-1][:100_000]]
    asked = sum(length for _, _, length in server.reads)
    assert asked < 400_000 + 2 * window.FIRST_WINDOW_BYTES  # it learns, and asks for less at once


def test_whole_files_survive_a_server_that_answers_short() -> None:
    server = Server({"/a": NOISE[:500_000]}, max_read=64 * KIB)
    assert read_whole(server, "a", max_bytes=500_000) == NOISE[:500_000]


@pytest.mark.parametrize("size", [0, 1, 32 * KIB - 1, 32 * KIB, 32 * KIB + 1, 96 * KIB, 300_000])
def test_whole_files_of_every_size(size: int) -> None:
    server = Server({"/x/a": NOISE[:size]})
    assert read_whole(server, "a", root="/x", max_bytes=size) == NOISE[:size]


def test_many_files_are_open_at_once_but_not_all() -> None:
    server = Server({f"/{number}": NOISE[number : number + 9] for number in range(100)})
    ranges = [Range(str(number), 0, 9) for number in range(100)]
    assert read(server, ranges) == [NOISE[number : number + 9] for number in range(100)]
    assert 8 < server.most_open <= pipeline.MAX_OPEN_FILES


def test_handles_are_let_go_when_the_caller_stops() -> None:
    server = Server({f"/{number}": NOISE for number in range(50)})
    session = session_with(server)
    pieces = pipeline.read_ranges(session, [Range(str(n), 0, 900_000) for n in range(50)], root="")
    next(pieces)
    pieces.close()
    assert handles_left(server, session) == {}
    assert session.in_flight_bytes == 0


def test_handles_are_let_go_after_a_failure() -> None:
    server = Server({"/a": NOISE, "/b": NOISE})
    session = session_with(server)
    with pytest.raises(BadDataError, match="a: expected at most 10 bytes"):
        pipeline.read_files(session, ["a", "b"], root="", max_bytes=10)
    with pytest.raises(NotFoundError):
        list(pipeline.read_ranges(session, [Range("b", 0, 5), Range("c", 0, 5)], root=""))
    assert handles_left(server, session) == {}


def test_end_of_file_names_both_numbers() -> None:
    server = Server({"/a": NOISE[:1000]})
    with pytest.raises(
        NotFoundError, match="a: expected at least 2500 bytes, the file ends at 1000 or before"
    ):
        read(server, [Range("a", 500, 2000)])


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [(3, IdentityError, "does not let this hub read it"), (4, BadDataError, r"SFTP status 4")],
)
def test_a_refusal_says_whose_matter_it_is(code: int, error: type[Exception], message: str) -> None:
    server = Server({"/a": NOISE})
    server.deny = code
    with pytest.raises(error, match=message):
        pipeline.read_files(session_with(server), ["a"], root="", max_bytes=10)


@pytest.mark.parametrize(
    "answer",
    [
        b"\0\0\0\x05\x02\0\0\0\x04",  # version 4
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\0\0\0\x05\x02\0\0\0\x03" + b"\0\0\0\x0d\x67\0\0\0\x01\xff\xff\xff\xffabcd",  # length lies
        b"\0\0\0\x05\x02\0\0\0\x03" + b"\0\0\0\x09\x67\0\0\0\x63\0\0\0\0",  # nobody asked
        b"\0\0\0\x05\x02\0\0\0\x03" + b"\0\0\0\x05\x68\0\0\0\x01",  # NAME
    ],
)
def test_a_server_that_breaks_the_rules_is_refused(answer: bytes) -> None:
    class Liar(Server):
        def receive(self) -> bytes:
            return answer

    with pytest.raises(BadDataError, match=r"the depot"):
        pipeline.read_files(session_with(Liar({})), ["a"], root="", max_bytes=10)


def test_replies_may_come_in_pieces_of_one_byte() -> None:
    class Dripping(Server):
        rest = b""

        def receive(self) -> bytes:
            if not self.rest:
                self.rest = super().receive()
            first, self.rest = self.rest[:1], self.rest[1:]
            return first

    server = Dripping({"/a": NOISE[:5000]})
    assert read_whole(server, "a", max_bytes=5000) == NOISE[:5000]
