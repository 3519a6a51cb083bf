"""The index of a built pack: every file, its hash, and where its bytes lie. docs/format/pack-v1.md §3."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from backports import zstd

from content_packs import meta, names
from content_packs.compression import decompress
from content_packs.depot import LARGE_FILE_BYTES, MIB, PACKED_BYTES, PART_BYTES, SLICE_BYTES
from content_packs.errors import BadIndexError, UnknownFormatError
from content_packs.meta import PackMeta

FORMAT = 1
_JOIN = ",\n"
MAX_UNPACKED_INDEX_BYTES = 256 * MIB  # some 1.5 million files, more than `MAX_FILES` ever needs
MAX_FILES = 200_000  # a hub plans within 120 MB; larger sets of small pages belong in a ZIM
# A hub keeps equal contents once: a hardlink for each path in three trees while it installs (the version
# before, the current and the new one), one in its store, one for Kolibri. ext4 allows 65,000.
MAX_EQUAL_FILES = 20_000
MAX_PARTS = 1000  # files of blocks: blocks.000 to blocks.999
MAX_BLOCK_RAW_BYTES = 4 * MIB
_SLICES_PACKED = PACKED_BYTES // SLICE_BYTES
_FRAME_BYTES = 64 * 1024  # what a frame may be larger than what it unpacks to
MAX_OBJECT_BYTES = 256 * 1024 * MIB
_HEX = frozenset("0123456789abcdef")
# What wrong types come out as; RecursionError: a message cannot show a thousand brackets.
_WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Block:
    """Small files, or some slices of a large one: bytes `start` to `start + size` of blocks.<part>."""

    part: int
    start: int
    size: int
    raw_size: int
    sha256: str  # of the `size` bytes as they lie
    codec: str  # "zstd": one frame; "raw": the bytes of one file that does not compress


@dataclass(frozen=True, slots=True)
class LargeObject:
    """A large file, with a SHA-256 for each slice: as it is in parts, or, PACKED_BYTES in each, in blocks."""

    sha256: str
    size: int
    slices: tuple[str, ...]
    first_block: int | None = None  # None: the file lies in parts, as it is

    def length_of(self, number: int) -> int:
        """Return the bytes of one slice; the last may be short."""
        return min(SLICE_BYTES, self.size - number * SLICE_BYTES)

    @property
    def block_count(self) -> int:
        """In how many blocks the file lies."""
        return 0 if self.first_block is None else -(-self.size // PACKED_BYTES)

    def block_of(self, number: int) -> int | None:
        """Return the number of the block that one slice is packed in."""
        return None if self.first_block is None else self.first_block + number // _SLICES_PACKED

    def slices_of(self, block: int) -> range:
        """Return the slices that are packed in one of its blocks."""
        first = (block - (self.first_block or 0)) * _SLICES_PACKED
        return range(first, min(first + _SLICES_PACKED, len(self.slices)))


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
        plain = (obj.size for obj in self.objects.values() if obj.first_block is None)
        return sum(block.size for block in self.blocks) + sum(plain)

    def blocks_of(self, obj: LargeObject) -> tuple[Block, ...]:
        """Return the blocks that a large file is packed in; none where it lies as it is."""
        first = obj.first_block or 0
        return self.blocks[first : first + obj.block_count]

    def travel_bytes(self, obj: LargeObject) -> int:
        """Return what a hub fetches for a whole large file."""
        packed = self.blocks_of(obj)
        return sum(block.size for block in packed) if packed else obj.size

    def to_json(self) -> bytes:
        """Return the JSON form of docs/format/pack-v1.md §3, a line for each content.

        What one changed file changes of it is its own line, and the hash and size of its block.
        """
        contents = _contents(self)
        members = _members(self, contents)
        blocks = [_block_line(block, inside) for block, inside in zip(self.blocks, members, strict=False)]
        ordered = sorted(self.objects.values(), key=_object_order)
        objects = [contents[obj.sha256] | _object_members(self, obj) for obj in ordered]
        lines = [
            f'"blocks":[{_JOIN.join(blocks)}]',
            f'"details":{_json(dict(self.details))}',
            f'"format":{FORMAT}',
            f'"objects":{_lines(objects)}',
            f'"pack":{_json(self.pack.to_dict())}',
        ]
        return ("{" + _JOIN.join(lines) + "}").encode()

    def to_bytes(self) -> bytes:
        """Return the bytes of index.zst: the same for the same index."""
        return pack_index(self.to_json())


def _contents(index: Index) -> dict[str, dict[str, Any]]:
    """Return by hash what the JSON says of each distinct content: its size and the paths that have it."""
    contents: dict[str, dict[str, Any]] = {}
    for name, entries in (("paths", index.files), ("extras", index.extras)):
        for entry in sorted(entries, key=lambda entry: entry.path):
            content = contents.setdefault(entry.sha256, {"size": entry.size, "sha256": entry.sha256})
            content.setdefault(name, []).append(entry.path)
    return contents


def _members(index: Index, contents: Mapping[str, dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return for each block of small files what the JSON says of its contents, in their order there."""
    packed = sum(obj.block_count for obj in index.objects.values())
    offsets: list[dict[str, int]] = [{} for _ in index.blocks[: len(index.blocks) - packed]]
    for entry in index.all_files():
        if entry.block is not None:
            offsets[entry.block][entry.sha256] = entry.offset
    return [[contents[sha256] for sha256 in sorted(inside, key=lambda s: inside[s])] for inside in offsets]


def _block_line(block: Block, members: list[dict[str, Any]]) -> str:
    start = f'{{"codec":{_json(block.codec)},"contents":{_lines(members)}'
    return start + ("}" if block.codec == "raw" else f',"sha256":"{block.sha256}","size":{block.size}}}')


def _object_order(obj: LargeObject) -> tuple[bool, int, str]:
    """Return the sort key of the JSON's objects: what lies in blocks in their order, then the others."""
    return obj.first_block is None, obj.first_block or 0, obj.sha256


def _object_members(index: Index, obj: LargeObject) -> dict[str, Any]:
    """Return what the JSON says of a large file beside its content."""
    members: dict[str, Any] = {"slices": list(obj.slices)} if len(obj.slices) > 1 else {}
    if packed := index.blocks_of(obj):
        members["blocks"] = [{"size": block.size, "sha256": block.sha256} for block in packed]
    return members


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _lines(values: Iterable[object]) -> str:
    return f"[{_JOIN.join(_json(value) for value in values)}]"


def pack_index(index_json: bytes) -> bytes:
    """Return index.zst for the JSON of an index."""
    return zstd.compress(index_json, 19)


def unpack_index(data: bytes) -> bytes:
    """Return the JSON in the bytes of index.zst; BadDataError where it is damaged or too large."""
    return decompress(data, max_bytes=MAX_UNPACKED_INDEX_BYTES, what="index")


def read_index(data: bytes, *, kinds: Iterable[str]) -> Index:
    """Return the index in the bytes of index.zst, checked against itself and against every limit.

    Raises:
        BadIndexError: malformed, or it contradicts itself; the message says where.
        UnknownFormatError: a format other than 1, or 1 as it was before the first release.
    """
    return read_index_json(unpack_index(data), kinds=kinds)


def read_index_json(index_json: bytes, *, kinds: Iterable[str]) -> Index:
    """Return the index in this JSON; as `read_index`."""
    try:
        values = json.loads(index_json.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadIndexError(f"index: not JSON: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise UnknownFormatError(f"index: expected format {FORMAT}, got {found!r}", hint="Update this hub.")
    if "files" in values:  # docs/adr/0009-format-1-redefined.md
        raise UnknownFormatError(
            "index: format 1 as it was before the first release: a list of `files` beside the blocks",
            hint="Build this pack again from its source with `packs build`, and publish that.",
        )
    try:
        index = _from_dict(values, tuple(kinds))
        _check(index)
    except _WRONG_SHAPE as error:
        raise BadIndexError(f"index: a field is missing or of the wrong type: {error!r:.200}") from error
    return index


def list_sizes(index_json: bytes) -> list[int]:
    """Return the size of each file of `Index.all_files()`, from the JSON of an index that was read before.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is not the JSON of an index.
    """
    values = json.loads(index_json.decode())
    contents = [content for block in values["blocks"] for content in block["contents"]] + values["objects"]
    sizes: list[int] = []
    for name in ("paths", "extras"):
        listed = [(path, content["size"]) for content in contents for path in content.get(name, ())]
        sizes += [size for _, size in sorted(listed)]
    return sizes


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
    listing = _Listing()
    for block in values["blocks"]:
        listing.add_block(block)
    for obj in values["objects"]:
        listing.add_object(obj)
    return Index(
        pack=PackMeta.from_dict(pack_values),
        files=tuple(sorted(listing.files, key=lambda entry: entry.path)),
        extras=tuple(sorted(listing.extras, key=lambda entry: entry.path)),
        blocks=tuple(listing.blocks),
        objects=listing.objects,
        details=values["details"],
    )


@dataclass(slots=True)
class _Listing:
    """What the JSON leaves out is worked out while reading: contents and blocks lie without gaps."""

    files: list[FileEntry] = field(default_factory=list)
    extras: list[FileEntry] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    objects: dict[str, LargeObject] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    part: int = 0
    end: int = 0  # of the last block in its part

    def add_block(self, values: Mapping[str, Any]) -> None:
        number, raw_size = len(self.blocks), 0
        for content in values["contents"]:
            raw_size += self._add_content(content, number, raw_size)
        if values["codec"] == "raw":
            if len(values["contents"]) != 1:
                raise BadIndexError(f"index: block {number}: raw, but not of one file")
            size, sha256 = raw_size, _sha256(values["contents"][0]["sha256"])
        else:
            size, sha256 = _count(values["size"]), _sha256(values["sha256"])
        self._place(size, raw_size, sha256, values["codec"])

    def _place(self, size: int, raw_size: int, sha256: str, codec: str) -> None:
        self.part, start = place_block(self.part, self.end, size)
        self.end = start + size
        self.blocks.append(Block(self.part, start, size, raw_size, sha256, codec))

    def add_object(self, values: Mapping[str, Any]) -> None:
        size, sha256 = self._add_content(values), values["sha256"]
        slices = tuple(_sha256(s) for s in values.get("slices", [sha256]))
        is_packed = "blocks" in values
        obj = LargeObject(sha256, size, slices, len(self.blocks) if is_packed else None)
        _check_slices(obj)
        if is_packed:
            self._add_packed(obj, values["blocks"])
        self.objects[sha256] = obj

    def _add_packed(self, obj: LargeObject, packed: Sequence[Mapping[str, Any]]) -> None:
        if len(packed) != obj.block_count:
            raise BadIndexError(
                f"index: object {obj.sha256[:12]}…: {len(packed)} blocks for {obj.size} bytes"
            )
        for number, block in enumerate(packed):
            raw_size = min(PACKED_BYTES, obj.size - number * PACKED_BYTES)
            self._place(_count(block["size"]), raw_size, _sha256(block["sha256"]), "zstd")

    def _add_content(self, values: Mapping[str, Any], block: int | None = None, offset: int = 0) -> int:
        size, sha256 = _count(values["size"]), _sha256(values["sha256"])
        if sha256 in self.seen:
            raise BadIndexError(f"index: {sha256[:12]}…: one content at two places")
        self.seen.add(sha256)
        found = 0
        for name, entries in (("paths", self.files), ("extras", self.extras)):
            for path in _paths(values.get(name, [])):
                entries.append(FileEntry(path, size, sha256, block, offset))
                found += 1
        if not 1 <= found <= MAX_EQUAL_FILES:
            raise BadIndexError(
                f"index: {sha256[:12]}…: expected 1 to {MAX_EQUAL_FILES} files with its content, got {found}",
                hint="Take some out of the pack, or make several packs.",
            )
        return size


def place_block(part: int, end: int, size: int) -> tuple[int, int]:
    """Return part and start of a block after one that ends at `end` of `part`."""
    return (part, end) if end + size <= PART_BYTES else (part + 1, 0)


def _paths(values: object) -> list[str]:
    if not isinstance(values, list):
        raise BadIndexError(f"index: expected a list of paths, got {values!r:.80}")
    for path in values:
        if not isinstance(path, str):
            raise BadIndexError(f"index: path: expected text, got {path!r:.80}")
    return values


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
    packed = sum(obj.block_count for obj in index.objects.values())
    for number, block in enumerate(index.blocks):
        is_small = number < len(index.blocks) - packed
        _check_block(number, block, MAX_BLOCK_RAW_BYTES if is_small else PACKED_BYTES)
    _check_equal_blocks(index.blocks)


def _check_slices(obj: LargeObject) -> None:
    if obj.size < LARGE_FILE_BYTES or len(obj.slices) != -(-obj.size // SLICE_BYTES):
        raise BadIndexError(
            f"index: object {obj.sha256[:12]}…: {len(obj.slices)} slices for {obj.size} bytes"
        )


def _check_equal_blocks(blocks: Iterable[Block]) -> None:
    """Refuse one hash for blocks that differ: a hub collects blocks under their hashes."""
    sizes: dict[str, tuple[int, int]] = {}
    for number, block in enumerate(blocks):
        found = (block.size, block.raw_size)
        if block.codec == "zstd" and sizes.setdefault(block.sha256, found) != found:
            raise BadIndexError(f"index: block {number}: has the hash of another block, and another size")


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


def _check_block(number: int, block: Block, most: int) -> None:
    if block.codec not in ("zstd", "raw"):
        raise BadIndexError(f"index: block {number}: unknown codec {block.codec!r:.80}")
    if block.raw_size > most or block.size > most + _FRAME_BYTES:
        raise BadIndexError(f"index: block {number}: {block.raw_size} bytes are more than a block may hold")
    if block.part >= MAX_PARTS:
        raise BadIndexError(f"index: block {number}: expected a part below {MAX_PARTS}, got {block.part}")
