"""Folders on the memory disk, which a restart of the portal outlives, a reboot empties, and anybody may fill.

private   of one hub, under the same name after a restart; used only where it is the hub's own
public    for nginx, under a name that nobody can guess, new at each start; a link tells where it is
"""

import os
import shutil
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

from hub.settings import HubPaths

DISK = Path("/dev/shm")  # noqa: S108 - tmpfs; the folders below it are ours alone
_PUBLIC = "hub-pages-"


def has_disk() -> bool:
    """Whether this machine has a memory disk."""
    return DISK.is_dir()


def private_folder(paths: HubPaths, uid: int | None = None) -> Path:
    """Return the private folder of one hub, which may not be there yet; `uid`: who runs the hub."""
    digest = sha256(os.fsencode(paths.dir)).hexdigest()[:16]
    return DISK / f"hub-{os.geteuid() if uid is None else uid}-{digest}"


def make_private(folder: Path) -> None:
    """Make a private folder.

    Raises:
        OSError: the memory refuses, or somebody else has made it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    check_private(folder)


def check_private(folder: Path) -> None:
    """Raise PermissionError where somebody else made the folder, FileNotFoundError where nobody did."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(1, "belongs to somebody else", str(folder))


def make_public() -> Path:
    """Make a new folder that all may read; raises OSError where the memory refuses."""
    folder = Path(tempfile.mkdtemp(prefix=_PUBLIC, dir=DISK))
    folder.chmod(0o755)
    return folder


def delete_public(folder: Path) -> None:
    """Delete a public folder as far as it can be; anything else stays."""
    if folder.parent == DISK and folder.name.startswith(_PUBLIC):
        shutil.rmtree(folder, ignore_errors=True)
