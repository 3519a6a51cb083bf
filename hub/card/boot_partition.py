"""The boot partition, which is FAT and read-only but for the moment of a write.

A power cut in that moment leaves the old file or the new.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from content_packs.durable import locked, sync_filesystem, write_durably
from content_packs.errors import LocalError
from hub.card.places import CardPlaces
from hub.school import find_name
from hub.school.decode import MAX_BYTES

BOOT_DIR = CardPlaces().boot
_LOCK = Path("/run/hub-boot-partition.lock")


@contextmanager
def writable(boot_dir: Path = BOOT_DIR) -> Iterator[None]:
    """Let a block write to the boot partition; one process at a time. A writable folder stays as it is.

    Raises:
        LocalError: it cannot be made writable.
    """
    if not os.statvfs(boot_dir).f_flag & os.ST_RDONLY:
        yield
        sync_filesystem(boot_dir)
        return
    with locked(_LOCK, doing="writing to the boot partition", wait=True):
        _remount(boot_dir, "rw")
        try:
            yield
            sync_filesystem(boot_dir)
        finally:
            _remount(boot_dir, "ro")


def _remount(boot_dir: Path, mode: str) -> None:
    done = subprocess.run(
        ["mount", "-o", f"remount,{mode}", boot_dir], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise LocalError(
            f"{boot_dir}: cannot be mounted {mode}: {done.stderr.strip()}",
            hint="Look at the card in another computer; Windows' own check may mend its first partition.",
        )


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
    return True
