"""python -m support.install_once HUB DEPOT BUILT BOOT_ID: what a sync does for one pack, and nothing else.

A process of its own, so that a test can end it at any of its system calls.
"""

import sys
from pathlib import Path

from content_packs.built import open_built
from content_packs.transports.local import open_local
from hub.library.install import clear_staging, install
from hub.library.store import Store
from hub.settings import HubPaths
from hub.sync.fetch import fetch_parcels


def install_once(hub: Path, depot: Path, built_dir: Path, boot_id: str) -> None:
    """Fetch and install a built pack; `boot_id` is another one after a power cut."""
    paths, built = HubPaths(hub), open_built(built_dir)
    paths.packs.mkdir(parents=True, exist_ok=True)
    store = Store(paths.store, boot_id)
    for _ in store.adopt_earlier_boots():
        pass
    clear_staging(paths)
    with open_local(depot) as transport:
        fetch_parcels(built.index, transport, store, lambda _: None)
    install(paths, store, built.index, built.index_bytes)


if __name__ == "__main__":
    install_once(*map(Path, sys.argv[1:4]), sys.argv[4])
