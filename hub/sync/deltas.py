"""Make files out of earlier ones and a patch: old pieces from the store, new files into it."""

import hashlib
from collections.abc import Callable, Iterator
from io import BytesIO

from content_packs.delta import Patch, Piece, stream_patch
from content_packs.depot import SLICE_BYTES
from content_packs.errors import BadDataError, HashMismatchError
from hub.library.parts import SlicedPart
from hub.library.store import Store
from hub.sync.route import PatchOf, RouteStep

Parts = Callable[[RouteStep | None, str], SlicedPart]  # of a large file of a step's later version


def apply(one: PatchOf, data: bytes, store: Store, parts: Parts) -> None:
    """Put into the store, and into the parts of large files, what a patch makes; what is right of it is kept.

    Raises:
        BadDataError: something of it is wrong, or an earlier file is gone: take blocks instead.
    """
    step = one.step
    writer = _Writer(step, one.patch, store, parts)
    for run in stream_patch(one.patch, data, _read_old(step, one.patch, store)):
        writer.take(run)
    writer.finish()


def _read_old(step: RouteStep, patch: Patch, store: Store) -> bytes:
    old = BytesIO()  # hands its bytes over without a second copy
    for piece in patch.old:
        sha256, size = step.old[piece.file]
        path = store.find(sha256, size)
        if path is None:
            raise BadDataError(f"{step.path}: an earlier file, {sha256[:12]}…, is not here")
        with path.open("rb") as file:
            file.seek(piece.offset)
            left = piece.length
            while left and (data := file.read(min(left, SLICE_BYTES))):
                old.write(data)
                left -= len(data)
    return old.getvalue()


class _Writer:
    """Cuts what a patch makes into files and slices, each verified before it is kept."""

    def __init__(self, step: RouteStep, patch: Patch, store: Store, parts: Parts) -> None:
        self._step, self._store, self._parts = step, store, parts
        self._wanted = self._list(patch)
        self._current = next(self._wanted, None)
        self._buffer = bytearray()
        self._wrong: list[str] = []

    def take(self, run: bytes) -> None:
        """Take the next bytes that come out."""
        view = memoryview(run)
        while view and self._current is not None:
            length = self._current.length - len(self._buffer)
            self._buffer += view[:length]
            view = view[length:]
            if len(self._buffer) == self._current.length:
                self._keep(self._current, bytes(self._buffer))
                self._buffer.clear()
                self._current = next(self._wanted, None)

    def finish(self) -> None:
        """Raise HashMismatchError where something did not come out right."""
        if self._wrong:
            raise HashMismatchError(f"{self._step.path}: makes a wrong file {self._wrong[0][:12]}…")

    def _list(self, patch: Patch) -> Iterator[Piece]:
        """Yield what comes out in pieces that are verified as a whole: files, and slices of large files."""
        for piece in patch.new:
            sha256, _ = self._step.new[piece.file]
            if sha256 not in self._step.objects:
                yield piece
                continue
            at, end = piece.offset, piece.offset + piece.length
            while at < end:
                length = min(SLICE_BYTES - at % SLICE_BYTES, end - at)
                yield Piece(piece.file, at, length)
                at += length

    def _keep(self, piece: Piece, data: bytes) -> None:
        sha256, size = self._step.new[piece.file]
        if self._store.find(sha256, size) is not None:
            return
        if sha256 in self._step.objects:
            self._keep_slice(piece, data, sha256)
        elif piece.length == size:
            if hashlib.sha256(data).hexdigest() == sha256:
                self._store.add(sha256, data)
            else:
                self._wrong.append(sha256)

    def _keep_slice(self, piece: Piece, data: bytes, sha256: str) -> None:
        part = self._parts(self._step, sha256)
        number, inside = divmod(piece.offset, SLICE_BYTES)
        if inside or number in part.good or piece.length != part.length_of(number):
            return
        if part.write(piece.offset, data):
            self._wrong.append(sha256)
        elif part.is_whole:
            finish_object(part, sha256, self._store)


def finish_object(part: SlicedPart, sha256: str, store: Store) -> bool:
    """Turn a part all of whose slices came right into a file of the store.

    False where this disk has damaged some since: they are missing again.

    Raises:
        HashMismatchError: the index contradicts itself; the part is dropped.
    """
    if part.hash() != sha256:
        if part.recheck():
            return False
        part.forget()
        raise HashMismatchError(
            f"object {sha256[:12]}…: its slices have the signed hashes, the whole has not",
            hint="The office should build and publish this version again.",
        )
    store.finish_part(sha256)
    return True
