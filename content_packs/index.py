"""The index of a built pack: every file, its hash, and where its bytes lie. docs/format/pack-v1.md §3."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from backports import zstd

from content_packs import meta, names
from content_packs.compression import decompress
from content_packs.depot import LARGE_FILE_BYTES, MIB, PART_BYTES, SLICE_BYTES
from content_packs.errors import BadIndexError, UnknownFormatError
from content_packs.meta import PackMeta

FORMAT = 1
MAX_UNPACKED_INDEX_BYTES = 256 * MIB  # some 1.5 million files, more than `MAX_FILES` ever needs
MAX_FILES = 200_000  # a hub plans within 120 MB; larger sets of small pages belong in a ZIM
# A hub keeps equal contents once: a hardlink for each path in three trees while it installs (the version
# before, the current and the new one), one in its store, one for Kolibri. ext4 allows 65,000.
MAX_EQUAL_FILES = 20_000
MAX_PARTS = 1000  # files of blocks: blocks.000 to blocks.999
MAX_BLOCK_RAW_BYTES = 4 * MIB
MAX_OBJECT_BYTES = 256 * 1024 * MIB
_HEX = frozenset("0123456789abcdef")
# What wrong types come out as; RecursionError: a message cannot show a thousand brackets.
_WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of small files: bytes `start` to `start + size` of the pack's blocks file number `part`."""

    part: int
    start: int
    size: int
    raw_size: int
    sha256: str  # of the `size` bytes as they lie
    codec: str  # "zstd": one frame; "raw": the bytes of one file that does not compress


@dataclass(frozen=True, slots=True)
class LargeObject:
    """A large file of its own: `size` bytes in parts of PART_BYTES, a SHA-256 for each slice."""

    sha256: str
    size: int
    slices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file: in block number `block` at `offset` of its raw bytes, or, with `block` None, an object."""

    path: str
    size: int
    sha256: str
    block: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """One built pack. `details` is what the kind found out; `extras` are files made at build (PDF text)."""

    pack: PackMeta
    files: tuple[FileEntry, ...]
    extras: tuple[FileEntry, ...] = ()
    blocks: tuple[Block, ...] = ()
    objects: Mapping[str, LargeObject] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def all_files(self) -> Iterator[FileEntry]:
        """Yield content files, then extras."""
        yield from self.files
        yield from self.extras

    @property
    def unpacked_bytes(self) -> int:
        """Bytes that the distinct files take on a hub's disk."""
        return sum({entry.sha256: entry.size for entry in self.all_files()}.values())

    @property
    def download_bytes(self) -> int:
        """Bytes of blocks and objects, the index not counted."""
        return sum(block.size for block in self.blocks) + sum(obj.size for obj in self.objects.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of docs/format/pack-v1.md §3."""
        return {
            "format": FORMAT,
            "pack": self.pack.to_dict(),
            "details": dict(self.details),
            "blocks": [
                {
                    "part": b.part,
                    "start": b.start,
                    "size": b.size,
                    "raw": b.raw_size,
                    "sha256": b.sha256,
                    "codec": b.codec,
                }
                for b in self.blocks
            ],
            "objects": [
                {"sha256": o.sha256, "size": o.size, "slices": list(o.slices)}
                for o in sorted(self.objects.values(), key=lambda o: o.sha256)
            ],
            "files": [_entry_to_dict(entry) for entry in self.files],
            "extras": [_entry_to_dict(entry) for entry in self.extras],
        }

    def to_bytes(self) -> bytes:
        """Return the bytes of index.zst: the same for the same index."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return zstd.compress(text.encode(), 19)


def _entry_to_dict(entry: FileEntry) -> dict[str, Any]:
    values: dict[str, Any] = {"path": entry.path, "size": entry.size, "sha256": entry.sha256}
    return values if entry.block is None else values | {"block": entry.block, "offset": entry.offset}


def read_index(data: bytes, *, kinds: Iterable[str]) -> Index:
    """Return the index in the bytes of index.zst, checked against itself and against every limit.

    Raises:
        BadIndexError: malformed, or it contradicts itself; the message says where.
        UnknownFormatError: a format other than 1.
    """
    text = decompress(data, max_bytes=MAX_UNPACKED_INDEX_BYTES, what="index")
    try:
        values = json.loads(text.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadIndexError(f"index: not JSON: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise UnknownFormatError(f"index: expected format {FORMAT}, got {found!r}", hint="Update this hub.")
    try:
        index = _from_dict(values, tuple(kinds))
        _check(index)
    except _WRONG_SHAPE as error:
        raise BadIndexError(f"index: a field is missing or of the wrong type: {error!r:.200}") from error
    return index


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _from_dict(values: Mapping[str, Any], kinds: tuple[str, ...]) -> Index:
    pack_values = {k: v for k, v in values["pack"].items() if k in meta.TRAVELLING_FIELDS}
    if faults := meta.check_fields(pack_values, kinds):
        raise BadIndexError(f"index: {faults[0].message}")
    if not isinstance(values["details"], dict):
        raise BadIndexError("index: details: expected an object")
    if not names.is_text(json.dumps(values["details"], ensure_ascii=False)):
        raise BadIndexError("index: details: not valid Unicode")
    objects = [
        LargeObject(_sha256(o["sha256"]), _count(o["size"]), tuple(_sha256(s) for s in o["slices"]))
        for o in values["objects"]
    ]
    return Index(
        pack=PackMeta.from_dict(pack_values),
        files=tuple(_entry(e) for e in values["files"]),
        extras=tuple(_entry(e) for e in values["extras"]),
        blocks=tuple(
            Block(
                _count(b["part"]),
                _count(b["start"]),
                _count(b["size"]),
                _count(b["raw"]),
                _sha256(b["sha256"]),
                b["codec"],
            )
            for b in values["blocks"]
        ),
        objects={o.sha256: o for o in objects},
        details=values["details"],
    )


def _entry(values: Mapping[str, Any]) -> FileEntry:
    path = values["path"]
    if not isinstance(path, str):
        raise BadIndexError(f"index: path: expected text, got {path!r:.80}")
    block = None if "block" not in values else _count(values["block"])
    return FileEntry(
        path, _count(values["size"]), _sha256(values["sha256"]), block, _count(values.get("offset", 0))
    )


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_OBJECT_BYTES:
        raise BadIndexError(f"index: expected a size or number, got {value!r:.80}")
    return value


def _sha256(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64 or not _HEX.issuperset(value):
        raise BadIndexError(f"index: expected 64 hexadecimal digits, got {value!r:.80}")
    return value


def _check(index: Index) -> None:
    if len(index.files) + len(index.extras) > MAX_FILES:
        raise BadIndexError(f"index: expected at most {MAX_FILES} files, got {len(index.files)}")
    _check_tree(index.files)
    _check_tree(index.extras)
    for number, block in enumerate(index.blocks):
        _check_block(number, block)
    for obj in index.objects.values():
        if obj.size < LARGE_FILE_BYTES or len(obj.slices) != -(-obj.size // SLICE_BYTES):
            raise BadIndexError(
                f"index: object {obj.sha256[:12]}…: {len(obj.slices)} slices for {obj.size} bytes"
            )
    _check_places(index)


def _check_places(index: Index) -> None:
    sizes: dict[str, int] = {}
    equal: Counter[str] = Counter()
    for entry in index.all_files():
        _check_place(index, entry)
        equal[entry.sha256] += 1
        if sizes.setdefault(entry.sha256, entry.size) != entry.size:
            raise BadIndexError(f"index: {entry.path}: one hash with two sizes")
        if equal[entry.sha256] > MAX_EQUAL_FILES:
            raise BadIndexError(
                f"index: {entry.path}: more than {MAX_EQUAL_FILES} files have its content",
                hint="Take some out of the pack, or make several packs.",
            )


def _check_tree(files: tuple[FileEntry, ...]) -> None:
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for entry in files:
        if faults := names.check_path(entry.path):
            raise BadIndexError(f"index: {entry.path!r:.200}: {faults[0]}")
        key = names.twin_key(entry.path)
        if key in seen:
            raise BadIndexError(f"index: {entry.path!r} and {seen[key]!r} are one name on some disks")
        seen[key] = entry.path
        folders.update(names.twin_key(str(parent)) for parent in PurePosixPath(entry.path).parents)
    if both := folders & seen.keys():
        raise BadIndexError(f"index: {seen[both.pop()]!r} is both a file and a folder")


def _check_block(number: int, block: Block) -> None:
    if block.codec not in ("zstd", "raw"):
        raise BadIndexError(f"index: block {number}: unknown codec {block.codec!r:.80}")
    if block.raw_size > MAX_BLOCK_RAW_BYTES or block.size > MAX_BLOCK_RAW_BYTES + 64 * 1024:
        raise BadIndexError(f"index: block {number}: {block.raw_size} bytes are more than a block may hold")
    if block.codec == "raw" and block.size != block.raw_size:
        raise BadIndexError(f"index: block {number}: raw, but {block.size} and {block.raw_size} bytes")
    if block.part >= MAX_PARTS:
        raise BadIndexError(f"index: block {number}: expected a part below {MAX_PARTS}, got {block.part}")
    if block.start + block.size > PART_BYTES:
        raise BadIndexError(f"index: block {number}: lies outside its part")


def _check_place(index: Index, entry: FileEntry) -> None:
    if entry.block is None:
        obj = index.objects.get(entry.sha256)
        if obj is None or obj.size != entry.size:
            raise BadIndexError(f"index: {entry.path}: no object of its hash and size")
    elif entry.block >= len(index.blocks):
        raise BadIndexError(f"index: {entry.path}: block {entry.block} does not exist")
    elif entry.offset + entry.size > index.blocks[entry.block].raw_size:
        raise BadIndexError(f"index: {entry.path}: lies outside its block")
