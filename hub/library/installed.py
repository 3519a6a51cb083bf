"""What is installed: read from disk, and kept as rows of `installed` so that pages need not read indexes."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from backports import zstd
from sqlite_utils import Database

from content_packs import depot
from content_packs.index import Index, read_index_json, unpack_index
from content_packs.kinds import KINDS
from content_packs.kinds.kind import InstalledTree
from content_packs.meta import PackMeta
from content_packs.owner import read_plain
from hub.settings import HubPaths
from hub.withdrawal import withdrawn

CURRENT = "current"
INDEX = depot.INDEX_NAME
FILES = "files"
EXTRAS = "extras"
_INDEX_LEVEL = 3
DAMAGED = "damaged"  # beside the index: the paths that `hub repair` took away, one a line


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """One pack that learners see."""

    pack: PackMeta
    details: dict[str, Any]
    dir: Path  # packs/<id>/<version>
    file_count: int
    size_bytes: int
    installed_at: str  # ISO 8601, UTC

    @property
    def content_dir(self) -> Path:
        """The pack's own files, as their author made them."""
        return self.dir / FILES

    @property
    def extras_dir(self) -> Path:
        """Files made at build, such as the text of PDFs."""
        return self.dir / EXTRAS

    @property
    def tree(self) -> InstalledTree:
        """The pack as its kind reads it."""
        return InstalledTree(self.pack, self.details, self.content_dir, self.extras_dir)


def list_packs(db: Database, paths: HubPaths) -> list[InstalledPack]:
    """Return what is installed, by title."""
    rows = db.query("select * from installed order by title, pack_id")
    return [_from_row(row, paths) for row in rows]


def list_lessons(db: Database, paths: HubPaths) -> list[InstalledPack]:
    """Return what is installed for learners, by title; the rest is for the hub itself."""
    return [pack for pack in list_packs(db, paths) if is_lesson(pack.pack.kind)]


def is_lesson(kind: str) -> bool:
    """Whether learners see packs of a kind; those of a kind from the future they do."""
    return kind not in KINDS or KINDS[kind].for_learners


def find_pack(db: Database, paths: HubPaths, pack_id: str) -> InstalledPack | None:
    """Return one installed pack, or None."""
    for row in db.query("select * from installed where pack_id = ?", [pack_id]):
        return _from_row(row, paths)
    return None


def _from_row(row: dict[str, Any], paths: HubPaths) -> InstalledPack:
    return InstalledPack(
        pack=PackMeta.from_dict(json.loads(row["meta"])),
        details=json.loads(row["details"]),
        dir=paths.packs / row["pack_id"] / str(row["version"]),
        file_count=row["file_count"],
        size_bytes=row["size_bytes"],
        installed_at=row["installed_at"],
    )


def record(db: Database, index: Index, *, now: datetime) -> None:
    """Note that this version is the current one."""
    row = {
        "pack_id": index.pack.id,
        "version": index.pack.version,
        "kind": index.pack.kind,
        "title": index.pack.title,
        "language": index.pack.language,
        "meta": json.dumps(index.pack.to_dict(), ensure_ascii=False),
        "details": json.dumps(dict(index.details), ensure_ascii=False),
        "file_count": len(index.files),
        "size_bytes": index.unpacked_bytes,
        "installed_at": now.isoformat(timespec="seconds"),
    }
    with withdrawn(_paths_of(db)):
        db.table("installed").upsert(row, pk="pack_id")


def forget(db: Database, pack_id: str) -> None:
    """Note that a pack is no longer installed."""
    with withdrawn(_paths_of(db)):
        db.table("installed").delete_where("pack_id = ?", [pack_id])


def _paths_of(db: Database) -> HubPaths:
    """Return the folder of the hub whose hub.db this is."""
    return HubPaths(Path(db.execute("pragma database_list").fetchone()[2]).parent)


def current_version(paths: HubPaths, pack_id: str) -> int | None:
    """Return the version that `current` points at, from disk; None where there is none."""
    folder = f"{paths.packs}/{pack_id}"  # as text: half the time of Path, for every file of a pack
    try:
        version = os.readlink(f"{folder}/{CURRENT}").rpartition("/")[2]  # noqa: PTH115
    except OSError:
        return None
    is_whole = version.isdecimal() and os.path.isfile(f"{folder}/{version}/{INDEX}")  # noqa: PTH113
    return int(version) if is_whole else None


def list_versions(paths: HubPaths, pack_id: str) -> list[int]:
    """Return the versions of a pack that lie whole on this disk, oldest first."""
    folder = paths.packs / pack_id
    return [v for v in list_trees(paths, pack_id) if not (folder / str(v) / DAMAGED).exists()]


def list_trees(paths: HubPaths, pack_id: str) -> list[int]:
    """Return the versions of a pack that have a tree on this disk, damaged ones too, oldest first."""
    folder = paths.packs / pack_id
    if not folder.is_dir():
        return []
    return sorted(int(v.name) for v in folder.iterdir() if v.name.isdecimal() and (v / INDEX).is_file())


def list_pack_ids(paths: HubPaths) -> Iterator[str]:
    """Yield the ids of the packs that have a folder on this disk."""
    if paths.packs.is_dir():
        yield from sorted(p.name for p in paths.packs.iterdir() if p.is_dir() and not p.name.startswith("."))


def read_installed_index(paths: HubPaths, pack_id: str, version: int) -> Index:
    """Read the index of a version on this disk; BadIndexError where it is damaged."""
    return read_index_json(read_installed_index_json(paths, pack_id, version), kinds=KINDS)


def pack_installed_index(index_json: bytes) -> bytes:
    """Return index.zst as this hub writes it: quickly, since it never travels."""
    return zstd.compress(index_json, _INDEX_LEVEL)


def read_installed_index_json(paths: HubPaths, pack_id: str, version: int) -> bytes:
    """Return the JSON of the index of a version on this disk; BadIndexError where it is damaged."""
    return unpack_index(read_plain(paths.packs / pack_id / str(version) / INDEX))
