"""What is on a stick: a depot with packs for this hub, backups. Nothing on it is believed unchecked."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from heapq import nlargest
from pathlib import Path
from typing import Any

from content_packs import depot
from content_packs.errors import BusyError, Error
from content_packs.owner import read_plain
from hub import sticks
from hub.backup.make import SUFFIX
from hub.backup.restore import peek
from hub.jobvalues import check_file
from hub.runner.task import Machine
from hub.settings import HubPaths
from hub.sticks import FoundBackup, OfferedPack, Stick
from hub.wording import later

BACKUPS = "hub-backups"  # a folder on the stick; a backup beside it is found as well
_MAX_BACKUPS = 50
_MAX_NAMES = 200  # of files that may be one
_OFFERED = ("install", "replace", "activate", "waiting", "needs-space")


def look(paths: HubPaths, machine: Machine, stick: Stick) -> Stick:
    """Return the stick with what is on it; what goes wrong with the depot is its message."""
    mount = Path(stick.mount)
    try:
        usage = shutil.disk_usage(mount)
    except OSError as error:
        return replace(
            stick,
            state=sticks.FAILED,
            message=later("This stick cannot be read: %(error)s."),
            hint=later("Pull it out, plug it in again; if it stays so, take another."),
            values={"error": error.strerror or str(error)},
        )
    seen = replace(
        stick,
        state=sticks.READY,
        size_bytes=usage.total,
        free_bytes=usage.free,
        has_depot=_has_depot(mount),
        backups=tuple(_list_backups(mount)),
        packs=(),
        message="",
        hint="",
        values={},
    )
    return _with_packs(paths, machine, seen) if seen.has_depot else seen


def _has_depot(mount: Path) -> bool:
    try:
        said = read_plain(mount / depot.FORMAT_PATH, 100)
        return said.startswith(depot.FORMAT_TEXT.rsplit(b" ", 1)[0])
    except OSError:
        return False


def _with_packs(paths: HubPaths, machine: Machine, stick: Stick) -> Stick:
    """Ask the sync what it would take from here: only that is signed for this hub."""
    words = ("sync", "--from", stick.mount, "--dry-run", "--json", "--no-neighbours")
    try:
        said = machine.run_hub(paths, *words)
    except BusyError:
        waiting = later("A sync is running; what is new on this stick shows when you look again.")
        return replace(stick, message=waiting)
    except Error as error:
        return replace(
            stick,
            message=later("The packs on this stick cannot be used: %(error)s."),
            hint=later("Tell the office; the stick may be for another school."),
            values={"error": error.message.rstrip(".")},
        )
    offered = tuple(_offered(action) for action in said.get("plan", []) if _is_new(action))
    if offered:
        return replace(stick, packs=offered)
    return replace(stick, message=later("Everything on this stick is here already."))


def _is_new(action: dict[str, Any]) -> bool:
    return action["action"] in _OFFERED


def _offered(action: dict[str, Any]) -> OfferedPack:
    return OfferedPack(
        action["pack"], action["version"], action["from_version"] or 0, action["download_bytes"]
    )


def _list_backups(mount: Path) -> Iterator[FoundBackup]:
    count = 0
    for folder in (mount / BACKUPS, mount):
        for name in _names(folder):
            path = folder / name
            if count < _MAX_BACKUPS and not path.is_symlink() and path.is_file():
                try:
                    header, size = peek(path), path.stat().st_size
                except (Error, OSError):
                    continue
                count += 1
                yield FoundBackup(name, header.hub_id, header.school, header.taken_at, size, header.is_sealed)


def _names(folder: Path) -> list[str]:
    """Return names of backups, of one hub the newest first; of a million files on a stick only some."""
    try:
        with os.scandir(folder) as entries:
            fitting = (e.name for e in entries if e.name.endswith(SUFFIX) and not check_file(e.name))
            return nlargest(_MAX_NAMES, fitting)
    except OSError:
        return []


def find_backup(mount: Path, name: str) -> Path | None:
    """Return where a backup of that name lies on a stick."""
    places = (mount / BACKUPS / name, mount / name)
    return next((path for path in places if path.is_file() and not path.is_symlink()), None)
