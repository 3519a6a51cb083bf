"""Whether two images are the same bytes, told by their parts: the table and the four partitions."""

import hashlib
from pathlib import Path

from image.errors import SameBytesError
from image.mbr import read_table

PARTS = ("boot", "root-a", "root-b", "data")
_BLOCK_BYTES = 1 << 20


def hash_parts(image: Path) -> dict[str, str]:
    """Return the SHA-256 of what lies before the first partition, and of each partition."""
    partitions = read_table(image).partitions
    places = {"table": (0, partitions[0].start)}
    places |= {name: (each.start, each.size) for name, each in zip(PARTS, partitions, strict=True)}
    return {name: _hash(image, start, size) for name, (start, size) in places.items()}


def require_same(image: Path, other: Path) -> dict[str, str]:
    """Return the hashes of the parts; SameBytesError, which names the parts, where `other` has others."""
    try:
        ours, theirs = hash_parts(image), hash_parts(other)
    except ValueError as error:  # no table, or not four partitions
        raise SameBytesError(f"{other}: no image of a card: {error}") from error
    differ = [
        f"{name} {ours[name][:12]} and not {theirs[name][:12]}" for name in ours if ours[name] != theirs[name]
    ]
    if differ:
        raise SameBytesError(
            f"{image} is not the same as {other}: {'; '.join(differ)}",
            hint="Compare the two packages.txt: what Debian updated in between makes another image.",
        )
    return ours


def _hash(image: Path, start: int, size: int) -> str:
    digest = hashlib.sha256()
    with image.open("rb") as file:
        file.seek(start)
        while size and (block := file.read(min(size, _BLOCK_BYTES))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()
