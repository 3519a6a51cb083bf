"""The one tree that Kolibri reads channels from, kept as the installed packs are.

Stored files are hardlinks into the installed packs: no second copy. A channel's database is a copy, because
Kolibri opens it as a database that it may write to, and a pack's bytes never change.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from content_packs.durable import fsync_dir
from content_packs.errors import local_error

_TEMPORARY = ".new"  # no database for Kolibri, which looks for *.sqlite3


def list_stored(export_root: Path) -> dict[str, Path]:
    """Return the stored files of an export tree by their path below `storage/`."""
    storage = export_root / "storage"
    return {str(path.relative_to(storage)): path for path in _walk(storage)}


def find_missing(tree: Path, stored: Mapping[str, Path]) -> list[str]:
    """Return which files of `stored` the tree does not have."""
    return [name for name in stored if not (tree / "storage" / name).is_file()]


def link_stored(tree: Path, stored: Mapping[str, Path]) -> None:
    """Put every file of `stored` into the tree; what is there stays.

    Raises:
        LocalError: the disk refuses, or a pack lies on another disk than the tree.
    """
    try:
        for name in find_missing(tree, stored):
            place = tree / "storage" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)  # a link or folder in the way
            place.hardlink_to(stored[name])
    except OSError as error:
        raise local_error(error, "linking lessons for Kolibri") from error


def drop_stored(tree: Path, keep: Mapping[str, Path]) -> None:
    """Take every stored file out of the tree that is not in `keep`; the packs' own files stay."""
    storage = tree / "storage"
    for path in list(_walk(storage)):
        if str(path.relative_to(storage)) not in keep:
            path.unlink(missing_ok=True)


def database_place(tree: Path, channel_id: str) -> Path:
    """Return where the tree has a channel's database."""
    return tree / "databases" / f"{channel_id}.sqlite3"


def copy_database(tree: Path, channel_id: str, source: Path) -> None:
    """Put a channel's database into the tree, in place of an older one."""
    place = database_place(tree, channel_id)
    temporary = place.with_name(f".{place.name}{_TEMPORARY}")
    try:
        with source.open("rb") as read_from, temporary.open("wb") as file:
            shutil.copyfileobj(read_from, file)
            file.flush()
            os.fsync(file.fileno())
        _drop_sidecars(place)
        temporary.replace(place)
        fsync_dir(place.parent)
    except OSError as error:
        raise local_error(error, f"copying the database of channel {channel_id}") from error


def drop_database(tree: Path, channel_id: str) -> None:
    """Take a channel's database out of the tree, if it is there."""
    place = database_place(tree, channel_id)
    place.unlink(missing_ok=True)
    _drop_sidecars(place)


def _drop_sidecars(place: Path) -> None:
    """Delete what SQLite left beside a database: it would write an old one's log into a new one."""
    for suffix in ("-wal", "-shm", "-journal"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def _walk(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for entry in sorted(folder.iterdir()):
            if entry.is_dir():
                yield from _walk(entry)
            else:
                yield entry
