"""What root does in a folder of another account it does with that account's rights.

Whoever took that account over may put links anywhere in its folder, such as the hub's or the office's; so
followed, they lead no further than the account itself reaches, and what root makes there is the account's:
SQLite makes files beside a database, and root's would lock its owner out. Where we are not root, or the
folder is root's, nothing changes.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Be the owner of `folder` for files that are opened meanwhile. For the whole process: no other thread
    may count on being root. Within another `as_owner`, nothing changes.

    Raises:
        OSError: there is no such folder, or this process may not change its account: then nothing was done.
    """
    owner = folder.lstat()
    if owner.st_uid == 0:
        owner = folder.stat()  # a link of root's own, such as one to a larger disk
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    try:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def read_plain(path: Path, most: int = -1) -> bytes:
    """Return what a file holds, or its first bytes, that somebody else put there: a pipe would wait for ever.

    Raises:
        OSError: it is missing, may not be read, or is no file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no file", str(path))
        return file.read(most)
