"""After a boot: read again what was put on the disk last, and take out what a power cut has damaged.

What is taken out, the same sync fetches again: of a large file only the slices that are wrong. A dry run
only reads and says it.
"""

from collections.abc import Iterator
from pathlib import Path

from content_packs.depot import LARGE_FILE_BYTES
from content_packs.errors import BadDataError
from hub.library import installed
from hub.library.journal import Journal, Kept, newest, read_journal, write_journal
from hub.library.parts import RECHECKED_BYTES
from hub.library.rebuild import is_right, list_tree, take_out
from hub.library.store import Store
from hub.settings import HubPaths


def recheck(paths: HubPaths, store: Store, *, dry_run: bool = False) -> list[str]:
    """Do it once in each boot; return a sentence for each file that was damaged. Hold the sync lock.

    A file larger than RECHECKED_BYTES is read once only: a long video would hold up each boot.

    Raises:
        OSError: the disk refuses.
    """
    journal = read_journal(store.dir)
    if journal.boot_id == store.boot_id:
        return []
    found, right = [], []
    for one in journal.kept if journal.boot_id else _guess(paths, store):
        place = paths.dir / one.path
        if not place.is_file():
            continue
        if not is_right(place, one.size, one.sha256):
            again = "a sync fetches it again" if dry_run else "it is fetched again"
            found.append(f"{_name(paths, one, place)}: damaged by a power cut; {again}")
            if not dry_run:
                _take_out(paths, store, one, place)
        elif one.size <= RECHECKED_BYTES:
            right.append(one)
    if dry_run:
        return found
    store.dir.mkdir(parents=True, exist_ok=True)
    write_journal(store.dir, Journal(store.boot_id, tuple(right)))
    return found


def _guess(paths: HubPaths, store: Store) -> list[Kept]:
    """Return what may have been kept last where the journal itself is gone: by the times of the files."""
    files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in store.list_files())
    return newest(Kept(path.name, size, str(path.relative_to(paths.dir))) for _, size, path in files)


def _name(paths: HubPaths, one: Kept, place: Path) -> str:
    return one.path if place.parent.is_relative_to(paths.packs) else f"stored file {one.sha256[:12]}…"


def _take_out(paths: HubPaths, store: Store, one: Kept, place: Path) -> None:
    if place.parent.is_relative_to(paths.packs):
        take_out(place.parent, ())
        return
    for folder, damaged in _list_links(paths, one.sha256):
        take_out(folder, damaged)
    store.set_aside(one.sha256, resumable=one.size >= LARGE_FILE_BYTES)


def _list_links(paths: HubPaths, sha256: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the folder of each version that has a file, with its paths there."""
    for pack_id in installed.list_pack_ids(paths):
        for version in installed.list_trees(paths, pack_id):
            try:
                index = installed.read_installed_index(paths, pack_id, version)
            except (BadDataError, OSError):
                continue  # its index is damaged as well: nobody can say what it has
            if found := tuple(path for path, _, sha in list_tree(index) if sha == sha256):
                yield paths.packs / pack_id / str(version), found
