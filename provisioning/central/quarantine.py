"""What lay in hubs' inboxes and is no report, kept for a person to look at: so much of each hub, and in all.

No hub pushes out what is of another: where it is too much in all, that hub gives which has most.
"""

import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from content_packs.durable import write_durably

MAX_OF_HUB = 40  # files, of at most 256 KiB each
MAX_IN_ALL = 400  # 100 MiB


class Quarantine:
    """One folder for each hub, the newest files of each. The caller holds the lock of `central ingest`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, hub_id: str) -> Path:
        """Return where things of a hub lie; it is made."""
        folder = self._folder / hub_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def keep(self, hub_id: str, data: bytes) -> None:
        """Keep what was in a file, under its hash."""
        write_durably(self.folder_of(hub_id) / sha256(data).hexdigest(), data, mode=0o600)
        self.trim_hub(hub_id)

    def trim_hub(self, hub_id: str) -> None:
        """Remove what is too much of one hub."""
        for path in _oldest_first(self.folder_of(hub_id))[:-MAX_OF_HUB]:
            _remove(path)

    def trim(self) -> None:
        """Remove what is too much in all."""
        hubs = self._folder.iterdir() if self._folder.is_dir() else ()
        kept = {folder.name: _oldest_first(folder) for folder in hubs if folder.is_dir()}
        for path in list_excess(kept, MAX_IN_ALL):
            _remove(path)


def list_excess(kept: Mapping[str, Sequence[Path]], at_most: int) -> list[Path]:
    """Return what has to go of what is kept, the oldest first: always of the hub that has most."""
    counts = {hub_id: len(paths) for hub_id, paths in kept.items()}
    for _ in range(sum(counts.values()) - at_most):
        counts[max(counts, key=lambda hub_id: counts[hub_id])] -= 1
    return [path for hub_id, paths in kept.items() for path in paths[: len(paths) - counts[hub_id]]]


def _oldest_first(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.lstat().st_mtime_ns)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
