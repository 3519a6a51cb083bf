"""A delta made, read again as a hub does, and what it makes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from content_packs.built import BuiltPack
from content_packs.contents import contents_of
from content_packs.delta import Delta, read_head, stream_patch
from content_packs.delta_build import MadeDelta, write_delta


@dataclass(frozen=True)
class Tried:
    """`files` are those that the patches make, whole ones and windows put together, by path."""

    made: MadeDelta
    delta: Delta
    files: dict[str, bytes]
    data: bytes

    def sources(self, path_of: dict[int, str]) -> set[str]:
        """Return the names of the old files that the patches read."""
        return {path_of[piece.file] for patch in self.delta.patches for piece in patch.old}


def try_delta(old: BuiltPack, new: BuiltPack, target: Path) -> Tried:
    """Make a delta and apply all of it."""
    before, after = contents_of(old), contents_of(new)
    made = write_delta(before, after, target)
    data = target.read_bytes()
    delta = read_head(
        data[: made.head_size],
        old_index_json=before.index_json,
        index_json_sha256=hashlib.sha256(after.index_json).hexdigest(),
        index_json_size=len(after.index_json),
    )
    files: dict[str, bytes] = {}
    for patch in delta.patches:
        prefix = b"".join(before.read(p.file, p.offset, p.length) for p in patch.old)
        out = b"".join(stream_patch(patch, data[patch.start : patch.start + patch.size], prefix))
        for piece in patch.new:
            path = after.entries[piece.file].path
            assert len(files.setdefault(path, b"")) == piece.offset
            files[path] += out[: piece.length]
            out = out[piece.length :]
    return Tried(made, delta, files, data)
