"""Make hub.db agree with what is on disk: quickly at each start, thoroughly for `hub repair`."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from content_packs.durable import write_durably
from content_packs.errors import BadDataError, local_error
from content_packs.index import Index
from hub.db import DamagedDatabaseError, open_db, to_local_error
from hub.library import installed, precompress
from hub.library.install import activate, clear_staging, discard
from hub.library.store import hash_file, open_store
from hub.settings import HubPaths

Advance = Callable[[int], None]


@dataclass(slots=True)
class RepairReport:
    """What a repair found whole, and what it dropped and why."""

    packs: list[str] = field(default_factory=list)  # "id@version"
    dropped: list[str] = field(default_factory=list)  # a sentence each
    checked_bytes: int = 0


def open_library(paths: HubPaths, *, now: datetime) -> Database:
    """Open hub.db and make `installed` say what the `current` links say; a damaged hub.db is set aside.

    Raises:
        LocalError: the disk refuses, or another process holds the database for too long.
    """
    try:
        return _open_reconciled(paths, now)
    except DamagedDatabaseError:
        set_aside(paths.db)
        return _open_reconciled(paths, now)


def _open_reconciled(paths: HubPaths, now: datetime) -> Database:
    db = open_db(paths.db)
    try:
        reconcile(db, paths, now=now)
    except BaseException:
        db.close()
        raise
    return db


def set_aside(path: Path) -> None:
    """Move a damaged database and its sidecars out of the way; the last one is kept for a look."""
    path.replace(path.with_name(f"{path.name}.damaged"))
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def reconcile(db: Database, paths: HubPaths, *, now: datetime) -> None:
    """Correct the rows of `installed` that disagree with the disk; reads an index only where one does.

    A pack whose index cannot be read counts as not installed until the next sync has brought it again, and
    does not keep the others from it.

    Raises:
        LocalError: the database cannot be read or written.
    """
    try:
        _reconcile(db, paths, now)
    except sqlite3.Error as error:
        raise to_local_error(error, str(paths.db)) from error
    except OSError as error:
        raise local_error(error, f"changing {paths.db}") from error


def _reconcile(db: Database, paths: HubPaths, now: datetime) -> None:
    rows = {row["pack_id"]: row["version"] for row in db.query("select pack_id, version from installed")}
    found: set[str] = set()
    for pack_id in installed.list_pack_ids(paths):
        version = installed.current_version(paths, pack_id)
        if version is None:
            continue
        found.add(pack_id)
        if rows.get(pack_id) != version:
            try:
                index = installed.read_installed_index(paths, pack_id, version)
            except (BadDataError, OSError):
                found.discard(pack_id)
                _mark_damaged(paths, pack_id)
                continue
            installed.record(db, index, now=now)
    for pack_id in rows.keys() - found:
        installed.forget(db, pack_id)


def _mark_damaged(paths: HubPaths, pack_id: str) -> None:
    """Note which versions of a pack have no index that can be read, so that the next sync brings it again."""
    for version in installed.list_versions(paths, pack_id):
        try:
            installed.read_installed_index(paths, pack_id, version)
        except (BadDataError, OSError):
            with suppress(OSError):  # a full disk: the next start tries again
                take_out(paths.packs / pack_id / str(version), ())


def repair(paths: HubPaths, *, now: datetime, advance: Advance) -> RepairReport:
    """Read every installed byte, drop what is damaged, and make hub.db anew from what is whole.

    The caller holds the sync lock.
    """
    report = RepairReport()
    clear_staging(paths)
    for pack_id in installed.list_pack_ids(paths):
        _repair_pack(paths, pack_id, report, advance)
    report.dropped.extend(_repair_store(paths, advance))
    if fault := _check_db(paths, now):
        report.dropped.append(f"hub.db: damaged ({fault}); the history of syncs is lost")
        set_aside(paths.db)
        open_library(paths, now=now).close()
    return report


def _check_db(paths: HubPaths, now: datetime) -> str:
    """Return what is wrong with hub.db, or nothing."""
    try:
        with closing(_open_reconciled(paths, now)) as db:
            found = [str(line[0]) for line in db.execute("pragma quick_check").fetchall()]
    except DamagedDatabaseError as error:
        return error.message
    return "" if found == ["ok"] else "; ".join(found[:3])


def _repair_pack(paths: HubPaths, pack_id: str, report: RepairReport, advance: Advance) -> None:
    """Show the best version that is left: the current one if it is whole, else another whole one.

    Where none is whole, the current one stays without its damaged files, and the next sync mends it: 799
    pages are better than none. A pack that nobody is shown stays hidden.
    """
    link = paths.packs / pack_id / installed.CURRENT
    current = installed.current_version(paths, pack_id)
    faults = {
        v: _find_faults(paths, pack_id, v, report, advance) for v in installed.list_trees(paths, pack_id)
    }
    whole = [version for version, fault in faults.items() if not fault.text]
    usable = whole or [version for version, fault in faults.items() if fault.paths]
    shown = current if current in usable else max(usable, default=None)
    with precompress.paused(paths):  # else one under way would make forms of what is damaged
        for version, fault in faults.items():
            precompress.drop(paths.packs / pack_id / str(version))
            if version in whole:
                continue
            report.dropped.append(f"{pack_id} version {version}: {fault.text}")
            if version == shown:
                take_out(paths.packs / pack_id / str(version), fault.paths)
            else:
                discard(paths, paths.packs / pack_id / str(version))
    if link.is_symlink() and shown != current:
        link.unlink()
        if shown is not None:
            activate(paths, pack_id, shown)
            report.dropped.append(f"{pack_id}: version {shown} is shown instead of {current or 'none'}")
    if link.is_symlink():
        report.packs.append(f"{pack_id}@{shown}")


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with one version; no text: nothing. `paths`, below its folder, are what is damaged."""

    text: str = ""
    paths: tuple[str, ...] = ()


def take_out(folder: Path, damaged: tuple[str, ...]) -> None:
    """Delete damaged files of a tree and note that it is no longer whole."""
    marker = folder / installed.DAMAGED
    before = marker.read_text(encoding="utf-8", errors="replace").splitlines() if marker.is_file() else []
    together = dict.fromkeys([*before, *damaged])
    write_durably(marker, "".join(f"{path}\n" for path in together).encode())
    for path in damaged:
        (folder / path).unlink(missing_ok=True)


def _find_faults(
    paths: HubPaths, pack_id: str, version: int, report: RepairReport, advance: Advance
) -> _Fault:
    try:
        index = installed.read_installed_index(paths, pack_id, version)
    except (BadDataError, OSError) as error:
        return _Fault(f"its index cannot be read ({error})")
    if (index.pack.id, index.pack.version) != (pack_id, version):
        return _Fault(f"its index is of {index.pack.id} version {index.pack.version}")
    folder = paths.packs / pack_id / str(version)
    damaged = []
    for path, size, sha256 in list_tree(index):
        if (folder / path).is_symlink() or not is_right(folder / path, size, sha256):
            damaged.append(path)
        else:
            report.checked_bytes += size
        advance(size)
    if not damaged:
        (folder / installed.DAMAGED).unlink(missing_ok=True)
        return _Fault()
    more = f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
    return _Fault(f"damaged or missing: {', '.join(damaged[:3])}{more}", tuple(damaged))


def is_right(path: Path, size: int, sha256: str) -> bool:
    """Whether a file has this size and hash; one that the card no longer gives back has not."""
    try:
        return path.stat().st_size == size and hash_file(path) == sha256
    except OSError:
        return False


def list_tree(index: Index) -> Iterator[tuple[str, int, str]]:
    """Yield path below the version's folder, size and hash of each file."""
    for name, entries in ((installed.FILES, index.files), (installed.EXTRAS, index.extras)):
        for entry in entries:
            yield f"{name}/{entry.path}", entry.size, entry.sha256


def _repair_store(paths: HubPaths, advance: Advance) -> Iterator[str]:
    """Delete stored files that are not what their name says; those that a tree links to were read above."""
    store = open_store(paths.store)
    for path in store.list_files():
        size = path.lstat().st_size
        if not is_right(path, size, path.name):
            path.unlink()
            yield f"stored file {path.name[:12]}…: damaged; the next sync fetches it again"
        advance(size)
