"""The journal: what was put on the disk last, so that after a power cut just that is read again.

A card may say that it has written what it has not (FAULTS 5). `store/.journal` has one line for each file
that was kept, oldest first: CRC-32 of the rest, SHA-256, bytes, path below the hub's directory. Its first
line names the boot in which all of them were known to be right. Lines that are torn are left out.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.durable import write_durably
from hub.library.parts import RECHECKED_BYTES

FILE = ".journal"
_BOOT = "boot"


@dataclass(frozen=True, slots=True)
class Kept:
    """One file that was put on the disk; `path` is relative to the hub's directory."""

    sha256: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What the journal says."""

    boot_id: str  # empty where it is not known
    kept: tuple[Kept, ...]


def read_journal(folder: Path) -> Journal:
    """Return the journal of the store in `folder`; what cannot be read of it is left out."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Journal("", ())
    boot_id, kept = "", []
    for words in _lines(text):
        if len(words) == 2 and words[0] == _BOOT:
            boot_id = words[1]
        elif len(words) == 3 and words[1].isdecimal():
            kept.append(Kept(words[0], int(words[1]), words[2]))
    return Journal(boot_id, tuple(kept))


def note_kept(folder: Path, boot_id: str, files: Iterable[Kept]) -> None:
    """Add files that are about to be kept; what lies further back than RECHECKED_BYTES is forgotten.

    Raises:
        OSError: the disk refuses.
    """
    before = read_journal(folder)
    added = {kept.path: kept for kept in files}
    kept = [one for one in before.kept if one.path not in added] + list(added.values())
    write_journal(folder, Journal(boot_id if not before.boot_id else before.boot_id, tuple(kept)))


def write_journal(folder: Path, journal: Journal) -> None:
    """Replace the journal by its newest lines.

    Raises:
        OSError: the disk refuses.
    """
    lines = [_line(_BOOT, journal.boot_id)]
    lines += [_line(one.sha256, str(one.size), one.path) for one in newest(journal.kept)]
    write_durably(folder / FILE, "".join(lines).encode())


def newest(kept: Iterable[Kept]) -> list[Kept]:
    """Return the last files, RECHECKED_BYTES of them and the one that goes beyond it, in their order."""
    found: list[Kept] = []
    size = 0
    for one in reversed(list(kept)):
        found.append(one)
        size += one.size
        if size >= RECHECKED_BYTES:
            break
    return found[::-1]


def _line(*words: str) -> str:
    text = " ".join(words)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        crc, _, rest = line.partition(" ")
        if crc == f"{zlib.crc32(rest.encode()):08x}":
            yield rest.split(" ", 2)
