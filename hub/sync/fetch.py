"""Fetch what a pack needs and the store lacks: every byte once, checked, resumed where it stopped."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from content_packs import depot
from content_packs.blocks import unpack_block
from content_packs.built import entries_by_block
from content_packs.errors import BadDataError, HashMismatchError
from content_packs.index import Block, FileEntry, Index
from content_packs.transports.transport import Range, Transport
from hub.library.store import Store, hash_file, whole_slices

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is fetched as one: a block, or a large object. `sha256` is of its bytes as they travel."""

    sha256: str
    size: int
    slices: tuple[str, ...] = ()  # of an object: the hash of each SLICE_BYTES
    block: Block | None = None
    entries: tuple[FileEntry, ...] = ()  # of a block: the files that the store lacks


def list_pieces(index: Index, store: Store) -> list[Piece]:
    """Return the blocks and objects that hold a file which the store lacks, small ones first."""
    missing = {entry.sha256 for entry in index.all_files() if store.find(entry.sha256, entry.size) is None}
    pieces = []
    for number, entries in sorted(entries_by_block(index).items()):
        wanted = tuple(entry for entry in entries if entry.sha256 in missing)
        if wanted:
            block = index.blocks[number]
            pieces.append(Piece(block.sha256, block.size, block=block, entries=wanted))
    objects = sorted(
        (o for o in index.objects.values() if o.sha256 in missing), key=lambda o: (o.size, o.sha256)
    )
    return pieces + [Piece(obj.sha256, obj.size, obj.slices) for obj in objects]


def missing_bytes(pieces: Sequence[Piece], store: Store) -> int:
    """Return how many bytes are still to travel."""
    return sum(max(0, piece.size - store.part_size(piece.sha256)) for piece in pieces)


def fetch_pieces(index: Index, transport: Transport, store: Store, advance: Advance) -> None:
    """Fetch all that `index` needs and `store` lacks, in one pipelined run.

    What was fetched and verified stays in the store whatever happens, and the next call goes on from there,
    also inside a piece. Bytes that lay on this disk before and turn out wrong are fetched once more.

    Raises:
        HashMismatchError, NotFoundError: the depot's bytes are wrong; they were dropped.
        LinkError: the link failed; call again.
    """
    # Each round that is not the last drops bytes that were on this disk, so there are few rounds.
    while not _fetch_round(index, transport, store, advance):
        pass


def _fetch_round(index: Index, transport: Transport, store: Store, advance: Advance) -> bool:
    """Return whether all is there; False after dropping wrong bytes of this disk."""
    store.incoming.mkdir(parents=True, exist_ok=True)
    receivers = [_Receiver(piece, store) for piece in list_pieces(index, store)]
    for receiver in receivers:
        if receiver.is_whole and not receiver.finish():
            return False
    wanted = [(r, part) for r in receivers if not r.is_whole for part in piece_ranges(r.piece, index, r.size)]
    owners = iter(wanted)
    left = 0
    with closing(transport.read_ranges([part for _, part in wanted])) as stream:
        for _, data in stream:
            if left == 0:
                receiver, part = next(owners)
                left = part.length
            left -= len(data)
            advance(len(data))
            with receiver.part_file() as file:
                good = receiver.take(file, data)
            if not good or (receiver.is_whole and not receiver.finish()):
                return False
    return True


def piece_ranges(piece: Piece, index: Index, offset: int) -> Iterator[Range]:
    """Yield where the bytes of `piece` from `offset` on lie in the depot."""
    if piece.block is not None:
        path = depot.blocks_path(index.pack.id, index.pack.version, piece.block.part)
        yield Range(path, piece.block.start + offset, piece.size - offset)
        return
    while offset < piece.size:
        number, inside = divmod(offset, depot.PART_BYTES)
        length = min(depot.PART_BYTES - inside, piece.size - offset)
        yield Range(depot.object_part_path(piece.sha256, number), inside, length)
        offset += length


class _Receiver:
    """Collects the bytes of one piece in its part file, checking each slice as it becomes whole."""

    def __init__(self, piece: Piece, store: Store) -> None:
        self.piece = piece
        self._store = store
        self._path = store.part_path(piece.sha256)
        self._resumed_at = self.size = _right_bytes(piece, store)
        self._slice = hashlib.sha256(_tail(self._path, self.size - self.size % depot.SLICE_BYTES))
        self._whole = hashlib.sha256()

    @property
    def is_whole(self) -> bool:
        return self.size == self.piece.size

    def part_file(self) -> BinaryIO:
        return self._path.open("ab")

    def take(self, file: BinaryIO, data: bytes) -> bool:
        """Keep bytes that came; False when they prove earlier bytes of this disk wrong, which are dropped."""
        start = 0
        while start < len(data):
            step = data[start : start + depot.SLICE_BYTES - self.size % depot.SLICE_BYTES]
            file.write(step)
            self._slice.update(step)
            self._whole.update(step)
            self.size += len(step)
            start += len(step)
            if self.piece.slices and (self.is_whole or self.size % depot.SLICE_BYTES == 0):
                number = (self.size - 1) // depot.SLICE_BYTES
                if self._slice.hexdigest() != self.piece.slices[number]:
                    file.flush()
                    return self._drop(number * depot.SLICE_BYTES)
                self._slice = hashlib.sha256()
        return True

    def finish(self) -> bool:
        """Verify the whole piece and put what it holds into the store; False as `take` says."""
        if self.piece.block is None:
            found = self._whole.hexdigest() if self._resumed_at == 0 else hash_file(self._path)
            if found != self.piece.sha256:
                return self._drop(0)
            self._store.finish_part(self.piece.sha256)
            return True
        try:
            for entry, content in unpack_block(self.piece.block, self._path.read_bytes(), self.piece.entries):
                self._store.add(entry.sha256, content)
        except BadDataError:
            return self._drop(0)
        self._path.unlink()
        return True

    def _drop(self, size: int) -> bool:
        """Forget the bytes from `size` on; if all of them came from the depot just now, that is an error."""
        _cut(self._path, size)
        if size >= self._resumed_at:
            raise HashMismatchError(
                f"{'block' if self.piece.block else 'object'} {self.piece.sha256[:12]}…: the depot's bytes "
                f"{size} to {self.size} do not have the signed hash",
                hint="The depot is damaged: the office should check its disk and publish the pack again.",
            )
        return False


def _right_bytes(piece: Piece, store: Store) -> int:
    """Return how many bytes of `piece` lie in its part file and may be right; cut off what is not."""
    path = store.part_path(piece.sha256)
    unsure = store.unsure_path(piece.sha256)
    if unsure.is_file():
        _cut(unsure, whole_slices(unsure, piece.slices))
        unsure.replace(path)
    size = path.stat().st_size if path.is_file() else 0
    if size > piece.size:
        _cut(path, 0)
        return 0
    if not piece.slices or size == 0 or (size % depot.SLICE_BYTES and size != piece.size):
        return size
    # The last slice is whole, but the run that wrote it may not have lived to check it.
    start = (size - 1) // depot.SLICE_BYTES * depot.SLICE_BYTES
    if hashlib.sha256(_tail(path, start)).hexdigest() != piece.slices[start // depot.SLICE_BYTES]:
        _cut(path, start)
        return start
    return size


def _tail(path: Path, start: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read()


def _cut(path: Path, size: int) -> None:
    if path.is_file():
        with path.open("r+b") as file:
            file.truncate(size)
