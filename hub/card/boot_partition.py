"""The boot partition, which is read-only but for the moment of a write."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from content_packs.durable import locked, sync_filesystem
from content_packs.errors import LocalError

BOOT_DIR = Path("/boot/firmware")
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
