"""An installed filter, as the network's watcher finds it: files, and a row of hub.db."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hub.db import open_db
from hub.settings import HubPaths

_FILES = {
    "domains.txt": ("domains", "sha256"),
    "lesson.txt": ("lesson", "lesson_sha256"),
    "allow.txt": ("allowed", "allowed_sha256"),
}


def install(
    hub: HubPaths, version: int, text: str, *, lesson: str = "", allow: str = "", **details: object
) -> None:
    """Put version `version` of the filter "filter" on a hub; `details` are what its index says, or lies."""
    pack_id = "filter"
    folder = hub.packs / pack_id / str(version) / "files"
    folder.mkdir(parents=True)
    said: dict[str, Any] = {
        "lesson_time": "mon-fri 08:30-15:00" if lesson else "",
        "strict_search": True,
        "safe_search": [],
        "categories": [],
    }
    for (name, (count, sha256)), lines in zip(_FILES.items(), (text, lesson, allow), strict=True):
        data = lines.encode()
        if data or name == "domains.txt":
            (folder / name).write_bytes(data)
        said |= {count: lines.count("\n"), sha256: hashlib.sha256(data).hexdigest()}
    db = open_db(hub.db)
    row = {"pack_id": pack_id, "version": version, "kind": "filter", "details": json.dumps(said | details)}
    texts = dict.fromkeys(("title", "language", "meta", "installed_at"), "")
    db.table("installed").upsert(row | texts | {"file_count": 1, "size_bytes": 1}, pk="pack_id")
    db.close()


def in_use(files: Mapping[str, str], sort: str, kept: Any) -> str:
    """Return what dnsmasq reads of a list of one sort."""
    return str(kept.names_file(sort, files[sort]).read_text(encoding="ascii"))
