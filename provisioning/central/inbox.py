"""The folder in which one hub leaves reports, in the depot or on a stick: it may hold anything."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from secrets import token_hex

from content_packs import depot
from content_packs.segment import MAX_SEGMENT_BYTES

MAX_FILES = 10_000  # looked at in one run: a flood of files must not hold up the other hubs
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a FIFO must not stop us


class Inbox:
    """Reads and removes files of one folder; follows no link, and so never leaves it."""

    def __init__(self, folder: int) -> None:
        self._folder = folder

    def list_names(self) -> list[str]:
        """Return at most MAX_FILES names of complete files; those being written begin with a full stop."""
        with os.scandir(self._folder) as entries:
            names = (entry.name for entry in entries if not entry.name.startswith("."))
            return sorted(islice(names, MAX_FILES))

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, at most one byte more than a segment may; None for what is no file."""
        try:
            descriptor = os.open(name, _FILE, dir_fd=self._folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENOENT):
                return None
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MAX_SEGMENT_BYTES + 1)

    def arrived_at(self, name: str) -> datetime | None:
        """Return when a file was written, by the clock of its disk; None for one that is gone."""
        with contextlib.suppress(OSError, OverflowError, ValueError):
            return datetime.fromtimestamp(os.lstat(name, dir_fd=self._folder).st_mtime, UTC)
        return None

    def clear(self, name: str, quarantine: Path) -> bool:
        """Put away what is no file: a link, a pipe or an empty folder is removed, a full folder moved.

        False where it stays, as on a stick, which is another disk, or without the right to touch it.
        """
        try:
            if not stat.S_ISDIR(os.lstat(name, dir_fd=self._folder).st_mode):
                os.unlink(name, dir_fd=self._folder)
                return True
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=self._folder)
                return True
            aside = quarantine / f"folder-{sha256(os.fsencode(name)).hexdigest()}-{token_hex(4)}"
            os.rename(name, aside, src_dir_fd=self._folder)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def sweep(self, before: datetime) -> None:
        """Remove uploads that were left unfinished; each counts against what this hub may leave."""
        with os.scandir(self._folder) as entries:
            names = [entry.name for entry in islice(entries, MAX_FILES) if entry.name.startswith(".")]
        for name in names:
            arrived_at = self.arrived_at(name)
            if arrived_at is not None and arrived_at < before:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=self._folder)

    def remove(self, name: str) -> None:
        """Remove a file or a link, and what an upload of it left beside it; one that is gone is fine."""
        with contextlib.suppress(OSError):
            os.unlink(f".{name}.tmp", dir_fd=self._folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)


@contextmanager
def open_inbox(root: Path, hub_id: str) -> Iterator[Inbox | None]:
    """Give the inbox of a hub below a depot or stick; None where there is none, or a link in its place.

    Raises:
        OSError: it cannot be opened.
    """
    with ExitStack() as stack:
        try:
            folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            for part in depot.inbox_dir(hub_id).split("/"):
                folder = os.open(part, _FOLDER, dir_fd=folder)
                stack.callback(os.close, folder)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                raise
            yield None
            return
        yield Inbox(folder)
