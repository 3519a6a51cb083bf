"""Write one file into the FAT partition of an image, without mounting: mtools on a copy that stays sparse."""

import subprocess
from pathlib import Path

from content_packs.errors import (
    BadDataError,
    DiskFullError,
    LocalError,
    ProcessDownError,
    UsageError,
    local_error,
)

_SECTOR = 512
_FAT_TYPES = (0x0B, 0x0C, 0x0E)
_TIMEOUT_S = 600.0


def find_fat(image: Path) -> int:
    """Return where the FAT partition of an image begins, in bytes: the first partition of its MBR.

    Raises:
        UsageError: the image is packed. BadDataError: it is no card's image.
    """
    try:
        with image.open("rb") as file:
            sector = file.read(_SECTOR)
    except OSError as error:
        raise local_error(error, f"reading {image}") from error
    if image.suffix in (".xz", ".zip", ".gz"):
        raise UsageError(f"{image}: is packed", hint=f"Unpack it first: xz -dk {image.name}")
    entry = sector[446:462]
    if len(sector) < _SECTOR or sector[510:512] != b"\x55\xaa" or entry[4] not in _FAT_TYPES:
        raise BadDataError(
            f"{image}: no card's image: its first partition is not FAT", hint="Give the .img of `make image`."
        )
    return int.from_bytes(entry[8:12], "little") * _SECTOR


def copy_image(base: Path, target: Path) -> None:
    """Copy an image; what is empty in it takes no room in the copy, and on some disks nothing does.

    Raises:
        DiskFullError, LocalError: the disk refuses.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        _run("cp", "--sparse=always", "--reflink=auto", "--", str(base), str(temporary))
        temporary.replace(target)
    except OSError as error:
        raise local_error(error, f"writing {target}") from error
    finally:
        temporary.unlink(missing_ok=True)


def put_file(image: Path, offset: int, name: str, file: Path) -> None:
    """Put a file into the FAT partition at `offset`, instead of one of this name, and read it back.

    Raises:
        LocalError: mtools refuses, or other bytes came back.
    """
    where = f"{image}@@{offset}"
    _run("mcopy", "-o", "-i", where, str(file), f"::{name}")
    if _run("mtype", "-i", where, f"::{name}") != file.read_bytes():
        raise LocalError(f"{image}: {name} reads back otherwise than it was written", hint="Check this disk.")


def _run(*command: str) -> bytes:
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=_TIMEOUT_S)
    except FileNotFoundError as error:
        raise ProcessDownError(f"{command[0]} is missing", hint="apt-get install mtools") from error
    except subprocess.TimeoutExpired as error:
        raise LocalError(
            f"{command[0]}: not done after {_TIMEOUT_S:.0f} s", hint="Check the disk."
        ) from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()
        kind = DiskFullError if "No space" in told or "Disk full" in told else LocalError
        raise kind(f"{command[0]}: {told}", hint="Check the image and the room on the disk.")
    return done.stdout
