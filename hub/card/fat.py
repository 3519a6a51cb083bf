"""The FAT partition: read as it is, written so that a power cut leaves the old file or the new."""

import os
from pathlib import Path

from content_packs.durable import write_durably
from hub.card.boot_partition import writable
from hub.school import find_name
from hub.school.decode import MAX_BYTES


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
