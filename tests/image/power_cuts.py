"""Cut the power at any flush of a run that is over: replay what QEMU's `blklogwrites` wrote down.

    python -m tests.image.power_cuts BASE.raw LOG --partition 4 --points 200 --work FOLDER

BASE is the card as it was when the run began. Killing QEMU is no power cut: the host keeps what the
guest never flushed. Here a cut at a flush keeps what was flushed, and of what came after it a random
part, in any order, as a card does. Then e2fsck and SQLite say whether what is left is whole.

The log is in the format of the kernel's dm-log-writes (drivers/md/dm-log-writes.c).
"""

import argparse
import random
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.card import SECTOR, read_table

_MAGIC = 0x6A736677736872
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8


class NotWholeError(AssertionError):
    """After a cut, something is not as it has to be."""


@dataclass(frozen=True, slots=True)
class Write:
    """One request of the log, in bytes; where the log ends after it."""

    offset: int
    size: int
    flags: int
    data_at: int
    end: int

    @property
    def is_flush(self) -> bool:
        """Whether what came before it is safe from here on."""
        return bool(self.flags & (_FLUSH | _FUA))


def read_log(log: Path) -> list[Write]:
    """Return what the log holds; QEMU counts its entries only now and then, so its end is where they end."""
    with log.open("rb") as file:
        magic, version, _, sector = _SUPER.unpack(file.read(_SUPER.size))
        assert (magic, version) == (_MAGIC, 1), f"{log} is no log of blklogwrites"
        writes, at, length = [], sector, log.stat().st_size
        while at + sector <= length:
            file.seek(at)
            place, count, flags, extra = _ENTRY.unpack(file.read(_ENTRY.size))
            if (place, count, flags, extra) == (0, 0, 0, 0):
                break
            bare = flags & (_DISCARD | _MARK)
            end = at + sector + (0 if bare else count * sector)
            writes.append(Write(place * sector, count * sector, flags, at + sector, end))
            at = end
    return writes


def points_of(writes: Sequence[Write], count: int) -> list[int]:
    """Return where to cut: so many flushes, evenly over the run, each as the number of writes before it."""
    flushes = [number for number, write in enumerate(writes, start=1) if write.is_flush]
    step = max(1, len(flushes) / count)
    return [flushes[int(step * number)] for number in range(min(count, len(flushes)))]


def replay(base: Path, log: Path, points: Sequence[int], *, seed: int = 0) -> Iterator[tuple[int, Path]]:
    """Bring `base` to each point in turn and lend it, cut there: (point, a file that may be changed).

    Of the writes between a point and the next flush, a random part has reached the card.
    """
    writes, chance = read_log(log), random.Random(seed)
    cut = base.with_suffix(".cut")
    done = 0
    with log.open("rb") as source:
        for point in points:
            _apply(base, source, writes[done:point])
            done = point
            pending = []
            for write in writes[point:]:
                if write.is_flush:
                    break
                pending.append(write)
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", base, cut], check=True)
            _apply(cut, source, [write for write in pending if chance.random() < 0.5])
            yield point, cut
    cut.unlink(missing_ok=True)


def _apply(card: Path, source, writes: Sequence[Write]) -> None:
    with card.open("r+b") as target:
        for write in writes:
            if write.flags & (_DISCARD | _MARK) or not write.size:
                continue
            source.seek(write.data_at)
            target.seek(write.offset)
            target.write(source.read(write.size))


def check_partition(card: Path, number: int, folder: Path) -> Path:
    """Mend the file system of a partition as a start does, copy its files to `folder` and return that.

    Raises:
        NotWholeError: e2fsck -p cannot mend it by itself, or finds faults after it did.
    """
    with card.open("rb") as file:
        part = read_table(file.read(SECTOR))[number - 1]
    data = card.with_suffix(".part")
    blocks = ["bs=1M", "conv=sparse", f"skip={part.start >> 20}", f"count={part.size >> 20}", "status=none"]
    subprocess.run(["dd", f"if={card}", f"of={data}", *blocks], check=True)
    for words, allowed in (("-p", 3), ("-fn", 0)):
        done = subprocess.run(["e2fsck", words, data], capture_output=True, text=True, check=False)
        if done.returncode > allowed:
            raise NotWholeError(
                f"e2fsck {words}: expected at most {allowed}, got {done.returncode}: {done.stdout}"
            )
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    subprocess.run(["debugfs", "-R", f"rdump / {folder}", data], check=True, capture_output=True)
    data.unlink()
    return folder


def check_databases(folder: Path) -> int:
    """Let SQLite check each database below `folder`; return how many there are.

    Raises:
        NotWholeError: one has a fault.
    """
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".db", ".sqlite3")]
    for path in found:
        db = sqlite3.connect(path)
        try:
            said = [row[0] for row in db.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            raise NotWholeError(f"{path.relative_to(folder)}: {error}") from error
        finally:
            db.close()
        if said != ["ok"]:
            raise NotWholeError(f"{path.relative_to(folder)}: integrity_check says {said[:3]}")
    return len(found)


def cut_everywhere(
    base: Path, log: Path, folder: Path, *, partition: int, points: int, look: Callable[[Path, int], None]
) -> int:
    """Cut at so many points; `look` gets the files that are left and where in the log the cut was.

    Returns how many cuts there were. `base` is changed.
    """
    writes = read_log(log)
    cuts = points_of(writes, points)
    for point, card in replay(base, log, cuts):
        files = check_partition(card, partition, folder)
        check_databases(files)
        look(files, writes[point - 1].end)
    return len(cuts)


def main() -> None:
    """Replay a log and say what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.image.power_cuts", description=(__doc__ or "")[:80]
    )
    parser.add_argument("base", type=Path, help="the card when the run began, raw; it is changed")
    parser.add_argument("log", type=Path)
    parser.add_argument("--partition", type=int, default=4)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--work", type=Path, required=True, help="a folder of its own for what is looked at")
    given = parser.parse_args()
    try:
        count = cut_everywhere(
            given.base, given.log, given.work / "files", partition=given.partition, points=given.points,
            look=lambda _files, _end: None,
        )  # fmt: skip
    except NotWholeError as error:
        sys.exit(f"not whole after a cut: {error}")
    print(f"{count} cuts, every one whole")


if __name__ == "__main__":
    main()
