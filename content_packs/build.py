"""Make a built pack from a source: the same bytes for the same source."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
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
from content_packs.kinds.kind import Progress, Workshop
from content_packs.meta import PackMeta
from content_packs.source import PackSource, SourceFile, open_source

_WORKSHOP = "incoming.extras"


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
    folder: Path, out: Path | None = None, *, progress: Progress = lambda *_: nullcontext(lambda _: None)
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
            data = _write(source, meta, new, progress).to_bytes()
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


def _write(source: PackSource, meta: PackMeta, new: Path, progress: Progress) -> Index:
    workshop = Workshop(new / _WORKSHOP, progress)
    workshop.folder.mkdir()
    described = KINDS[meta.kind].describe(source, workshop)
    extras = [_extra(path, place) for path, place in sorted(described.extras.items())]
    with progress("building", sum(file.size for file in (*source.files, *extras))) as advance:
        writer = _open_writer(new, advance)
        files_at, extras_at = _write_all(source.files, extras, writer)
    shutil.rmtree(workshop.folder)
    return Index(
        pack=meta,
        files=tuple(_entry(path, *at, writer) for path, at in sorted(files_at.items())),
        extras=tuple(_entry(path, *at, writer) for path, at in sorted(extras_at.items())),
        blocks=tuple(writer.files.blocks),
        objects=writer.large.objects,
        details=described.details,
    )


def _extra(path: str, place: Path) -> SourceFile:
    return SourceFile(path, place, place.stat().st_size)


_Hashes = dict[str, tuple[str, int]]  # path → hash and size


def _write_all(
    files: Sequence[SourceFile], extras: Sequence[SourceFile], writer: _Writer
) -> tuple[_Hashes, _Hashes]:
    """Write the bytes of all; return which content each path has, of the files and of the extras."""
    files_at: _Hashes = {}
    extras_at: _Hashes = {}
    small = sorted((f for f in files if not _is_large(f.size)), key=lambda file: block_order(file.path))
    writer.add_blocks(_read_members(small, files_at, writer.advance))
    members = _read_members([f for f in extras if not _is_large(f.size)], extras_at, writer.advance)
    writer.add_blocks(member for member in members if member.sha256 not in writer.places)
    # Large files come last: a reader finds the blocks of their slices after those of small files.
    files_at |= {file.path: _write_large(file, writer) for file in files if _is_large(file.size)}
    extras_at |= {file.path: _write_large(file, writer) for file in extras if _is_large(file.size)}
    return files_at, extras_at


def _is_large(size: int) -> bool:
    return size >= depot.LARGE_FILE_BYTES


def _write_large(file: SourceFile, writer: _Writer) -> tuple[str, int]:
    with file.location.open("rb") as opened:
        obj = writer.large.add(opened)
    if not _is_large(obj.size):
        raise BadSourceError(f"{file.path}: changed while it was read", hint="Build again.")
    return obj.sha256, obj.size


def _read_members(files: Iterable[SourceFile], hashes: _Hashes, advance: Advance) -> Iterator[Member]:
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
