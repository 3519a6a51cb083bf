"""The bytes of a backup file: a line that says what it is, then the content, sealed with a code or not.

    classroom-hub backup 1
    {"hub_id": …, "school": …, "taken_at": …, "software": …, "salt": hex, or "" where it is not sealed}
    content

Sealed content is libsodium's secretstream (XChaCha20-Poly1305) in pieces of 1 MiB, its key by Argon2id from
the code; the second line is authenticated with every piece, and a cut file lacks the last one's mark.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from content_packs.errors import BadDataError, UnknownFormatError, UsageError
from hub.school.codes import plain_code

MAGIC = b"classroom-hub backup 1\n"
_MAX_HEADER = 4096
_YEARS = range(2020, 3000)  # others are no hub's, and at the ends of the calendar a zone leads out of it
_PIECE = 1024 * 1024
_OVERHEAD = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_MORE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_OPSLIMIT, _MEMLIMIT = 3, 64 * 1024 * 1024  # a code has 40 bits: dear to try, and a Pi has the room


@dataclass(frozen=True, slots=True)
class Header:
    """What can be read of a backup without its code."""

    hub_id: str
    school: str
    taken_at: str  # ISO 8601
    software: str
    salt: str  # hex; empty: not sealed

    @property
    def is_sealed(self) -> bool:
        """Whether a code is needed."""
        return bool(self.salt)


def new_salt() -> str:
    """Return a salt for a new backup."""
    return os.urandom(argon2id.SALTBYTES).hex()


def read_header(file: IO[bytes]) -> tuple[Header, bytes]:
    """Return the header and its line; the file then stands where the content begins.

    Raises:
        UnknownFormatError: no backup of a hub, or of a newer one.
    """
    magic = file.readline(len(MAGIC) + 1)
    line = file.readline(_MAX_HEADER)
    try:
        if magic != MAGIC or not line.endswith(b"\n"):
            raise ValueError(f"it begins with {magic[:24]!r}, expected {MAGIC!r}")
        values = json.loads(line)
        header = Header(**{key: str(values[key]) for key in Header.__dataclass_fields__})
        if header.salt and len(bytes.fromhex(header.salt)) != argon2id.SALTBYTES:
            raise ValueError("its salt is of another length")
        if datetime.fromisoformat(header.taken_at).year not in _YEARS:
            raise ValueError(f"it says that it was made at {header.taken_at[:40]}")
        header_line(header)  # pages show these texts: none is half a character
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"this is no backup of a hub, or of a newer one: {error}"
        raise UnknownFormatError(message, hint="Choose a file that `hub backup` made.") from error
    return header, line


def header_line(header: Header) -> bytes:
    """Return the second line of a backup."""
    return json.dumps(asdict(header), ensure_ascii=False).encode() + b"\n"


class Sealing:
    """A file to write content to. `close` is what makes it whole."""

    def __init__(self, file: IO[bytes], header: Header, code: str) -> None:
        self._file = file
        self._line = header_line(header)
        self._held = bytearray()
        file.write(MAGIC + self._line)
        self._state = None
        if header.salt:
            self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
            key = _key(code, header.salt)
            file.write(bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key))

    def write(self, data: bytes) -> int:
        """Take more content."""
        if self._state is None:
            return self._file.write(data)
        self._held += data
        while len(self._held) > _PIECE:
            self._push(bytes(self._held[:_PIECE]), _MORE)
            del self._held[:_PIECE]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        if self._state is not None:
            self._push(bytes(self._held), _LAST)

    def _push(self, piece: bytes, tag: int) -> None:
        assert self._state is not None  # noqa: S101 - it is sealed
        push = bindings.crypto_secretstream_xchacha20poly1305_push
        self._file.write(push(self._state, piece, self._line, tag))


def open_content(file: IO[bytes], header: Header, line: bytes, code: str) -> Iterator[bytes]:
    """Yield the content of a backup, after `read_header`.

    Raises:
        UsageError: it is sealed, and the code is missing or another.
        BadDataError: it was changed or cut.
    """
    if not header.is_sealed:
        while piece := file.read(_PIECE):
            yield piece
        return
    if not code:
        raise UsageError("this backup is sealed", hint="Give the code that it was made with.")
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    head = file.read(bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES)
    pull = bindings.crypto_secretstream_xchacha20poly1305_pull
    tag, is_first = _MORE, True
    try:
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, head, _key(code, header.salt))
        while sealed := file.read(_PIECE + _OVERHEAD):
            if tag == _LAST:
                raise BadDataError("something was added to the end of this backup")
            piece, tag = pull(state, sealed, line)
            is_first = False
            yield piece
    except (CryptoError, RuntimeError, ValueError, TypeError) as error:
        if is_first:
            hint = "Type the code as it was when the backup was made; else the file is damaged."
            raise UsageError("the code does not fit this backup", hint=hint) from error
        raise BadDataError("this backup is damaged", hint="Use another one.") from error
    if tag != _LAST:
        raise BadDataError("this backup is cut: its end is missing", hint="Use another one.")


def _key(code: str, salt: str) -> bytes:
    size = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
    given = plain_code(code).encode()
    return argon2id.kdf(size, given, bytes.fromhex(salt), opslimit=_OPSLIMIT, memlimit=_MEMLIMIT)
