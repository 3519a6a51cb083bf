"""The contents of a built pack, read piece by piece from its folder or from a depot, and checked."""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from content_packs import depot
from content_packs.blocks import check_hash
from content_packs.built import BuiltPack, read_block, read_checked
from content_packs.compression import decompress
from content_packs.depot import MIB, PART_BYTES, SLICE_BYTES
from content_packs.errors import NotFoundError, local_error
from content_packs.index import FileEntry, Index, unpack_index

_KEPT_BYTES = 64 * MIB  # of blocks, unpacked: files are read roughly in the order of their blocks


@dataclass
class Contents:
    """One version of a pack; files are known by their number in `Index.all_files()`.

    `pack_dir` has the blocks, `root` the folder `objects`: in a built pack the same, in a depot not.
    """

    index: Index
    index_json: bytes
    pack_dir: Path
    root: Path
    _blocks: OrderedDict[int, bytes] = field(default_factory=OrderedDict)

    @cached_property
    def entries(self) -> tuple[FileEntry, ...]:
        """Content files, then extras."""
        return tuple(self.index.all_files())

    def read(self, number: int, offset: int = 0, length: int | None = None) -> bytes:
        """Return bytes of one file, from `offset` on.

        Raises:
            BadDataError: missing or damaged.
            LocalError: the disk refuses.
        """
        entry = self.entries[number]
        end = entry.size if length is None else min(entry.size, offset + length)
        try:
            if entry.block is None:
                return self._read_object(entry, offset, end)
            return self._read_block(entry.block)[entry.offset + offset : entry.offset + end]
        except OSError as error:
            raise local_error(error, f"reading {self.pack_dir}") from error

    def _read_block(self, number: int) -> bytes:
        if number not in self._blocks:
            block = self.index.blocks[number]
            path = self.pack_dir / depot.blocks_name(block.part)
            data = read_block(path, block, str(path))
            check_hash(data, block.sha256, f"{path}: block at {block.start}")
            if block.codec == "zstd":
                data = decompress(data, max_bytes=block.raw_size, what=str(path))
            self._blocks[number] = data
            while len(self._blocks) > 1 and sum(map(len, self._blocks.values())) > _KEPT_BYTES:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _read_object(self, entry: FileEntry, offset: int, end: int) -> bytes:
        """Return the bytes of all slices touched, cut to what was asked for."""
        first, last = offset // SLICE_BYTES, -(-end // SLICE_BYTES)
        slices = [self._read_slice(entry, number) for number in range(first, last)]
        return b"".join(slices)[offset - first * SLICE_BYTES : end - first * SLICE_BYTES]

    def _read_slice(self, entry: FileEntry, number: int) -> bytes:
        obj = self.index.objects[entry.sha256]
        if (block := obj.block_of(number)) is not None:
            start = (number - obj.slices_of(block)[0]) * SLICE_BYTES
            return self._read_block(block)[start : start + SLICE_BYTES]
        part, start = divmod(number * SLICE_BYTES, PART_BYTES)
        path = self.root / depot.object_part_path(entry.sha256, part)
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(SLICE_BYTES)
        except FileNotFoundError as error:
            raise NotFoundError(f"{path}: is missing", hint="Restore it from a backup.") from error
        check_hash(data, obj.slices[number], f"{path}: slice at {start}")
        return data


def contents_of(built: BuiltPack) -> Contents:
    """Return the contents of a built pack in its own folder."""
    return Contents(built.index, unpack_index(built.index_bytes), built.folder, built.folder)


def contents_in_depot(root: Path, pack_id: str, version: int) -> Contents:
    """Return the contents of a version that lies in the depot in `root`.

    Raises:
        NotFoundError, BadIndexError: its index is not there, or damaged.
        LocalError: the disk refuses.
    """
    path = root / depot.index_path(pack_id, version)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: is missing", hint="Restore it from a backup.") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    return Contents(read_checked(data), unpack_index(data), path.parent, root)
