"""Pipes in the hub's folder: whoever opens one waits for ever, and the start of the card with it.

The portal's account may put anything where its files lie; what a start reads there has to be a file.
"""

import stat
from collections.abc import Iterator
from pathlib import Path

from hub.settings import HubPaths


def remove_pipes(paths: HubPaths) -> list[str]:
    """Remove what a start would wait for, and links to such, as the account that owns the folder.

    Returns the names of what was removed; those who read find a file missing, and make it again or say so.
    """
    if not paths.dir.is_dir():
        return []
    removed = [path for path in _list_doomed(paths) if _remove(path)]
    return sorted(str(path.relative_to(paths.dir)) for path in removed)


def _list_doomed(paths: HubPaths) -> Iterator[Path]:
    yield from filter(_is_no_file, paths.dir.iterdir())
    for folder in (paths.key.parent, paths.trust, paths.spare, paths.lock("any").parent):
        if folder.is_symlink():  # such as to /: looking through all of that would take a start minutes
            yield folder
        elif folder.is_dir():
            yield from filter(_is_no_file, folder.iterdir())


def _is_no_file(path: Path) -> bool:
    try:
        mode = path.stat().st_mode  # of a link, what it leads to
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _remove(path: Path) -> bool:
    """Whether it could be removed; what could not hides no other."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
