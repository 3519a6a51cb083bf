"""Make a delta: compress what was planned, keep what is worth it, write it. docs/format/pack-v1.md §5.

The same two versions give the same bytes.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from content_packs.ahead import map_ahead
from content_packs.compression import compress
from content_packs.contents import Contents
from content_packs.delta import Patch, Piece, write_head
from content_packs.delta_plan import Candidate, Candidates, list_added, plan_candidates
from content_packs.errors import local_error

Advance = Callable[[int], None]
_Read = tuple[Candidate, bytes, list[bytes]]  # what it makes, and its prefixes
_WORTH = 0.98  # a longer prefix has to save 2 %: hubs read it from slow cards
_WORTH_TRYING_BYTES = 4096  # 2 % of less than this are not worth the office's time
_WORTH_TRYING_SHARE = 0.02  # what came down to this share of its size was found well enough


@dataclass(frozen=True, slots=True)
class MadeDelta:
    """A delta file that was written; sizes are bytes. `rest` is of the blocks that a hub fetches besides."""

    size: int
    head_size: int
    rest: int

    @property
    def cost(self) -> int:
        """All that a hub fetches."""
        return self.size + self.rest


def write_delta(
    old: Contents, new: Contents, target: Path, *, advance: Advance = lambda _: None
) -> MadeDelta:
    """Write the delta from `old` to `new` into `target`, which appears only whole; not synced to the disk.

    `advance` is told the bytes of new files as they are done.

    Raises:
        BadDataError: a file of either version is missing or damaged.
        LocalError: the disk refuses.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    body = target.with_name(f".{target.name}.body.tmp")
    try:
        with body.open("w+b") as frames:
            patches = tuple(_write_frames(old, new, frames, advance))
            head = write_head(patches, old_index_json=old.index_json, index_json=new.index_json)
            frames.seek(0)
            with temporary.open("wb") as writing:
                writing.write(head)
                shutil.copyfileobj(frames, writing)
        temporary.replace(target)
    except OSError as error:
        raise local_error(error, f"writing {target}") from error
    finally:
        body.unlink(missing_ok=True)
        temporary.unlink(missing_ok=True)
    size = len(head) + sum(patch.size for patch in patches)
    made = {new.entries[piece.file].sha256 for patch in patches for piece in patch.new}
    return MadeDelta(size, len(head), _blocks_bytes(old, new, made))


def blocks_cost(old: Contents, new: Contents) -> int:
    """Return the bytes of blocks and objects that a hub with `old` fetches for `new` without a delta."""
    return _blocks_bytes(old, new, set())


def added_bytes(old: Contents, new: Contents) -> int:
    """Return the size of the files of `new` that `old` has not."""
    return sum(new.entries[number].size for number in list_added(old, new))


def _blocks_bytes(old: Contents, new: Contents, made: set[str]) -> int:
    have = {entry.sha256 for entry in old.entries} | made
    missing = [entry for entry in new.entries if entry.sha256 not in have]
    blocks = {entry.block for entry in missing if entry.block is not None}
    objects = {entry.sha256 for entry in missing if entry.block is None}
    large = sum(new.index.travel_bytes(new.index.objects[sha256]) for sha256 in objects)
    return sum(new.index.blocks[number].size for number in blocks) + large


def _write_frames(old: Contents, new: Contents, frames: BinaryIO, advance: Advance) -> Iterator[Patch]:
    for unit in plan_candidates(old, new):
        start = frames.tell()
        patches = []
        for (candidate, *_), (number, frame) in map_ahead(_compress_best, _read_all(old, new, unit)):
            frames.write(frame)
            patches.append(Patch(0, len(frame), candidate.olds[number], candidate.new))
            advance(sum(piece.length for piece in candidate.new))
        if unit.limit_bytes is None or frames.tell() - start < unit.limit_bytes:
            yield from patches
        else:
            frames.seek(start)
            frames.truncate()


def _read_all(old: Contents, new: Contents, unit: Candidates) -> Iterator[_Read]:
    for candidate in unit.candidates:
        yield candidate, _read(new, candidate.new), [_read(old, pieces) for pieces in candidate.olds]


def _compress_best(read: _Read) -> tuple[int, bytes]:
    """Return the number of the prefix to take, and the frame."""
    _, data, prefixes = read
    best: tuple[int, bytes] | None = None
    for number, prefix in enumerate(prefixes):
        if best is not None and len(best[1]) < max(_WORTH_TRYING_BYTES, _WORTH_TRYING_SHARE * len(data)):
            break
        frame = compress(data, prefix=prefix)
        if best is None or len(frame) < _WORTH * len(best[1]):
            best = number, frame
    if best is None:
        raise AssertionError("a candidate without prefixes")
    return best


def _read(contents: Contents, pieces: Iterable[Piece]) -> bytes:
    return b"".join(contents.read(piece.file, piece.offset, piece.length) for piece in pieces)
