"""A hub's library for tests of the search: packs put on the disk and recorded, with no depot and no sync."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from content_packs.index import Index
from content_packs.meta import PackMeta
from hub.db import open_db
from hub.library import installed
from hub.settings import HubPaths

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_PAGE = (
    "<!doctype html><html lang='{language}'><meta charset=utf-8><title>{title}</title><p>{body}</p></html>"
)


def page(title: str, body: str, *, language: str = "uk") -> str:
    """Return a small HTML page."""
    return _PAGE.format(title=title, body=body, language=language)


def put_pack(paths: HubPaths, pages: Mapping[str, str], **fields: object) -> Path:
    """Install a web pack of these pages; returns its version's folder."""
    values = {"id": "lesson", "version": 1, "kind": "web", "title": "Зошит", "language": "uk"} | fields
    pack = PackMeta.from_dict({"licence": "CC-BY-4.0", "entry": "index.html"} | values)
    folder = paths.packs / pack.id / str(pack.version)
    for name, text in pages.items():
        target = folder / installed.FILES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    record(paths, pack)
    return folder


def put_folder(paths: HubPaths, folder: Path, **fields: object) -> None:
    """Install an existing folder as a pack, by a link to it."""
    pack = PackMeta.from_dict({"version": 1, "language": "uk", "licence": "CC-BY-4.0"} | fields)
    link = paths.packs / pack.id / str(pack.version) / installed.FILES
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder)
    record(paths, pack)


def record(paths: HubPaths, pack: PackMeta) -> None:
    """Note in hub.db that a pack is installed."""
    with closing(open_db(paths.db)) as db:
        installed.record(db, Index(pack, ()), now=NOW)


def remove_pack(paths: HubPaths, pack_id: str) -> None:
    """Note in hub.db that a pack is no longer installed."""
    with closing(open_db(paths.db)) as db:
        installed.forget(db, pack_id)
