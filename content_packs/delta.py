"""A delta: what makes a pack version out of an earlier one. docs/format/pack-v1.md §5.

    delta.<from> = head, then patches one after another

The head is one zstd frame whose prefix is the earlier version's unpacked index; it unpacks to the table of
patches, a line feed, and the later version's unpacked index. A patch is one zstd frame whose prefix is made
of pieces of earlier files; it unpacks to pieces of later files. Nothing of a delta needs to be trusted: what
comes out is compared with hashes of the signed index, and where it differs blocks are fetched instead.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from content_packs.compression import compress, decompress_pieces
from content_packs.depot import LARGE_FILE_BYTES, MIB
from content_packs.errors import BadDataError, HashMismatchError, UnknownFormatError
from content_packs.index import MAX_FILES, list_sizes

FORMAT = 1
# Applying takes twice the old bytes and once the new ones: 48 MiB beside the program, below 120 MB in all.
MAX_OLD_BYTES = 20 * MIB
MAX_NEW_BYTES = 8 * MIB
# Nobody signed the table: what it costs to read is bounded by the indexes, which somebody did.
MAX_PATCHES = 50_000
MAX_TABLE_BYTES = 8 * MIB
_LEAST_TABLE_BYTES = 64 * 1024
_TABLE_SHARE = 8  # a table may be so many times the indexes: 160 pieces for each 8 MiB take 6 times
MAX_PIECES = 4 * MAX_FILES  # whole files, of all patches together
MAX_CUT_PIECES = MAX_FILES  # parts of files, of all patches together: each takes 160 bytes of memory
_CUT_PIECES_EACH = 256  # for each MAX_NEW_BYTES of a large file
_START = re.compile(rb'\{"format":([0-9]{1,9}),"patches":\[')
_PATCH = re.compile(rb",?\[([0-9]{1,12}),")
_PIECE = re.compile(rb",?\[(-?[0-9]{1,7}),([0-9]{1,12})(?:,([0-9]{1,12}))?\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `offset` to `offset + length` of file number `file`, counted through `Index.all_files()`."""

    file: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes `start` to `start + size` of the delta file: they make `new` where `old` is at hand."""

    start: int
    size: int
    old: tuple[Piece, ...]  # of the earlier version, in the order in which they form the prefix
    new: tuple[Piece, ...]  # of the later version, in the order in which they come out


@dataclass(frozen=True, slots=True)
class Delta:
    """The head of a delta, read."""

    index_json: bytes
    patches: tuple[Patch, ...]


def read_head(data: bytes, *, old_index_json: bytes, index_json_sha256: str, index_json_size: int) -> Delta:
    """Return what the first bytes of a delta file say; `data` is the whole head and nothing else.

    Raises:
        BadDataError: damaged, or made from another index than `old_index_json`.
    """
    indexes = len(old_index_json) + index_json_size
    most = index_json_size + 1 + min(MAX_TABLE_BYTES, _LEAST_TABLE_BYTES + _TABLE_SHARE * indexes)
    text = b"".join(decompress_pieces(data, max_bytes=most, what="delta: head", prefix=old_index_json))
    table, _, index_json = text.partition(b"\n")
    del text
    if hashlib.sha256(index_json).hexdigest() != index_json_sha256:
        raise HashMismatchError("delta: head: expected another index")
    try:
        return Delta(index_json, _read_table(table, len(data), old_index_json, index_json))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadDataError(f"delta: table: malformed: {error!r:.200}") from error


def stream_patch(patch: Patch, data: bytes, old: bytes) -> Iterator[bytes]:
    """Yield the bytes of all `patch.new`, one after another; `old` are those of all `patch.old` together.

    Raises:
        BadDataError: the frame is damaged or unpacks to another length; hashes are the caller's to check.
    """
    expected, found = sum(piece.length for piece in patch.new), 0
    runs = decompress_pieces(data, max_bytes=expected, what="delta: patch", prefix=old)
    del old  # where nobody else has it, it is gone as soon as the library has made a copy
    for run in runs:
        found += len(run)
        yield run
    if found != expected:
        raise BadDataError(f"delta: patch at {patch.start}: expected {expected} bytes, got {found}")


def write_head(patches: Iterable[Patch], *, old_index_json: bytes, index_json: bytes) -> bytes:
    """Return the head for these patches, which follow it in this order; their `start` does not count."""
    old_sizes, new_sizes = list_sizes(old_index_json), list_sizes(index_json)
    table = [
        [patch.size, list(_write_pieces(patch.old, old_sizes)), list(_write_pieces(patch.new, new_sizes))]
        for patch in patches
    ]
    text = json.dumps({"format": FORMAT, "patches": table}, separators=(",", ":"), sort_keys=True)
    return compress(text.encode() + b"\n" + index_json, prefix=old_index_json)


def _write_pieces(pieces: Iterable[Piece], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield [gap, count] for whole files one after another, [gap, offset, length] for part of one."""
    run: list[int] | None = None
    following = 0  # the number after that of the file before
    for piece in pieces:
        gap = piece.file - following
        following = piece.file + 1
        if (piece.offset, piece.length) != (0, sizes[piece.file]):
            yield from [run] if run else []
            run = None
            yield [gap, piece.offset, piece.length]
        elif run and not gap:
            run[1] += 1
        else:
            yield from [run] if run else []
            run = [gap, 1]
    yield from [run] if run else []


def _read_table(table: bytes, start: int, old_index_json: bytes, index_json: bytes) -> tuple[Patch, ...]:
    """Return the patches of a table, from front to back: JSON's own reader would take 40 times its size."""
    found = _START.match(table)
    if found is None:
        raise ValueError(f"expected a table, got {table[:40]!r}")
    if int(found[1]) != FORMAT:
        raise UnknownFormatError(f"delta: expected format {FORMAT}, got {found[1].decode()}")
    old_sizes, new_sizes = list_sizes(old_index_json), list_sizes(index_json)
    windows = sum(1 + size // MAX_NEW_BYTES for size in new_sizes if size >= LARGE_FILE_BYTES)
    cuts = min(MAX_CUT_PIECES, _CUT_PIECES_EACH * windows)
    reading = _Reading(table, found.end(), cuts=cuts)
    old, new = _Side(old_sizes, MAX_OLD_BYTES), _Side(new_sizes, MAX_NEW_BYTES)
    most = min(MAX_PATCHES, len(new_sizes) + windows)
    patches: list[Patch] = []
    while (size := reading.patch_size(is_first=not patches)) is not None:
        if len(patches) == most:
            raise ValueError(f"more than {most} patches")
        old_pieces = reading.pieces(old)
        reading.skip(b",")
        patches.append(Patch(start, size, old_pieces, reading.pieces(new)))
        reading.skip(b"]")
        start += size
    reading.skip(b"]}")
    if reading.at != len(table):
        raise ValueError(f"more follows the table: {table[reading.at :][:40]!r}")
    return tuple(patches)


@dataclass(slots=True)
class _Side:
    """The files of one version. A whole file is the same piece wherever it is one."""

    sizes: Sequence[int]
    max_bytes: int  # that the pieces of one patch may have
    whole: dict[int, Piece] = field(default_factory=dict)

    def run(self, first: int, count: int) -> list[Piece]:
        """Return whole files, one after another."""
        if not 0 <= first <= first + count <= len(self.sizes):
            raise ValueError(f"no {count} files from number {first}")
        return [
            self.whole.get(n) or self.whole.setdefault(n, Piece(n, 0, self.sizes[n]))
            for n in range(first, first + count)
        ]

    def cut(self, number: int, offset: int, length: int) -> Piece:
        """Return part of a file."""
        if not 0 <= number < len(self.sizes) or offset + length > self.sizes[number]:
            raise ValueError(f"file number {number} has no bytes {offset} to {offset + length}")
        return Piece(number, offset, length)


@dataclass(slots=True)
class _Reading:
    """Where in a table it is, and how many pieces may still come."""

    table: bytes
    at: int
    cuts: int
    left: int = MAX_PIECES

    def patch_size(self, *, is_first: bool) -> int | None:
        """Enter the next patch and return its size; None at the end."""
        found = _PATCH.match(self.table, self.at)
        if found is None:
            return None
        self._check_comma(is_first=is_first)
        self.at = found.end()
        return int(found[1])

    def pieces(self, side: _Side) -> tuple[Piece, ...]:
        """Return a list of pieces."""
        self.skip(b"[")
        pieces: list[Piece] = []
        following, room, is_first = 0, side.max_bytes, True
        while found := _PIECE.match(self.table, self.at):
            self._check_comma(is_first=is_first)
            self.at, is_first = found.end(), False
            first = following + int(found[1])
            if found[3] is None:
                added = side.run(first, min(int(found[2]), self.left + 1))
                self.left -= len(added)
            else:
                added = [side.cut(first, int(found[2]), int(found[3]))]
                self.cuts -= 1
            pieces += added
            following = first + len(added)
            room -= sum(piece.length for piece in added)
            if room < 0 or self.left < 0 or self.cuts < 0:
                raise ValueError(f"more than {side.max_bytes} bytes of a patch, or too many pieces")
        self.skip(b"]")
        return tuple(pieces)

    def skip(self, expected: bytes) -> None:
        """Go past what has to stand here."""
        end = self.at + len(expected)
        if self.table[self.at : end] != expected:
            raise ValueError(f"at {self.at}: expected {expected!r}, got {self.table[self.at : end]!r}")
        self.at = end

    def _check_comma(self, *, is_first: bool) -> None:
        if self.table.startswith(b",", self.at) == is_first:
            raise ValueError(f"at {self.at}: a comma too many or too few")
