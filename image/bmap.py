"""Which blocks of an image hold something, for bmaptool: its format 2.0, with a hash for each range."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 4096
_CHUNK_BLOCKS = 256  # 1 MiB at a time
_ZEROS = bytes(BLOCK_BYTES)
_NO_HASH = "0" * 64
_DOCUMENT = """\
<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize>{size}</ImageSize>
    <BlockSize>{block}</BlockSize>
    <BlocksCount>{blocks}</BlocksCount>
    <MappedBlocksCount>{mapped}</MappedBlocksCount>
    <ChecksumType>sha256</ChecksumType>
    <BmapFileChecksum>{checksum}</BmapFileChecksum>
    <BlockMap>
{ranges}    </BlockMap>
</bmap>
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Blocks that hold something, from `first` to `last` and both included."""

    first: int
    last: int
    sha256: str


def make_bmap(image: Path) -> str:
    """Return the block map of an image.

    A block of zeros is left out: a card that is flashed anew keeps there what it had, and none of the file
    systems of ours reads what it has not written.
    """
    size = image.stat().st_size
    ranges = tuple(find_ranges(image))
    values = {
        "size": size,
        "block": BLOCK_BYTES,
        "blocks": -(-size // BLOCK_BYTES),
        "mapped": sum(each.last - each.first + 1 for each in ranges),
        "ranges": "".join(
            f'        <Range chksum="{each.sha256}">{each.first}-{each.last}</Range>\n' for each in ranges
        ),
    }
    draft = _DOCUMENT.format(checksum=_NO_HASH, **values)
    return _DOCUMENT.format(checksum=hashlib.sha256(draft.encode()).hexdigest(), **values)


def find_ranges(image: Path) -> Iterator[Range]:
    """Yield the ranges of blocks that are not all zeros, in order."""
    first: int | None = None
    digest = hashlib.sha256()
    number = -1
    for number, block in enumerate(_read_blocks(image)):
        if block == _ZEROS[: len(block)]:
            if first is not None:
                yield Range(first, number - 1, digest.hexdigest())
                first, digest = None, hashlib.sha256()
            continue
        if first is None:
            first = number
        digest.update(block)
    if first is not None:
        yield Range(first, number, digest.hexdigest())


def _read_blocks(image: Path) -> Iterator[bytes]:
    with image.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        while file.tell() < end:
            chunk = file.read(BLOCK_BYTES * _CHUNK_BLOCKS)
            yield from (chunk[at : at + BLOCK_BYTES] for at in range(0, len(chunk), BLOCK_BYTES))
