"""An installed filter, as the network's watcher finds it: files, and a row of hub.db."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from hub.db import open_db
from hub.settings import HubPaths


def install(
    hub: HubPaths,
    version: int,
    text: str,
    *,
    safe_search: Sequence[Mapping[str, str]] = (),
    domains: int | None = None,
    sha256: str = "",
) -> None:
    """Put version `version` of the filter "filter" on a hub; its index may lie."""
    pack_id = "filter"
    folder = hub.packs / pack_id / str(version) / "files"
    folder.mkdir(parents=True)
    data = text.encode()
    (folder / "domains.txt").write_bytes(data)
    details = {
        "domains": text.count("\n") if domains is None else domains,
        "sha256": sha256 or hashlib.sha256(data).hexdigest(),
        "safe_search": list(safe_search),
    }
    db = open_db(hub.db)
    row = {"pack_id": pack_id, "version": version, "kind": "filter", "details": json.dumps(details)}
    texts = dict.fromkeys(("title", "language", "meta", "installed_at"), "")
    db.table("installed").upsert(row | texts | {"file_count": 1, "size_bytes": 1}, pk="pack_id")
    db.close()
