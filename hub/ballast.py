"""A file of no use but its room: on a full disk it is given up, so that a hub can still mend its state.

With not one byte free SQLite opens no database and no report is written: a sync could not even take away
what the office unassigned. The ballast counts as free, since it lies within what packs never fill.
"""

import os
import shutil
from contextlib import suppress

from content_packs.depot import MIB
from hub.settings import HubPaths, HubSettings

BALLAST_BYTES = 16 * MIB
_FULL_BYTES = 4 * MIB  # with less, the next write may be the one that fails


def settle(paths: HubPaths, settings: HubSettings) -> None:
    """Give the ballast up where this disk is full, and make it again where there is room; call it first.

    Raises:
        OSError: the disk cannot be looked at.
    """
    usage = shutil.disk_usage(paths.dir)
    reserve = settings.sync.reserve(usage.total)
    size = min(BALLAST_BYTES, reserve // 2)
    if usage.free < min(_FULL_BYTES, size):
        give_up(paths)
    elif not ballast_bytes(paths) and usage.free >= reserve:
        _make(paths, size)


def make_room(paths: HubPaths) -> None:
    """Give the ballast up where the next write may fail, for what has to go on: signing in, switching off."""
    with suppress(OSError):
        if shutil.disk_usage(paths.dir).free < _FULL_BYTES:
            give_up(paths)


def give_up(paths: HubPaths) -> None:
    """Make the room of the ballast free."""
    with suppress(OSError):  # then the disk refuses more than that, and who writes next says so
        paths.ballast.unlink(missing_ok=True)


def ballast_bytes(paths: HubPaths) -> int:
    """Return how much room the ballast takes."""
    try:
        return paths.ballast.stat().st_size
    except OSError:
        return 0


def _make(paths: HubPaths, size: int) -> None:
    """Reserve the room without writing it: a memory card wears out."""
    try:
        descriptor = os.open(paths.ballast, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
    except OSError:
        give_up(paths)
