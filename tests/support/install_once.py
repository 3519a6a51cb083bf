"""What a sync does for one pack, and nothing else, in processes that a test can end at any system call.

`python -m support.install_once HUB DEPOT BUILT BOOT_ID` has all modules loaded and waits. For each line it
forks a process, says its number, and after one more line that process installs; then it says how it ended.
"""

import os
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


def _install_in_a_fork(hub: Path, depot: Path, built_dir: Path, boot_id: str) -> int:
    """Return how the process ended: 0, an exit code, or minus the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        _next_line()
        install_once(hub, depot, built_dir, boot_id)
        os._exit(0)
    print(pid, flush=True)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _next_line() -> bytes:
    """Read a line and not a byte more: what follows may be for another process."""
    line = b""
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return line + byte


if __name__ == "__main__":
    while _next_line():
        print(_install_in_a_fork(*map(Path, sys.argv[1:4]), sys.argv[4]), flush=True)
