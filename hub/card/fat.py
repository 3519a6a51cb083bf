"""The FAT partition: read as it is, written so that a power cut leaves the old file or the new."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from content_packs.durable import sync_filesystem, write_durably
from content_packs.errors import LocalError
from hub.school import find_name
from hub.school.decode import MAX_BYTES

_MOUNT_TIMEOUT_S = 30.0


def read_school_config(boot: Path) -> tuple[Path, bytes] | None:
    """Return the school config on the partition, whatever Windows named it; None: there is none.

    Raises:
        OSError: the partition cannot be read.
    """
    name = find_name(entry.name for entry in os.scandir(boot) if entry.is_file())
    if name is None:
        return None
    with (boot / name).open("rb") as file:
        return boot / name, file.read(MAX_BYTES * 8)  # zeros at its end count for nothing


def write_fat(path: Path, data: bytes) -> bool:
    """Replace a file of the partition, unless it says this already; whether it was written.

    Raises:
        OSError: the partition cannot be written.
        LocalError: it cannot be mounted for writing.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    with writable(path.parent):
        write_durably(path, data)
        sync_filesystem(path.parent)
    return True


@contextmanager
def writable(boot: Path) -> Iterator[None]:
    """Let the partition be written inside, where it is mounted read-only.

    Raises:
        LocalError: it cannot be mounted for writing.
    """
    if not os.statvfs(boot).f_flag & os.ST_RDONLY:
        yield
        return
    _remount(boot, "rw")
    try:
        yield
    finally:
        _remount(boot, "ro")


def _remount(boot: Path, how: str) -> None:
    command = ["mount", "-o", f"remount,{how}", str(boot)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_MOUNT_TIMEOUT_S)
    except (subprocess.SubprocessError, OSError) as error:
        told = (getattr(error, "stderr", "") or str(error)).strip()
        raise LocalError(
            f"{boot}: cannot be mounted {how}: {told}", hint="Check the card on a PC."
        ) from error
