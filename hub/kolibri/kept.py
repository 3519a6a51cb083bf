"""Kolibri's databases, kept once more: nobody can make learners and their marks again.

kept/<name>.sqlite3       a copy of each of home/, as it was on the last day on which Kolibri ran
kept/mended.json          {"at", "copy_at"}: when the learners' one was damaged; of when its copy was, or null
home/<name>.damaged       what was set aside

Of sessions and tasks there are no copies. What has none, or a damaged one, Kolibri makes anew.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from content_packs.durable import fsync_dir, write_durably
from content_packs.errors import DiskFullError, local_error
from hub.backup.contents import list_kolibri_databases
from hub.backup.make import copy_database
from hub.db import to_local_error

_HOME, _KEPT, _MENDED = "home", "kept", "mended.json"
_LEARNERS = "db.sqlite3"  # and their marks; what is in the others nobody misses for long
_BUSY_S = 30.0


@dataclass(frozen=True, slots=True)
class Mended:
    """The learners' database was damaged. Times are ISO 8601; `copy_at` is null where it had no copy."""

    at: str
    copy_at: str | None


def keep(base: Path, *, reserve_bytes: int) -> None:
    """Copy the databases of a Kolibri that may be running.

    Raises:
        LocalError: the disk refuses or has no room, or a database is damaged; older copies stay.
    """
    kept = base / _KEPT
    try:
        kept.mkdir(mode=0o750, exist_ok=True)
        for path in list_kolibri_databases(base / _HOME):
            needed, free = path.stat().st_size + reserve_bytes, shutil.disk_usage(kept).free
            if needed > free:
                raise DiskFullError(f"{kept}: a copy of {path.name} needs {needed} bytes, {free} are free")
            _replace(kept / path.name, path)
    except sqlite3.Error as error:
        raise to_local_error(error, "copying a database of Kolibri") from error
    except OSError as error:
        raise local_error(error, "copying a database of Kolibri") from error


def _replace(target: Path, source: Path) -> None:
    temporary = target.with_name(f".{target.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        copy_database(source, temporary)
        if is_damaged(temporary):
            raise sqlite3.DatabaseError(f"{source.name} is damaged")
        _finish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _finish(temporary: Path, target: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
    fsync_dir(target.parent)


def mend(base: Path, *, now: datetime) -> Mended | None:
    """Put copies in the place of what is damaged or gone, before Kolibri starts; return what is to be told.

    Raises:
        LocalError: the disk refuses.
    """
    try:
        found = {path.name: _mend_one(path, base / _KEPT / path.name) for path in list(_list_broken(base))}
        if _LEARNERS in found:
            told = Mended(now.isoformat(timespec="seconds"), found[_LEARNERS])
            (base / _KEPT).mkdir(mode=0o750, exist_ok=True)
            write_durably(base / _KEPT / _MENDED, json.dumps(asdict(told)).encode(), mode=0o640)
        return read_mended(base)
    except OSError as error:
        raise local_error(error, "mending a database of Kolibri") from error


def _list_broken(base: Path) -> Iterator[Path]:
    home = base / _HOME
    for path in sorted(home.glob("*.sqlite3")):
        if is_damaged(path):
            yield path
    for copy in sorted((base / _KEPT).glob("*.sqlite3")):
        if not (home / copy.name).exists():
            yield home / copy.name


def _mend_one(path: Path, copy: Path) -> str | None:
    """Set a database aside, and put its copy there; return of when that is."""
    for suffix in ("-wal", "-shm", "-journal"):  # never read into another database
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if path.exists():
        path.replace(path.with_name(path.name + ".damaged"))
    if not copy.is_file() or is_damaged(copy):
        return None
    temporary = path.with_name(f".{path.name}.new")
    shutil.copyfile(copy, temporary)
    _finish(temporary, path)
    return datetime.fromtimestamp(copy.stat().st_mtime, UTC).isoformat(timespec="seconds")


def read_mended(base: Path) -> Mended | None:
    """Return when a database was mended last; None: never, or nobody knows."""
    try:
        said = json.loads((base / _KEPT / _MENDED).read_bytes())
        return Mended(str(said["at"]), said["copy_at"] and str(said["copy_at"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_damaged(path: Path) -> bool:
    """Whether a database can be read by nobody. One that this disk refuses to read may be whole."""
    if path.stat().st_size == 0:
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as db:
            return bool(db.execute("pragma quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True
