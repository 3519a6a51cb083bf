"""Put a pack source onto a hub without a depot: the tree of an install and its row."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from content_packs.durable import swap_symlink
from content_packs.index import FileEntry, Index
from content_packs.meta import PackMeta
from content_packs.source import open_source
from hub.db import open_db
from hub.library import installed
from hub.settings import HubPaths
from support.describing import describe


def install_source(paths: HubPaths, folder: Path) -> Path:
    """Install the source in `folder` as its pack's current version; return the installed content."""
    source = open_source(folder)
    meta = PackMeta.from_dict(source.values)
    described = describe(source, paths.dir / "workshop")
    target = paths.packs / meta.id / str(meta.version)
    for file in source.files:
        place = target / "files" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.location, place)
        place.chmod(0o444)
    for path, made in described.extras.items():
        place = target / "extras" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, place)
    files = tuple(FileEntry(f.path, f.size, "0" * 64) for f in source.files)
    shutil.rmtree(paths.dir / "workshop")
    (target / installed.INDEX).write_bytes(b"")  # first: a portal that just starts forgets what has none
    swap_symlink(target.parent / installed.CURRENT, str(meta.version))
    db = open_db(paths.db)
    installed.record(db, Index(meta, files, details=described.details), now=datetime.now(UTC))
    db.close()
    return target / "files"


def uninstall(paths: HubPaths, pack_id: str) -> None:
    """Take a pack off the hub as an unassigned one is: no longer current, then its row and its tree go."""
    (paths.packs / pack_id / installed.CURRENT).unlink()
    db = open_db(paths.db)
    installed.forget(db, pack_id)
    db.close()
    shutil.rmtree(paths.packs / pack_id)


def used_bytes(folder: Path) -> int:
    """Return the bytes that the files below a folder take that nothing else on the disk has too."""
    stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
