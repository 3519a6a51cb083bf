"""The lists of a filter as dnsmasq reads them: written from a pack's files, and looked up again by name.

A line is `address=/bad.example/198.51.100.2 #a`, in the order of the pack's list; the letter is the category.
"""

import errno
import hashlib
import mmap
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from content_packs.blocklist import MAX_LINE, WrongLineError, is_below, order_of
from content_packs.durable import fsync_dir
from hub.network.lan import BLOCKED
from hub.network.paths import NetworkPaths
from hub.network.safe import ANSWERED

_HEAD, _ALLOW_HEAD, _ALLOW_END = "address=/", "server=/", "/#\n"
_ADDRESS = str(BLOCKED)


@dataclass(frozen=True, slots=True)
class Written:
    """What a list of a pack became: its lines and hash as they were read, the hash of the file made of it."""

    count: int
    read_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The line of a list that a name falls under, and the letter of its category."""

    name: str
    letter: str


def blocked_line(name: str, letter: str) -> str:
    """Return what makes dnsmasq lead a name, and all below it, to the page that says so."""
    return f"{_HEAD}{name}/{_ADDRESS} #{letter}\n"


def allowed_line(name: str, _: str = "") -> str:
    """Return what makes dnsmasq look a name up outside, whatever it lies below."""
    return f"{_ALLOW_HEAD}{name}{_ALLOW_END}"


@dataclass
class HubFile:
    """A file of the hub's own account, read line by line and hashed; whoever reads it is root."""

    path: Path
    owner: int

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hash of what was read up to now."""
        return self._digest.hexdigest()

    def lines(self) -> Iterator[str]:
        """Yield the lines, cut where none may be so long.

        Raises:
            WrongLineError: this is no regular file of the hub; a link could lead anywhere.
        """
        with self._open() as opened:
            while line := opened.readline(MAX_LINE + 1):
                self._digest.update(line.encode("utf-8"))
                yield line

    def _open(self) -> TextIO:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise WrongLineError(f"{self.path.name} is no file of this hub") from error
        found = os.fstat(descriptor)
        if found.st_uid != self.owner or not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise WrongLineError(f"{self.path.name} is no file of this hub")
        return os.fdopen(descriptor, encoding="ascii", errors="replace", newline="\n")


def write_names(
    paths: NetworkPaths, sort: str, file: HubFile, entries: Iterable[tuple[str, str]], own: tuple[str, ...]
) -> Written:
    """Write a list of one sort under the name of its hash; it was read whole and right, or nothing is there.

    Names that the hub always answers itself are left out: dnsmasq would give two answers.

    Raises:
        WrongLineError: a line is not right, or a name is the hub's own.
    """
    line_of = allowed_line if sort == "allow" else blocked_line
    paths.kept.mkdir(parents=True, exist_ok=True)
    part = paths.kept / f"names-{sort}.part"
    digest, count = hashlib.sha256(), 0
    few = {_tail(name) for name in (*own, *ANSWERED)}  # half a million names are not compared with each
    with part.open("w", encoding="ascii") as out:
        for name, letter in entries:
            count += 1
            if _tail(name) in few:
                if any(is_below(name, mine) for mine in own):
                    raise WrongLineError(f"{name} is this hub's own name")
                if any(is_below(name, answered) for answered in ANSWERED):
                    continue
            line = line_of(name, letter)
            digest.update(line.encode())
            out.write(line)
        out.flush()
        os.fsync(out.fileno())
    part.chmod(0o644)
    part.replace(paths.names_file(sort, digest.hexdigest()))
    fsync_dir(paths.kept)
    return Written(count, file.sha256, digest.hexdigest())


def _tail(name: str) -> str:
    return ".".join(name.rsplit(".", 2)[-2:])


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a list is still what was written: dnsmasq would not start with a damaged one. Read once."""
    try:
        found = path.stat()
        return _hash(path, found.st_mtime_ns, found.st_size, found.st_ino) == sha256
    except OSError:
        return False


@lru_cache(maxsize=8)
def _hash(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_blocked(path: Path, name: str) -> Blocked | None:
    """Return the line of a list that `name` is, or lies below; None where none is, or the list is not there.

    None of a list is below another, so the last line that is not after the name is the only one to look at.
    """
    wanted = order_of(name)
    try:
        with path.open("rb") as file, closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as data:
            found = _last_not_after(data, wanted)
    except (OSError, ValueError):  # ValueError: an empty file
        return None
    return found if found is not None and is_below(name, found.name) else None


def _last_not_after(data: mmap.mmap, wanted: str) -> Blocked | None:
    low, high = 0, len(data)  # begins of lines, or the end
    found = None
    while low < high:
        begin = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = data.find(b"\n", begin) + 1 or len(data)
        entry = _parse(data[begin:end].decode("ascii", "replace"))
        if order_of(entry.name) <= wanted:
            found, low = entry, end
        else:
            high = begin
    return found


def _parse(line: str) -> Blocked:
    name, _, rest = line.partition("=/")[2].partition("/")
    return Blocked(name, rest.strip()[-1:] if rest.startswith(_ADDRESS) else "")
