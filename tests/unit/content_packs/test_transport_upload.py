"""The pipelined writer against a server made of a dict: what it asks, in which order, in how many waits."""

import struct
from collections import deque

import pytest

from content_packs.errors import BadDataError, DepotBusyError, LinkDownError, NotWritableError
from content_packs.transports import upload, wire
from content_packs.transports.session import Session

OPEN, CLOSE, WRITE, MKDIR, STAT, EXTENDED = 3, 4, 6, 14, 17, 200
FAILURE = 4


class Server:
    """Carries out SFTP requests in order; `refusing` maps what it refuses to a status."""

    def __init__(self, *, folders: tuple[str, ...] = ("/inbox", "/inbox/h-1")) -> None:
        self.files: dict[str, bytearray] = {}
        self.folders = set(folders)
        self.refusing: dict[int | str, int] = {}
        self.done: list[str] = []
        self.waits = self.most_open = 0
        self.handles: dict[bytes, str] = {}
        self._numbers = 0
        self._answers: deque[bytes] = deque()

    def send(self, data: bytes) -> None:
        self.waits += 1
        while data:
            length = struct.unpack_from(">I", data)[0]
            self._handle(data[4 : 4 + length])
            data = data[4 + length :]

    def receive(self) -> bytes:
        if not self._answers:
            raise LinkDownError("asked nothing, so there is nothing to wait for")
        return self._answers.popleft()

    def _handle(self, packet: bytes) -> None:
        kind, number = struct.unpack_from(">BI", packet)
        if kind == 1:
            self._answer(struct.pack(">BI", 2, 3))
            return
        first, rest = _take(packet[5:])
        name = first.decode() if kind == EXTENDED else ""
        code = self.refusing.get(name or kind)
        if code is not None:
            self._status(number, code)
        elif kind == STAT:
            self._stat(number, first.decode())
        elif kind == OPEN:
            self._open(number, first.decode(), struct.unpack(">I", rest[:4])[0])
        else:
            self._do(kind, first, rest)
            self._status(number, wire.OK)

    def _do(self, kind: int, first: bytes, rest: bytes) -> None:
        if kind == MKDIR:
            self.folders.add(first.decode())
        elif kind == CLOSE:
            self.done.append(f"close {self.handles.pop(first)}")
        elif kind == WRITE:
            self._write(self.handles[first], struct.unpack(">Q", rest[:8])[0], _take(rest[8:])[0])
        elif first == b"fsync@openssh.com":
            self.done.append(f"fsync {self.handles[_take(rest)[0]]}")
        else:
            old, rest = _take(rest)
            new = _take(rest)[0].decode()
            self.files[new] = self.files.pop(old.decode())
            self.done.append(f"rename {new}")

    def _write(self, path: str, offset: int, data: bytes) -> None:
        assert len(data) <= wire.MAX_WRITE_BYTES
        self.files[path][offset : offset + len(data)] = data

    def _stat(self, number: int, path: str) -> None:
        if path in self.files:
            self._answer(struct.pack(">BIIQ", 105, number, 1, len(self.files[path])))
        else:
            self._status(number, wire.NO_SUCH_FILE)

    def _open(self, number: int, path: str, flags: int) -> None:
        if path.rpartition("/")[0] not in self.folders:
            self._status(number, wire.NO_SUCH_FILE)
            return
        if flags & 0x10 or path not in self.files:
            self.files[path] = bytearray()
        self._numbers += 1
        handle = b"%d" % self._numbers
        self.handles[handle] = path
        self.most_open = max(self.most_open, len(self.handles))
        self._answer(struct.pack(">BI", 102, number) + struct.pack(">I", len(handle)) + handle)

    def _status(self, number: int, code: int) -> None:
        self._answer(struct.pack(">BII", 101, number, code) + struct.pack(">I", 2) + b"no" + bytes(4))

    def _answer(self, body: bytes) -> None:
        self._answers.append(struct.pack(">I", len(body)) + body)


def _take(data: bytes) -> tuple[bytes, bytes]:
    length = struct.unpack_from(">I", data)[0] if len(data) >= 4 else 0
    return data[4 : 4 + length], data[4 + length :]


def send(server: Server, files: dict[str, bytes]) -> None:
    session = Session(server)
    try:
        upload.write_files(session, "inbox/h-1", files, root="")
    finally:
        session.wait(session.open("/inbox/h-1/none"))  # carries the CLOSEs along
        server.files.pop("/inbox/h-1/none", None)


def final(server: Server) -> dict[str, bytes]:
    paths = [path for path in server.files if "/." not in path]
    return {path.removeprefix("/inbox/h-1/"): bytes(server.files[path]) for path in paths}


@pytest.mark.parametrize("number", [1, 7, 32])
def test_any_number_of_small_files_waits_as_often_as_one(number: int) -> None:
    server = Server()
    files = {f"{n}": b"%d" % n * 500 for n in range(number)}
    send(server, files)
    assert final(server) == files
    assert server.waits == 3  # look and open; write, flush and name; and the test's own
    assert server.most_open <= upload.MAX_OPEN_FILES + 1


def test_name_is_given_after_flush_and_close() -> None:
    server = Server()
    send(server, {"a": b"x" * 100_000})
    assert server.done[:3] == ["fsync /inbox/h-1/.a.tmp", "close /inbox/h-1/.a.tmp", "rename /inbox/h-1/a"]


def test_folder_that_is_missing_is_made() -> None:
    server = Server(folders=())
    send(server, {"a": b"x"})
    assert final(server) == {"a": b"x"}


def test_folder_that_cannot_be_made_is_told() -> None:
    server = Server(folders=())
    server.refusing[MKDIR] = wire.PERMISSION_DENIED
    with pytest.raises(NotWritableError, match="no such folder"):
        send(server, {"a": b"x"})


@pytest.mark.parametrize("what", [OPEN, WRITE, "posix-rename@openssh.com"])
def test_server_that_forbids_writing_is_told(what: int | str) -> None:
    server = Server()
    server.refusing[what] = wire.PERMISSION_DENIED
    session = Session(server)
    with pytest.raises(NotWritableError, match="takes no files from hubs: no"):
        upload.write_files(session, "inbox/h-1", {"a": b"x", "b": b"y"}, root="")
    assert b"x" not in final(server).values()


@pytest.mark.parametrize("what", [WRITE, "fsync@openssh.com", "posix-rename@openssh.com"])
@pytest.mark.parametrize("size", [1, upload.SMALL_BYTES, upload.SMALL_BYTES + 1, 3 * upload.SMALL_BYTES])
def test_file_that_is_not_whole_is_told_and_a_large_one_gets_no_name(what: int | str, size: int) -> None:
    server = Server()
    server.refusing[what] = FAILURE
    with pytest.raises(DepotBusyError, match="cannot store it now"):
        send(server, {"a": b"x" * size, "b": b"y" * size})
    assert size <= upload.SMALL_BYTES or final(server) == {}
    assert list(server.handles.values()) == ["/inbox/h-1/none"]  # ours are closed


@pytest.mark.parametrize("size", [1, 3 * upload.SMALL_BYTES])
def test_file_that_a_full_disk_broke_is_whole_the_next_time(size: int) -> None:
    server = Server()
    server.refusing[WRITE] = FAILURE
    with pytest.raises(DepotBusyError):
        send(server, {"a": b"x" * size})
    server.refusing.clear()
    send(server, {"a": b"x" * size})
    assert final(server) == {"a": b"x" * size}


def test_file_that_is_there_is_not_sent_again() -> None:
    server = Server()
    server.files["/inbox/h-1/a"] = bytearray(b"there")
    send(server, {"a": b"other", "b": b"new"})
    assert final(server) == {"a": b"there", "b": b"new"}
    assert list(server.handles.values()) == ["/inbox/h-1/none"]


def test_what_is_there_is_found_where_nothing_can_be_written() -> None:
    server = Server()
    server.files["/inbox/h-1/a"] = bytearray(b"there")
    server.refusing[OPEN] = wire.PERMISSION_DENIED
    upload.write_files(Session(server), "inbox/h-1", {"a": b"other"}, root="")


def test_server_that_cannot_flush_is_good_enough() -> None:
    server = Server()
    server.refusing["fsync@openssh.com"] = wire.UNSUPPORTED
    send(server, {"a": b"x"})
    assert final(server) == {"a": b"x"}


def test_temporary_file_goes_on_where_it_stopped() -> None:
    server = Server()
    server.files["/inbox/h-1/.a.tmp"] = bytearray(b"what came before ")
    send(server, {"a": b"WHAT CAME BEFORE and after"})
    assert final(server) == {"a": b"what came before and after"}  # in capitals, had it been sent again
    assert server.waits == 3


def test_temporary_file_that_is_too_long_is_begun_again() -> None:
    server = Server()
    server.files["/inbox/h-1/.a.tmp"] = bytearray(b"more than there is")
    send(server, {"a": b"this", "b": b"that"})
    assert final(server) == {"a": b"this", "b": b"that"}
    assert list(server.handles.values()) == ["/inbox/h-1/none"]


def test_answer_of_another_kind_is_refused() -> None:
    server = Server()
    server.refusing[STAT] = wire.EOF
    with pytest.raises((BadDataError, DepotBusyError)):
        send(server, {"a": b"x"})
