"""Publish and withdraw packs: what is allowed, and the copy of their data into the depot."""

import filecmp
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from content_packs.built import BuiltPack
from content_packs.console import size_text
from content_packs.durable import sync_filesystem
from content_packs.errors import BadDataError, DiskFullError, UsageError, local_error
from content_packs.index import unpack_index
from provisioning.central.deltas import Progress, choose_sources, make_deltas
from provisioning.central.fleet import DeltaRow, Fleet, Published, iso
from provisioning.central.held import Held
from provisioning.central.office import Office, readable_by_hubs

MAX_SHRINK = 0.20  # a ZIM once lost 60 to 70 % of its size unnoticed: openzim/zim-requests 1445
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to the packs of one command, as `<id>@<version>`."""

    published: tuple[str, ...]
    already: tuple[str, ...]
    deltas: tuple[DeltaRow, ...] = ()


def publish(
    office: Office,
    fleet: Fleet,
    builts: Sequence[BuiltPack],
    *,
    now: datetime,
    allow_shrink: bool = False,
    dry_run: bool = False,
    advance: Advance = lambda _: None,
    held: Held | None = None,
    progress: Progress = lambda *_: nullcontext(lambda _: None),
) -> Outcome:
    """Put verified built packs on offer, all or none. What is on offer already with the same bytes is fine.

    `held` are the versions that hubs may have, from which deltas are made; None: no deltas.

    Raises:
        BadDataError: a version would change, go back, shrink much, or be of another kind.
        DiskFullError: the depot's disk cannot hold them; nothing was copied.
    """
    known = fleet.list_packs()
    new, already = [], []
    for built in sorted(builts, key=lambda built: built.index.pack.version):
        pack = _describe(built, now)
        known_one = check_publish(pack, known, allow_shrink=allow_shrink)
        if known_one is not None and known_one.on_offer:
            already.append(pack.name)
            continue
        known.append(pack)
        new.append((pack, built))
    if not dry_run:
        _copy_all(office.depot, [built for _, built in new], advance)
    deltas = (
        [] if held is None else _make_deltas(office, known, new, held, dry_run=dry_run, progress=progress)
    )
    for pack, _ in new:
        fleet.save_pack(pack)
        fleet.save_deltas(pack.pack_id, pack.version, [d for d in deltas if d.makes(pack)])
    return Outcome(tuple(pack.name for pack, _ in new), tuple(already), tuple(deltas))


def _make_deltas(
    office: Office,
    known: Sequence[Published],
    new: Sequence[tuple[Published, BuiltPack]],
    held: Held,
    *,
    dry_run: bool,
    progress: Progress,
) -> list[DeltaRow]:
    """Write the deltas to the new packs into the depot, or with `dry_run` only find out their sizes."""
    builts = {(pack.pack_id, pack.version): built for pack, built in new}
    made: list[DeltaRow] = []
    with tempfile.TemporaryDirectory() if dry_run else nullcontext() as elsewhere:
        for pack, built in new:
            on_disk = [p.version for p in known if p.pack_id == pack.pack_id and p.freed_at is None]
            made += make_deltas(
                office.depot,
                built,
                choose_sources(pack.version, on_disk, held.get(pack.pack_id, ())),
                builts=builts,
                into=None if elsewhere is None else Path(elsewhere),
                progress=progress,
            )
    if made and not dry_run:
        sync_filesystem(office.depot)
    return made


def _describe(built: BuiltPack, now: datetime) -> Published:
    pack = built.index.pack
    index_json = unpack_index(built.index_bytes)
    return Published(
        pack_id=pack.id,
        version=pack.version,
        kind=pack.kind,
        title=pack.title,
        language=pack.language,
        index_sha256=sha256(built.index_bytes).hexdigest(),
        index_length=len(built.index_bytes),
        index_json_sha256=sha256(index_json).hexdigest(),
        index_json_size=len(index_json),
        download_bytes=built.index.download_bytes,
        unpacked_bytes=built.index.unpacked_bytes,
        published_at=iso(now),
    )


def check_publish(
    pack: Published, known: Sequence[Published], *, allow_shrink: bool = False
) -> Published | None:
    """Return the row of this very version if it was published before; raise if it may not be published."""
    earlier = [other for other in known if other.pack_id == pack.pack_id]
    for other in earlier:
        if other.version == pack.version and other.index_sha256 != pack.index_sha256:
            raise BadDataError(
                f"{pack.name} was published with other bytes: index {other.index_sha256[:12]}…, "
                f"now {pack.index_sha256[:12]}…",
                hint=f"Give it a higher version in pack.toml, for example {earlier[-1].version + 1}.",
            )
        if other.version == pack.version:
            return other
    if earlier:
        by_version = sorted(earlier, key=lambda other: other.version)
        kept = [other for other in by_version if other.withdrawn_at is None]  # a wrong build measures nothing
        _check_successor(pack, by_version[-1], kept[-1] if kept else None, allow_shrink=allow_shrink)
    return None


def _check_successor(
    pack: Published, newest: Published, before: Published | None, *, allow_shrink: bool
) -> None:
    if pack.version < newest.version:
        raise BadDataError(
            f"{pack.name}: version {newest.version} was published before, and versions only grow",
            hint=f"Give it version {newest.version + 1} in pack.toml; to go back, withdraw {newest.name}.",
        )
    if pack.kind != newest.kind:
        raise BadDataError(
            f"{pack.name}: kind {pack.kind!r}, but {newest.name} is {newest.kind!r}",
            hint="Give a pack of another kind another id.",
        )
    if allow_shrink or before is None:
        return
    if pack.unpacked_bytes < before.unpacked_bytes * (1 - MAX_SHRINK):
        raise BadDataError(
            f"{pack.name}: {size_text(pack.unpacked_bytes)}, but {before.name} has "
            f"{size_text(before.unpacked_bytes)}: more than {MAX_SHRINK:.0%} are missing",
            hint="Look whether the build was complete; if it is meant, say --yes.",
        )


def _copy_all(depot: Path, builts: Sequence[BuiltPack], advance: Advance) -> None:
    """Copy files that are not there yet; one sync at the end, before anything refers to them.

    Files that are there already are synced too: an earlier run may have been ended before its sync.
    """
    files = [(depot / path, source) for built in builts for path, source in built.list_files()]
    if not files:
        return
    try:
        missing = [(target, source) for target, source in files if not _is_same(target, source)]
        needed = sum(source.stat().st_size for _, source in missing)
        free = shutil.disk_usage(depot).free
        if needed > free:
            raise DiskFullError(f"{depot}: {needed} bytes needed, {free} free", hint="Free some space first.")
        with readable_by_hubs():
            for target, source in missing:
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_whole(source, target, advance)
        sync_filesystem(depot)
    except OSError as error:
        raise local_error(error, "copying packs into the depot") from error


def _is_same(target: Path, source: Path) -> bool:
    return target.is_file() and filecmp.cmp(target, source, shallow=False)


def copy_whole(source: Path, target: Path, advance: Advance) -> None:
    """Copy a file so that it appears under its name only whole; not yet synced to the disk.

    The temporary name is always the same one, so what a crash left is written over, not piled up.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    with source.open("rb") as reading, temporary.open("wb") as writing:
        while piece := reading.read(1024 * 1024):
            writing.write(piece)
            advance(len(piece))
    temporary.replace(target)


def withdraw(fleet: Fleet, pack_id: str, version: int, *, now: datetime) -> Published:
    """Take a version off the offers; its data stays in the depot. Again is fine.

    Raises:
        UsageError: no such version was ever published.
    """
    for pack in fleet.list_packs():
        if (pack.pack_id, pack.version) == (pack_id, version):
            withdrawn = replace(pack, withdrawn_at=pack.withdrawn_at or iso(now))
            fleet.save_pack(withdrawn)
            return withdrawn
    raise UsageError(f"{pack_id}@{version} was never published", hint="`central packs` lists what there is.")
