"""A built pack on disk: the same names as in a depot, written once, never modified."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs import depot
from content_packs.blocks import check_hash, unpack_block, unpack_slices
from content_packs.errors import (
    BadDataError,
    BadIndexError,
    HashMismatchError,
    NotFoundError,
    UsageError,
    local_error,
)
from content_packs.index import Block, FileEntry, Index, LargeObject, read_index_json, unpack_index
from content_packs.kinds import KINDS

_AGAIN = "Build the pack again, or copy it again."


@dataclass(frozen=True, slots=True)
class BuiltPack:
    """A folder with index.zst, blocks.NNN and objects/."""

    folder: Path
    index: Index
    index_bytes: bytes

    @property
    def name(self) -> str:
        """`<id>@<version>`, as commands name it."""
        return f"{self.index.pack.id}@{self.index.pack.version}"

    def list_files(self) -> list[tuple[str, Path]]:
        """Return (path in the depot, path on this disk) of every file, the index last."""
        pack = self.index.pack
        parts = sorted({block.part for block in self.index.blocks})
        files = [
            (depot.blocks_path(pack.id, pack.version, n), self.folder / depot.blocks_name(n)) for n in parts
        ]
        for obj in self.index.objects.values():
            for number in range(_count_parts(obj)):
                path = depot.object_part_path(obj.sha256, number)
                files.append((path, self.folder / path))
        files.append((depot.index_path(pack.id, pack.version), self.folder / depot.INDEX_NAME))
        return files


def _count_parts(obj: LargeObject) -> int:
    """Return in how many files of its own a large file lies; in none where it is packed."""
    return -(-obj.size // depot.PART_BYTES) if obj.first_block is None else 0


def entries_by_block(index: Index) -> dict[int, list[FileEntry]]:
    """Return the files of each block, each distinct content once."""
    found: dict[int, dict[str, FileEntry]] = defaultdict(dict)
    for entry in index.all_files():
        if entry.block is not None:
            found[entry.block].setdefault(entry.sha256, entry)
    return {number: list(entries.values()) for number, entries in found.items()}


def open_built(folder: Path) -> BuiltPack:
    """Read the index of a built pack; its other files are not looked at.

    Raises:
        UsageError: not a built pack.
        BadIndexError: the index is damaged, or its details are not those of its kind.
    """
    try:
        data = (folder / depot.INDEX_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"{folder}: not a built pack, no {depot.INDEX_NAME} there", hint="`packs build SRC` makes one."
        ) from error
    except OSError as error:
        raise local_error(error, f"reading {folder}") from error
    return BuiltPack(folder, read_checked(data), data)


def read_checked(data: bytes) -> Index:
    """Return the index in these bytes, its details checked as well: what an author or the office lets pass.

    Raises:
        BadIndexError, UnknownFormatError: as `read_index`, and for details that are not those of the kind.
    """
    return read_checked_json(unpack_index(data))


def read_checked_json(text: bytes) -> Index:
    """Return the index in this JSON, as `read_checked` does."""
    index = read_index_json(text, kinds=KINDS)
    for fault in KINDS[index.pack.kind].check_details(index.details):
        raise BadIndexError(f"index: details: {fault}")
    return index


def verify_built(built: BuiltPack, *, advance: Callable[[int], None] = lambda _: None) -> None:
    """Read every byte of a built pack and compare it with the index.

    Raises:
        HashMismatchError, NotFoundError, BadDataError: names the file and what was expected and found.
    """
    together = entries_by_block(built.index)
    packed = sum(obj.block_count for obj in built.index.objects.values())
    for number, block in enumerate(built.index.blocks[: len(built.index.blocks) - packed]):
        path = built.folder / depot.blocks_name(block.part)
        where = _where(built, path)
        data = read_block(path, block, where)
        for _ in unpack_block(block, data, together.get(number, []), where=where):
            pass
        advance(block.size)
    for obj in built.index.objects.values():
        _verify_object(built, obj, advance)
    _refuse_strangers(built)


def _where(built: BuiltPack, path: Path) -> str:
    return f"{built.name}: {path}"


def read_block(path: Path, block: Block, where: str) -> bytes:
    """Return the bytes of a block as they lie in this file, their hash not checked.

    Raises:
        NotFoundError, BadDataError: the file is missing or too short.
    """
    try:
        with path.open("rb") as file:
            file.seek(block.start)
            data = file.read(block.size)
    except FileNotFoundError as error:
        raise NotFoundError(f"{where}: is missing", hint=_AGAIN) from error
    if len(data) != block.size:
        raise BadDataError(
            f"{where}: expected {block.size} bytes at {block.start}, got {len(data)}", hint=_AGAIN
        )
    return data


def _verify_object(built: BuiltPack, obj: LargeObject, advance: Callable[[int], None]) -> None:
    whole = hashlib.sha256()
    size = 0
    for number, (piece, path, travelled) in enumerate(_pieces(built, obj)):
        where = _where(built, path)
        if number >= len(obj.slices):
            raise BadDataError(f"{where}: longer than the {obj.size} bytes that the index names", hint=_AGAIN)
        check_hash(piece, obj.slices[number], f"{where}: slice {number} of the object")
        whole.update(piece)
        size += len(piece)
        advance(travelled)
    if size != obj.size or whole.hexdigest() != obj.sha256:
        where = f"{built.name}: object {obj.sha256[:12]}…"
        raise HashMismatchError(f"{where}: expected {obj.size} bytes of that hash, got {size}", hint=_AGAIN)


def _pieces(built: BuiltPack, obj: LargeObject) -> Iterator[tuple[bytes, Path, int]]:
    """Yield each slice, where it lies, and how many more bytes of that were read."""
    for block in built.index.blocks_of(obj):
        path = built.folder / depot.blocks_name(block.part)
        where, size = _where(built, path), block.size
        for piece in unpack_slices(block, read_block(path, block, where), where=where):
            yield piece, path, size
            size = 0
    for number in range(_count_parts(obj)):
        path = built.folder / depot.object_part_path(obj.sha256, number)
        try:
            with path.open("rb") as file:
                while piece := file.read(depot.SLICE_BYTES):
                    yield piece, path, len(piece)
        except FileNotFoundError as error:
            raise NotFoundError(f"{_where(built, path)}: is missing", hint=_AGAIN) from error


def _refuse_strangers(built: BuiltPack) -> None:
    known = {path for _, path in built.list_files()}
    for path in sorted(p for p in built.folder.rglob("*") if not p.is_dir()):
        if path not in known:
            raise BadDataError(f"{_where(built, path)}: the index does not name it", hint=_AGAIN)
    last: dict[int, int] = {}
    for block in built.index.blocks:
        last[block.part] = max(last.get(block.part, 0), block.start + block.size)
    for part, end in last.items():
        path = built.folder / depot.blocks_name(part)
        size = path.stat().st_size
        if size != end:
            raise BadDataError(f"{_where(built, path)}: expected {end} bytes, got {size}", hint=_AGAIN)
