"""Disks of a chosen size, as a stick or a full server has them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(place: Path, *, size_kb: int) -> Iterator[Path]:
    """Mount an empty disk of so many KiB at `place`, as root or by sudo."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    place.mkdir(parents=True, exist_ok=True)
    options = f"size={size_kb}k,mode=0777"
    subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run([*sudo, "umount", "--lazy", str(place)], check=True)


def fill(folder: Path, *, spare_kb: int) -> Path:
    """Fill the disk of `folder` up to so many KiB; return the file to delete for more room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - spare_kb * 1024))
    return filler


def make_read_only(place: Path) -> None:
    """Let nobody write to a mounted disk any more, root included."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*sudo, "mount", "-o", "remount,ro", str(place)], check=True)
