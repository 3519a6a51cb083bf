"""Pipes in the hub's folder: whoever opens one waits for ever, and the start of the card with it.

The portal's account may put anything where its files lie; what a start reads there has to be a file.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hub.settings import HubPaths


def remove_pipes(paths: HubPaths) -> list[str]:
    """Remove what a start would wait for, and links to such, as the account that owns the folder.

    Returns the names of what was removed; those who read find a file missing, and make it again or say so.
    """
    removed = []
    for path in _read_at_a_start(paths):
        try:
            mode = path.stat().st_mode  # of a link, what it leads to
        except OSError:
            continue
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path.unlink(missing_ok=True)
            removed.append(str(path.relative_to(paths.dir)))
    return sorted(removed)


def _read_at_a_start(paths: HubPaths) -> Iterator[Path]:
    if not paths.dir.is_dir():
        return
    yield from paths.dir.iterdir()
    for folder in (paths.key.parent, paths.trust, paths.spare):
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in names)
