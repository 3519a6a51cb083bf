"""Write a cpio archive as the kernel unpacks it: "newc".

Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
"""

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_TRAILER = "TRAILER!!!"
_BLOCK_BYTES = 512  # of the whole archive, as GNU cpio pads it


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the archive; all belong to root. `mode` has its type bits, as in stat(2)."""

    path: str
    mode: int
    data: bytes = b""  # of a file; where a link leads
    device: tuple[int, int] = (0, 0)  # major and minor, of a device


def folder(path: str, permissions: int = 0o755) -> Entry:
    """Return a folder."""
    return Entry(path, stat.S_IFDIR | permissions)


def file(path: str, data: bytes, permissions: int = 0o644) -> Entry:
    """Return a regular file."""
    return Entry(path, stat.S_IFREG | permissions, data)


def link(path: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    """Return a character device."""
    return Entry(path, stat.S_IFCHR | permissions, device=(major, minor))


def write_archive(entries: Iterable[Entry], *, modified_at: int) -> bytes:
    """Return the archive: the same entries and time (seconds since 1970) always make the same bytes.

    The order is kept: a folder has to come before what lies in it.
    """
    members = [_member(entry, inode, modified_at) for inode, entry in enumerate(entries, start=1)]
    archive = b"".join([*members, _member(Entry(_TRAILER, 0), 0, 0)])
    return archive + bytes(-len(archive) % _BLOCK_BYTES)


def _member(entry: Entry, inode: int, modified_at: int) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    major, minor = entry.device
    # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    numbers = (inode, entry.mode, 0, 0, links, modified_at, len(entry.data), 0, 0, major, minor, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % number for number in numbers)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
