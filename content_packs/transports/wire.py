"""SFTP version 3 as bytes: the requests that we need, and the replies. No I/O.

Source: draft-ietf-secsh-filexfer-02, sections 3 to 7; OpenSSH's PROTOCOL for the two extensions. A packet
is uint32 length, byte type, then for all but INIT and VERSION a uint32 request id.
"""

import struct
from dataclasses import dataclass

from content_packs.errors import BadDataError

VERSION = 3
MAX_READ_BYTES = 255 * 1024  # what OpenSSH answers at once: sftp-server.c, SFTP_MAX_READ_LENGTH
_MAX_PACKET_BYTES = 256 * 1024  # sftp-common.h, SFTP_MAX_MSG_LENGTH
MAX_WRITE_BYTES = 32 * 1024  # what every server must take in one packet: section 3
_FOR_READING, _FOR_WRITING, _CREATE, _TRUNCATE = 0x1, 0x2, 0x8, 0x10  # section 6.3

_INIT, _VERSION, _OPEN, _CLOSE, _READ, _WRITE, _MKDIR, _STAT, _EXTENDED = 1, 2, 3, 4, 5, 6, 14, 17, 200
_STATUS, _HANDLE, _DATA, _ATTRIBUTES = 101, 102, 103, 105
_HAS_SIZE = 0x1  # section 5

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, UNSUPPORTED = 0, 1, 2, 3, 8  # status codes: section 7

_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">BI")  # type, request id; in VERSION the version


@dataclass(frozen=True, slots=True)
class Status:
    """A request has ended without bytes; `code` says how."""

    request_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Handle:
    """The server's name of an open file."""

    request_id: int
    handle: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a file."""

    request_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server knows of a path."""

    request_id: int
    size_bytes: int  # 0 where it does not say


Reply = Status | Handle | Data | Attributes


def init() -> bytes:
    """The first packet of a session."""
    return _packet(_HEAD.pack(_INIT, VERSION))


def open_file(request_id: int, path: str) -> bytes:
    """Ask to open `path` for reading; answered by Handle or Status."""
    return _open(request_id, path, _FOR_READING)


def open_for_writing(request_id: int, path: str, *, truncate: bool) -> bytes:
    """Ask to open `path` for writing, made if need be; answered by Handle or Status."""
    return _open(request_id, path, _FOR_WRITING | _CREATE | (_TRUNCATE if truncate else 0))


def _open(request_id: int, path: str, flags: int) -> bytes:
    return _packet(_HEAD.pack(_OPEN, request_id) + _string(path.encode()) + struct.pack(">II", flags, 0))


def read(request_id: int, handle: bytes, offset: int, length: int) -> bytes:
    """Ask for `length` bytes from `offset`; answered by Data, shorter at the end of the file, or Status."""
    where = struct.pack(">QI", offset, length)
    return _packet(_HEAD.pack(_READ, request_id) + _string(handle) + where)


def close_file(request_id: int, handle: bytes) -> bytes:
    """Let a handle go; answered by Status."""
    return _packet(_HEAD.pack(_CLOSE, request_id) + _string(handle))


def write(request_id: int, handle: bytes, offset: int, data: bytes) -> bytes:
    """Put at most MAX_WRITE_BYTES at `offset` of an open file; answered by Status."""
    where = struct.pack(">Q", offset)
    return _packet(_HEAD.pack(_WRITE, request_id) + _string(handle) + where + _string(data))


def stat(request_id: int, path: str) -> bytes:
    """Ask what lies at `path`; answered by Attributes or Status."""
    return _packet(_HEAD.pack(_STAT, request_id) + _string(path.encode()))


def make_folder(request_id: int, path: str) -> bytes:
    """Ask for a new folder with the server's own mode; answered by Status."""
    return _packet(_HEAD.pack(_MKDIR, request_id) + _string(path.encode()) + bytes(4))


def sync_file(request_id: int, handle: bytes) -> bytes:
    """Ask that an open file survives a power cut; answered by Status."""
    return _packet(_HEAD.pack(_EXTENDED, request_id) + _string(b"fsync@openssh.com") + _string(handle))


def rename(request_id: int, old: str, new: str) -> bytes:
    """Ask to give a file its name in one step; answered by Status."""
    names = _string(old.encode()) + _string(new.encode())
    return _packet(_HEAD.pack(_EXTENDED, request_id) + _string(b"posix-rename@openssh.com") + names)


def other(request_id: int, kind: int, *names: str, tail: bytes = b"") -> bytes:
    """A request that a sync never makes: for `central doctor`, which tries what a server refuses."""
    return _packet(_HEAD.pack(kind, request_id) + b"".join(_string(name.encode()) for name in names) + tail)


def _packet(body: bytes) -> bytes:
    return _LENGTH.pack(len(body)) + body


def _string(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


class Replies:
    """Cuts the stream that a server sends into replies; holds no more than one packet and what was fed."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False

    def feed(self, data: bytes) -> None:
        """Add bytes as they came."""
        self._buffer += data

    def take(self) -> Reply | None:
        """Return the next reply; None while it is not complete.

        Raises:
            BadDataError: not SFTP, or not version 3.
        """
        if len(self._buffer) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._buffer)[0]
        if not _LENGTH.size + _HEAD.size <= end <= _LENGTH.size + _MAX_PACKET_BYTES:
            raise _not_sftp(f"a packet of {end - _LENGTH.size} bytes")
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as view:
            reply = self._parse(view[_LENGTH.size : end])
        del self._buffer[:end]
        return reply if reply is not None else self.take()

    def _parse(self, packet: memoryview) -> Reply | None:
        kind, number = _HEAD.unpack_from(packet)
        if not self._started:
            if (kind, number) != (_VERSION, VERSION):
                raise _not_sftp(f"packet type {kind} with number {number} first")
            self._started = True
            return None
        return _reply(kind, number, packet[_HEAD.size :])


def _reply(kind: int, request_id: int, body: memoryview) -> Reply:
    if kind == _DATA:
        return Data(request_id, _bytes(body))
    if kind == _HANDLE:
        return Handle(request_id, _bytes(body))
    if kind == _ATTRIBUTES and len(body) >= _LENGTH.size:
        return Attributes(request_id, _size(body))
    if kind == _STATUS and len(body) >= _LENGTH.size:
        text = _bytes(body[_LENGTH.size :]) if len(body) > _LENGTH.size else b""
        return Status(request_id, _LENGTH.unpack_from(body)[0], text.decode(errors="replace"))
    raise _not_sftp(f"packet type {kind}")


def _size(body: memoryview) -> int:
    has_size = _LENGTH.unpack_from(body)[0] & _HAS_SIZE and len(body) >= _LENGTH.size + 8
    return int(struct.unpack_from(">Q", body, _LENGTH.size)[0]) if has_size else 0


def _bytes(body: memoryview) -> bytes:
    length = _LENGTH.unpack_from(body)[0] if len(body) >= _LENGTH.size else -1
    if not 0 <= length <= len(body) - _LENGTH.size:
        raise _not_sftp(f"a string of {length} bytes in a packet of {len(body)}")
    return bytes(body[_LENGTH.size : _LENGTH.size + length])


def _not_sftp(found: str) -> BadDataError:
    return BadDataError(
        f"the depot does not speak SFTP version {VERSION}: it sent {found}",
        hint="Ask the office to check the depot's sshd: the account needs `ForceCommand internal-sftp`.",
    )
