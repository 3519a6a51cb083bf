"""Make a built pack from a source: the same bytes for the same source."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from content_packs import depot
from content_packs.blocks import Member, block_order, group, pack_members
from content_packs.build_large import Advance, BlocksFiles, LargeWriter
from content_packs.built import BuiltPack, read_checked
from content_packs.check import require_good
from content_packs.errors import BadSourceError, UsageError, local_error
from content_packs.folders import replacing_folder
from content_packs.index import FileEntry, Index
from content_packs.kinds import KINDS
from content_packs.meta import PackMeta
from content_packs.source import PackSource, SourceFile, open_source

Progress = Callable[[int], AbstractContextManager[Advance]]  # is told the bytes that a build reads in all


@dataclass
class _Writer:
    """What has been written of a built pack so far."""

    files: BlocksFiles
    large: LargeWriter
    advance: Advance
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # sha256 → block number, offset

    def add_blocks(self, members: Iterable[Member]) -> None:
        for codec, together in group(members):
            data = pack_members(codec, together)
            number = self.files.add(data, raw_size=sum(len(m.data) for m in together), codec=codec)
            offset = 0
            for member in together:
                self.places[member.sha256] = (number, offset)
                offset += len(member.data)


def _open_writer(folder: Path, advance: Advance) -> _Writer:
    files = BlocksFiles(folder)
    return _Writer(files, LargeWriter(files, advance), advance)


def build_pack(
    folder: Path, out: Path | None = None, *, progress: Progress = lambda _: nullcontext(lambda _: None)
) -> BuiltPack:
    """Build the source in `folder` into `out` (default: `<id>-<version>.pack` in the current folder).

    `out` appears only when it is whole; a built pack that is already there stays until then.

    Raises:
        BadSourceError: `packs check` finds faults.
        BadIndexError: the kind found out something that no reader would take.
        UsageError: `out` is there and is not a built pack.
        LocalError: the disk refuses.
    """
    source = open_source(folder)
    require_good(source)
    meta = PackMeta.from_dict(source.values)
    out = out or Path(f"{meta.id}-{meta.version}.pack")
    check_out(out, source)
    try:
        with replacing_folder(out.resolve()) as new:
            with progress(sum(file.size for file in source.files)) as advance:
                data = _write(source, meta, _open_writer(new, advance)).to_bytes()
            index = read_checked(data)
            (new / depot.INDEX_NAME).write_bytes(data)
    except OSError as error:
        raise local_error(error, f"building {out}") from error
    return BuiltPack(out, index, data)


def check_out(out: Path, source: PackSource) -> None:
    """Refuse to write over anything but a built pack, or into the source itself."""
    if out.exists() and not (out / depot.INDEX_NAME).is_file():
        raise UsageError(f"{out}: is there already and is not a built pack", hint="Choose another -o.")
    if out.resolve().is_relative_to(source.content_dir.resolve()):
        raise UsageError(f"{out}: lies inside the pack source", hint="Choose an -o outside of it.")
    if source.folder.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"{out}: holds the pack source", hint="Choose an -o outside of it.")


def _write(source: PackSource, meta: PackMeta, writer: _Writer) -> Index:
    described = KINDS[meta.kind].describe(source)
    files = {f.path: f for f in source.files}
    hashes: dict[str, tuple[str, int]] = {}
    small = sorted(
        (f for f in files.values() if not _is_large(f.size)), key=lambda file: block_order(file.path)
    )
    writer.add_blocks(_read_members(small, hashes, writer.advance))
    extras = dict(sorted(described.extras.items()))
    for path, data in extras.items():
        hashes[f"extra:{path}"] = (hashlib.sha256(data).hexdigest(), len(data))
    writer.add_blocks(
        Member(path, data, hashes[f"extra:{path}"][0])
        for path, data in extras.items()
        if not _is_large(len(data)) and hashes[f"extra:{path}"][0] not in writer.places
    )
    # Large files come last: a reader finds the blocks of their slices after those of small files.
    hashes |= {path: _write_large(file, writer) for path, file in files.items() if _is_large(file.size)}
    for data in extras.values():
        if _is_large(len(data)):
            writer.large.add(BytesIO(data))
    return Index(
        pack=meta,
        files=tuple(_entry(path, *hashes[path], writer) for path in sorted(files)),
        extras=tuple(_entry(path, *hashes[f"extra:{path}"], writer) for path in extras),
        blocks=tuple(writer.files.blocks),
        objects=writer.large.objects,
        details=described.details,
    )


def _is_large(size: int) -> bool:
    return size >= depot.LARGE_FILE_BYTES


def _write_large(file: SourceFile, writer: _Writer) -> tuple[str, int]:
    with file.location.open("rb") as opened:
        obj = writer.large.add(opened)
    if not _is_large(obj.size):
        raise BadSourceError(f"{file.path}: changed while it was read", hint="Build again.")
    return obj.sha256, obj.size


def _read_members(
    files: Iterable[SourceFile], hashes: dict[str, tuple[str, int]], advance: Advance
) -> Iterator[Member]:
    """Yield small files one by one, noting hash and size of each: no more than a block is in memory."""
    for file in files:
        data = file.location.read_bytes()
        if _is_large(len(data)):
            raise BadSourceError(f"{file.path}: changed while it was read", hint="Build again.")
        sha256 = hashlib.sha256(data).hexdigest()
        hashes[file.path] = (sha256, len(data))
        advance(len(data))
        yield Member(file.path, data, sha256)


def _entry(path: str, sha256: str, size: int, writer: _Writer) -> FileEntry:
    if sha256 in writer.large.objects:
        return FileEntry(path, size, sha256)
    block, offset = writer.places[sha256]
    return FileEntry(path, size, sha256, block, offset)
