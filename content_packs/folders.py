"""Folders that appear only whole: made beside their place, then put there by a rename."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder that becomes `target` where the block ends without an error.

    An older `target` stays until then. Several processes may do so at once: the last one wins.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".packs-", dir=target.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()  # with the rights of any folder; those of `scratch` are for one person
        yield new
        _swap(new, target, Path(scratch) / "old")


def _swap(new: Path, target: Path, aside: Path) -> None:
    with _folder_lock(target.parent):
        try:
            if target.exists():
                target.rename(aside)
            new.rename(target)
        except BaseException:
            if aside.exists() and not target.exists():
                aside.rename(target)
            raise


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
