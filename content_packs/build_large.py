"""Write large files into a built pack: as they are, in parts; packed in blocks where that is smaller."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from content_packs import depot
from content_packs.ahead import map_ahead
from content_packs.blocks import RAW_RATIO, is_worth_packing, pack_slices
from content_packs.index import Block, LargeObject, place_block

Advance = Callable[[int], None]
_SAMPLES = 16
_SAMPLE_BYTES = 64 * 1024


@dataclass
class BlocksFiles:
    """The blocks.NNN of a pack that is being built; blocks are put one after another."""

    folder: Path
    blocks: list[Block] = field(default_factory=list)

    def add(self, data: bytes, *, raw_size: int, codec: str) -> int:
        """Write one block and return its number."""
        last = self.blocks[-1] if self.blocks else None
        part, end = (last.part, last.start + last.size) if last else (0, 0)
        part, start = place_block(part, end, len(data))
        with (self.folder / depot.blocks_name(part)).open("ab") as file:
            file.write(data)
        self.blocks.append(Block(part, start, len(data), raw_size, hashlib.sha256(data).hexdigest(), codec))
        return len(self.blocks) - 1


@dataclass
class _Slices:
    """What one pass over a large file finds out."""

    hashes: list[str] = field(default_factory=list)
    packed_sizes: list[int] = field(default_factory=list)  # empty where packing was not tried
    size: int = 0
    whole: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, piece: bytes) -> None:
        self.whole.update(piece)
        slices = (piece[at : at + depot.SLICE_BYTES] for at in range(0, len(piece), depot.SLICE_BYTES))
        self.hashes += [hashlib.sha256(one).hexdigest() for one in slices]
        self.size += len(piece)


@dataclass
class LargeWriter:
    """Writes large files into the folder of a built pack, after its blocks of small files."""

    files: BlocksFiles
    advance: Advance
    objects: dict[str, LargeObject] = field(default_factory=dict)

    def add(self, read_from: BinaryIO) -> LargeObject:
        """Write one large file; its name, and whether it shrinks, are known only after the last byte."""
        incoming = self.files.folder / "incoming"
        frames = self.files.folder / "incoming.packed"
        incoming.mkdir()
        try:
            found = self._read(read_from, incoming, frames)
            sha256 = found.whole.hexdigest()
            if sha256 not in self.objects:
                self.objects[sha256] = self._keep(sha256, found, incoming, frames)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
            frames.unlink(missing_ok=True)
        return self.objects[sha256]

    def _read(self, read_from: BinaryIO, incoming: Path, frames: Path) -> _Slices:
        """Write a file in parts into `incoming`, and where that promises something, packed into `frames`."""
        found = _Slices()
        is_tried = is_worth_packing(_samples(read_from))
        pack = pack_slices if is_tried else _pack_nothing
        with frames.open("wb") as packed:
            for piece, frame in map_ahead(pack, iter(lambda: read_from.read(depot.PACKED_BYTES), b"")):
                with (incoming / f"{found.size // depot.PART_BYTES:03d}").open("ab") as part:
                    part.write(piece)
                found.add(piece)
                packed.write(frame)
                found.packed_sizes += [len(frame)] if is_tried else []
                self.advance(len(piece))
        return found

    def _keep(self, sha256: str, found: _Slices, incoming: Path, frames: Path) -> LargeObject:
        obj = LargeObject(sha256, found.size, tuple(found.hashes))
        if not found.packed_sizes or sum(found.packed_sizes) > RAW_RATIO * found.size:
            target = self.files.folder / depot.object_part_path(sha256, 0)
            target.parent.parent.mkdir(parents=True, exist_ok=True)
            incoming.rename(target.parent)
            return obj
        first = len(self.files.blocks)
        with frames.open("rb") as packed:
            for number, size in enumerate(found.packed_sizes):
                raw_size = min(depot.PACKED_BYTES, obj.size - number * depot.PACKED_BYTES)
                self.files.add(packed.read(size), raw_size=raw_size, codec="zstd")
        return LargeObject(sha256, obj.size, obj.slices, first)


def _pack_nothing(_: bytes) -> bytes:
    return b""


def _samples(file: BinaryIO) -> Iterator[bytes]:
    """Yield pieces from all over a file, and go back to its start."""
    size = file.seek(0, os.SEEK_END)
    for offset in range(0, size, max(size // _SAMPLES, _SAMPLE_BYTES)):
        file.seek(offset)
        yield file.read(_SAMPLE_BYTES)
    file.seek(0)
