"""Put a fetched version into place: at any instant, also after a power cut, the old one or the new one.

packs/.staging/<id>-<version>/   being put together
packs/<id>/<version>/            whole: index.zst, files/, extras/
packs/<id>/current               symlink: what learners see
packs/<id>/held                  the version that a person rolled back from
"""

import errno
import hashlib
import os
import shutil
from pathlib import Path

from content_packs.depot import is_pack_id
from content_packs.durable import fsync_dir, swap_symlink, sync_filesystem, write_durably
from content_packs.errors import UsageError, local_error
from content_packs.index import FileEntry, Index
from hub.library.installed import CURRENT, EXTRAS, FILES, INDEX, current_version, list_trees, list_versions
from hub.library.journal import Kept, note_kept
from hub.library.store import Store
from hub.settings import HubPaths

STAGING = ".staging"
HELD = "held"
REMOVED = ".removed"


def install(paths: HubPaths, store: Store, index: Index, index_bytes: bytes) -> None:
    """Make a version, all of whose files are in the store, the current one; keep the one before it.

    Order, and why nothing is ever half there: link the tree → syncfs (data and tree are on the disk) →
    journal → move incoming files into the store → rename the tree to its name → swap `current` → drop
    older versions.

    Raises:
        LocalError: the disk is full or refuses; the old version is still current.
    """
    pack = index.pack
    try:
        staging = _stage(paths, store, index, index_bytes)
        sync_filesystem(paths.packs)
        note_kept(store.dir, store.boot_id, _list_kept(paths, store, index, index_bytes))
        for entry in index.all_files():
            store.keep(entry.sha256)
        target = paths.packs / pack.id / str(pack.version)
        target.parent.mkdir(exist_ok=True)
        if target.exists():  # a version that was damaged
            discard(paths, target)
        staging.rename(target)
        fsync_dir(target.parent)
        fsync_dir(paths.packs)
        previous = current_version(paths, pack.id)
        activate(paths, pack.id, pack.version)
        release(paths, pack.id)
    except OSError as error:
        raise local_error(error, f"installing {pack.id} v{pack.version}") from error
    drop_versions(paths, pack.id, keep={pack.version, previous})


def _list_kept(paths: HubPaths, store: Store, index: Index, index_bytes: bytes) -> list[Kept]:
    """Return what this install adds to the disk."""
    new = {e.sha256: e.size for e in index.all_files() if (store.incoming / e.sha256).is_file()}
    kept = [
        Kept(sha256, size, str(store.path(sha256).relative_to(paths.dir))) for sha256, size in new.items()
    ]
    place = Path(paths.packs.name) / index.pack.id / str(index.pack.version) / INDEX
    return [*kept, Kept(hashlib.sha256(index_bytes).hexdigest(), len(index_bytes), str(place))]


def _stage(paths: HubPaths, store: Store, index: Index, index_bytes: bytes) -> Path:
    staging = paths.packs / STAGING / f"{index.pack.id}-{index.pack.version}"
    shutil.rmtree(staging, ignore_errors=True)
    _link_tree(staging / FILES, store, index.files)
    _link_tree(staging / EXTRAS, store, index.extras)
    (staging / INDEX).write_bytes(index_bytes)
    return staging


def _link_tree(root: Path, store: Store, entries: tuple[FileEntry, ...]) -> None:
    root.mkdir(parents=True)
    made = {root}
    for entry in entries:
        target = root / entry.path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        source = store.find(entry.sha256, entry.size)
        if source is None:
            raise FileNotFoundError(2, "the store lacks it", entry.sha256)
        _link_or_copy(source, target)


def _link_or_copy(source: Path, target: Path) -> None:
    """Link a file into a tree; copy it where it has as many links as ext4 allows (65,000)."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        shutil.copyfile(source, target)
        target.chmod(0o444)


def activate(paths: HubPaths, pack_id: str, version: int) -> None:
    """Make a version that lies whole on the disk the one that learners see."""
    swap_symlink(paths.packs / pack_id / CURRENT, str(version))


def drop_versions(paths: HubPaths, pack_id: str, *, keep: set[int | None]) -> None:
    """Delete the trees of all versions but those in `keep`."""
    for version in list_trees(paths, pack_id):
        if version not in keep:
            discard(paths, paths.packs / pack_id / str(version))


def discard(paths: HubPaths, tree: Path) -> None:
    """Delete a tree: it vanishes from its place in one step, so no half of it is ever taken for whole."""
    graveyard = paths.packs / REMOVED
    graveyard.mkdir(exist_ok=True)
    doomed = graveyard / f"{tree.parent.name}-{tree.name}"
    shutil.rmtree(doomed, ignore_errors=True)
    tree.rename(doomed)
    fsync_dir(tree.parent)
    shutil.rmtree(graveyard, ignore_errors=True)


def roll_back(paths: HubPaths, pack_id: str) -> int:
    """Make the version before the current one current again, and hold it until the office sends a newer.

    Raises:
        UsageError: the pack is not installed, or no earlier version was kept.
    """
    now = require_installed(paths, pack_id)
    earlier = [version for version in list_versions(paths, pack_id) if version < now]
    if not earlier:
        raise UsageError(
            f"{pack_id}: no version earlier than {now} is kept on this hub",
            hint="Only the one before the last install is kept; ask the office to assign an older one.",
        )
    write_durably(paths.packs / pack_id / HELD, f"{now}\n".encode())
    activate(paths, pack_id, earlier[-1])
    return earlier[-1]


def require_installed(paths: HubPaths, pack_id: str) -> int:
    """Return the version of a pack that learners see; UsageError where it is not installed."""
    version = current_version(paths, pack_id) if is_pack_id(pack_id) else None
    if version is None:
        raise UsageError(f"{pack_id}: not installed", hint="`hub packs` lists what is.")
    return version


def held_version(paths: HubPaths, pack_id: str) -> int | None:
    """Return the version that a person rolled back from; the sync does not bring it back.

    Where a power cut took the number, it is the newest one on the disk: nobody is to roll back twice. Where
    it took the version that is shown instead, nothing is held back.
    """
    whole = list_versions(paths, pack_id)
    current = current_version(paths, pack_id)
    if current is None or current not in whole:
        return None
    try:
        text = (paths.packs / pack_id / HELD).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    number = text.removesuffix("\n")
    if number != text and number.isdecimal():
        return int(number)
    return max((version for version in whole if version > current), default=None)


def release(paths: HubPaths, pack_id: str) -> None:
    """Forget a roll-back, if there was one: the next sync brings what the office offers."""
    (paths.packs / pack_id / HELD).unlink(missing_ok=True)


def hide(paths: HubPaths, pack_id: str) -> None:
    """Take a pack from the learners; its files stay until their room is needed (`remove`)."""
    folder = paths.packs / pack_id
    (folder / CURRENT).unlink(missing_ok=True)
    fsync_dir(folder)


def remove(paths: HubPaths, pack_id: str) -> None:
    """Take a pack away with all its versions."""
    hide(paths, pack_id)
    discard(paths, paths.packs / pack_id)


def clear_staging(paths: HubPaths) -> None:
    """Delete what an interrupted install or removal left; nobody sees it."""
    for name in (STAGING, REMOVED):
        shutil.rmtree(paths.packs / name, ignore_errors=True)
