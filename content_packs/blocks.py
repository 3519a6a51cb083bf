"""Blocks: small files together in zstd frames, slices of large files one by one, and back again, checked."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from backports import zstd

from content_packs.compression import decompress, decompress_pieces
from content_packs.depot import MIB, SLICE_BYTES, blocks_name
from content_packs.errors import BadDataError, HashMismatchError
from content_packs.index import Block, FileEntry

BLOCK_RAW_BYTES = MIB
LEVEL = 19
_PROBE_LEVEL = 3
_MIN_RAW_BYTES = 4096  # below this a block of its own costs more in the index than it saves
RAW_RATIO = 0.97  # what does not shrink by 3 % is a picture or a sound: compressing it again is wasted


@dataclass(frozen=True, slots=True)
class Member:
    """One small file on its way into a block."""

    path: str
    data: bytes
    sha256: str


def block_order(path: str) -> tuple[str, str, str]:
    """Return the sort key that puts files of one folder and one type side by side, as they compress best."""
    parts = PurePosixPath(path)
    return (str(parts.parent), parts.suffix.lower(), parts.name)


def group(members: Iterable[Member]) -> Iterator[tuple[str, list[Member]]]:
    """Yield (codec, members) for each block; equal files appear once, what does not compress lies alone."""
    seen: set[str] = set()
    waiting: list[Member] = []
    waiting_bytes = 0
    for member in members:
        if member.sha256 in seen:
            continue
        seen.add(member.sha256)
        if _is_incompressible(member.data):
            yield "raw", [member]
            continue
        if waiting and waiting_bytes + len(member.data) > BLOCK_RAW_BYTES:
            yield "zstd", waiting
            waiting, waiting_bytes = [], 0
        waiting.append(member)
        waiting_bytes += len(member.data)
    if waiting:
        yield "zstd", waiting


def _is_incompressible(data: bytes) -> bool:
    return len(data) >= _MIN_RAW_BYTES and len(zstd.compress(data, _PROBE_LEVEL)) > RAW_RATIO * len(data)


def pack_members(codec: str, members: list[Member]) -> bytes:
    """Return the bytes of a block of small files."""
    raw = b"".join(member.data for member in members)
    return raw if codec == "raw" else zstd.compress(raw, LEVEL)


def unpack_block(
    block: Block, data: bytes, entries: Iterable[FileEntry], *, where: str = ""
) -> Iterator[tuple[FileEntry, bytes]]:
    """Yield the verified bytes of `entries`, all of which lie in this block.

    Messages begin with `where`: the pack and the file that the block was read from.

    Raises:
        HashMismatchError: the block or a file is not what the index says.
        BadDataError: the frame is broken or of another size than the index says.
    """
    where = where or blocks_name(block.part)
    what = f"{where}: block at {block.start}"
    check_hash(data, block.sha256, what)
    raw = data if block.codec == "raw" else decompress(data, max_bytes=block.raw_size, what=what)
    if len(raw) != block.raw_size:
        raise BadDataError(f"{what}: expected to unpack to {block.raw_size} bytes, got {len(raw)}")
    for entry in entries:
        content = raw[entry.offset : entry.offset + entry.size]
        check_hash(content, entry.sha256, f"{where}: {entry.path}")
        yield entry, content


def is_worth_packing(pieces: Iterable[bytes]) -> bool:
    """Tell from samples of a large file whether to try and compress it: a video costs next to nothing."""
    size = packed = 0
    for piece in pieces:
        size += len(piece)
        packed += len(zstd.compress(piece, _PROBE_LEVEL))
    return packed <= RAW_RATIO * size


def pack_slices(data: bytes) -> bytes:
    """Return up to PACKED_BYTES of a large file as the bytes of their block."""
    return zstd.compress(data, LEVEL)


def unpack_slices(block: Block, data: bytes, *, where: str = "") -> Iterator[bytes]:
    """Yield the slices of a large file that a block holds; their hashes are the caller's to check.

    Raises:
        HashMismatchError: the block is not what the index says.
        BadDataError: the frame is broken or of another size than the index says.
    """
    what = f"{where or blocks_name(block.part)}: block at {block.start}"
    check_hash(data, block.sha256, what)
    waiting, found = bytearray(), 0
    for run in decompress_pieces(data, max_bytes=block.raw_size, what=what):
        waiting += run
        found += len(run)
        while len(waiting) >= SLICE_BYTES or (waiting and found == block.raw_size):
            yield bytes(waiting[:SLICE_BYTES])
            del waiting[:SLICE_BYTES]
    if found != block.raw_size:
        raise BadDataError(f"{what}: expected to unpack to {block.raw_size} bytes, got {found}")


def check_hash(data: bytes, sha256: str, what: str) -> None:
    """Raise HashMismatchError unless `data` hashes to `sha256`."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise HashMismatchError(
            f"{what}: expected SHA-256 {sha256[:12]}…, got {found[:12]}… of {len(data)} bytes",
            hint="This copy is damaged: ask the office to check the disk and to publish it again.",
        )
