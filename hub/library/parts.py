"""A large file that is being put together: its slices come in any order, and after a power cut.

    <sha256>.part   the bytes, each where it belongs; what has not come yet is a hole
    <sha256>.map    the slice under way and how much of it is there, then the right slices, as they came

A slice that the map names was hashed. After a power cut only the last RECHECKED_BYTES of them are hashed
again, with what lies in the part beyond the map: a large part is not read as a whole at each boot.
"""

import errno
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from content_packs.depot import MIB, SLICE_BYTES

RECHECKED_BYTES = 64 * MIB  # what a card may have lost though it said that it had it: FAULTS 5
_RECHECKED_SLICES = RECHECKED_BYTES // SLICE_BYTES
_SYNCED_SLICES = 32  # after so many the data is flushed, so what is lost lies within the rechecked
_RECORD = struct.Struct(">III")  # slice, bytes of it that are there, CRC-32 of both
_MAP = ".map"
_PAGE_BYTES = 4096


class SlicedPart:
    """The part file of one large file; not shared by two processes."""

    def __init__(self, path: Path, size: int, slices: tuple[str, ...], *, unsure: bool = False) -> None:
        """Open or make the part at `path`; `unsure`: it comes from before a power cut."""
        self.path, self.size, self.slices = path, size, slices
        self._map = map_path(path)
        self.good: set[int] = set()
        self._resumed = False  # the slice under way began in an earlier run
        self._slice, self._filled = -1, 0
        self._digest = hashlib.sha256()
        self._unsynced = 0
        self._file: BinaryIO | None = None
        self._records: BinaryIO | None = None
        self._recover(unsure=unsure)

    @property
    def is_whole(self) -> bool:
        """Whether every slice is there and right."""
        return len(self.good) == len(self.slices)

    def length_of(self, number: int) -> int:
        """Bytes of one slice; the last may be short."""
        return min(SLICE_BYTES, self.size - number * SLICE_BYTES)

    def missing(self, *, but: frozenset[int] = frozenset()) -> Iterator[tuple[int, int]]:
        """Yield (offset, length) of each run of bytes to fetch, slices of `but` left out.

        The slice that is under way comes first, so that its state is not lost by beginning another.
        """
        wanted = [n for n in range(len(self.slices)) if n not in self.good and n not in but]
        if self._filled and self._slice in wanted:
            at = wanted.index(self._slice)
            wanted = wanted[at:] + wanted[:at]
        runs: list[list[int]] = []
        for number in wanted:
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        for run in runs:
            begun = self._filled if run[0] == self._slice else 0
            start = run[0] * SLICE_BYTES + begun
            yield start, run[-1] * SLICE_BYTES + self.length_of(run[-1]) - start

    def write(self, offset: int, data: bytes | memoryview) -> list[int]:
        """Take bytes: from a start of `missing` on, in order, or whole slices; return the wrong slices.

        A wrong slice is missing again. One whose beginning is of an earlier run is not returned: that may
        have been damaged here.
        """
        wrong = []
        view = memoryview(data)
        while view:
            number, inside = divmod(offset, SLICE_BYTES)
            step = view[: self.length_of(number) - inside]
            if not self._take(number, inside, step):
                wrong.append(number)
            offset += len(step)
            view = view[len(step) :]
        return wrong

    def _take(self, number: int, inside: int, step: memoryview) -> bool:
        if len(step) == self.length_of(number):  # the slice under way, another one, is left as it is
            right = hashlib.sha256(step).hexdigest() == self.slices[number]
            if right:
                self._write_at(number * SLICE_BYTES, step)
                self._keep(number)
            if right and number == self._slice:
                self._leave()
            return right
        if (number, inside) != (self._slice, self._filled):
            self._begin(number, inside)
        self._write_at(number * SLICE_BYTES + inside, step)
        self._digest.update(step)
        self._filled += len(step)
        if self._filled < self.length_of(number):
            self._note(0, number, self._filled)
            return True
        right = self._digest.hexdigest() == self.slices[number]
        if right:
            self._keep(number)
        excused = self._resumed
        self._leave()
        return right or excused

    def _begin(self, number: int, inside: int) -> None:
        assert inside == 0, "a slice is written from its start"  # noqa: S101
        self._slice, self._filled, self._resumed = number, 0, False
        self._digest = hashlib.sha256()

    def _leave(self) -> None:
        """Have no slice under way."""
        self._slice, self._filled, self._resumed = -1, 0, False
        self._note(0, 0, 0)

    def _keep(self, number: int) -> None:
        if self._unsynced >= _SYNCED_SLICES:
            os.fdatasync(self._part().fileno())
            self._unsynced = 0
        self._unsynced += 1
        self.good.add(number)
        self._log().seek(0, os.SEEK_END)
        self._log().write(_pack(number, self.length_of(number)))

    def _note(self, at: int, number: int, filled: int) -> None:
        self._log().seek(at)
        self._log().write(_pack(number, filled))

    def hash(self) -> str:
        """Return the SHA-256 of the whole file."""
        self.close()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def recheck(self) -> bool:
        """Hash every slice again; return whether one was wrong, which is missing now."""
        self.close()
        wrong = {number for number in self.good if not self._is_right(number)}
        self.good -= wrong
        self._write_map(0, 0, sorted(self.good))
        return bool(wrong)

    def forget(self) -> None:
        """Drop everything that came."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._map.unlink(missing_ok=True)
        self.good.clear()
        self._slice, self._filled = -1, 0

    def close(self) -> None:
        """Let go of the files; the next write opens them again."""
        for file in (self._file, self._records):
            if file is not None:
                file.close()
        self._file = self._records = None

    def _part(self) -> BinaryIO:
        if self._file is None:
            self.path.touch(mode=0o644)
            self._file = self.path.open("r+b", buffering=0)
        return self._file

    def _log(self) -> BinaryIO:
        if self._records is None:
            if not self._map.exists():
                self._map.write_bytes(_pack(0, 0))
            self._records = self._map.open("r+b", buffering=0)
        return self._records

    def _write_at(self, offset: int, data: memoryview) -> None:
        while data:
            written = os.pwrite(self._part().fileno(), data, offset)
            offset, data = offset + written, data[written:]

    def _read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _recover(self, *, unsure: bool) -> None:
        if not self.path.is_file():
            self._map.unlink(missing_ok=True)
            return
        if self.path.stat().st_size > self.size:
            self.forget()
            return
        known, begun, filled = _read_map(self._map)
        if not self._map.is_file():
            unsure = True
        listed = [number for number in dict.fromkeys(known) if number < len(self.slices)]
        self.good = set(listed)
        if unsure:
            doubtful = set(listed[-_RECHECKED_SLICES:]) | self._beyond(self.good)
            checked = {number for number in doubtful if self._is_right(number)}
            self.good = (self.good - doubtful) | checked
            good = [n for n in listed if n in self.good] + sorted(checked - set(listed))
            if begun in self.good or _has_lost_page(self._read(begun * SLICE_BYTES, filled)):
                filled = 0
            self._write_map(begun, filled, good)
        if begun < len(self.slices) and begun not in self.good and 0 < filled < self.length_of(begun):
            self._resume(begun, filled)
        elif unsure and not known:
            self._resume_appended()

    def _resume(self, number: int, filled: int) -> None:
        start = self._read(number * SLICE_BYTES, filled)
        if len(start) == filled:
            self._slice, self._filled, self._resumed = number, filled, True
            self._digest = hashlib.sha256(start)

    def _resume_appended(self) -> None:
        """Take the end of a part that was written without a map, from its start on."""
        number, filled = divmod(self.path.stat().st_size, SLICE_BYTES)
        if filled and self.good == set(range(number)):
            self._resume(number, filled)
            self._write_map(number, filled, sorted(self.good))

    def _beyond(self, known: set[int]) -> set[int]:
        """Return the slices outside `known` of which something lies on the disk."""
        found = set()
        with self.path.open("rb") as file:
            for number in range(len(self.slices)):
                if number not in known and _has_data(file, number * SLICE_BYTES, self.length_of(number)):
                    found.add(number)
        return found

    def _is_right(self, number: int) -> bool:
        try:
            data = self._read(number * SLICE_BYTES, self.length_of(number))
        except OSError:  # a card that no longer gives it back
            return False
        return hashlib.sha256(data).hexdigest() == self.slices[number]

    def _write_map(self, begun: int, filled: int, numbers: list[int]) -> None:
        records = [_pack(begun, filled), *(_pack(number, self.length_of(number)) for number in numbers)]
        temporary = self._map.with_suffix(".map.tmp")
        temporary.write_bytes(b"".join(records))
        temporary.replace(self._map)


def map_path(part: Path) -> Path:
    """Return where the map of a part lies."""
    return part.with_name(part.name.partition(".")[0] + _MAP)


def _read_map(path: Path) -> tuple[list[int], int, int]:
    """Return the right slices in the order in which they came, the slice under way, and its bytes.

    Records that a power cut has torn are left out.
    """
    records = _records(path)
    begun = records[0] if records and records[0] is not None else (0, 0)
    return [record[0] for record in records[1:] if record is not None], *begun


def _records(path: Path) -> list[tuple[int, int] | None]:
    try:
        data = path.read_bytes()
    except OSError:
        return []
    step = _RECORD.size
    return [_unpack(data[at : at + step]) for at in range(0, len(data) - step + 1, step)]


def mapped_bytes(part: Path) -> int:
    """Return how many bytes of a part its map says are there."""
    records = [record for record in _records(map_path(part)) if record is not None]
    return sum(length for _, length in records)


def _pack(number: int, length: int) -> bytes:
    return _RECORD.pack(number, length, zlib.crc32(b"%d %d" % (number, length)))


def _unpack(data: bytes) -> tuple[int, int] | None:
    number, length, crc = _RECORD.unpack(data)
    return (number, length) if crc == zlib.crc32(b"%d %d" % (number, length)) else None


def _has_lost_page(data: bytes) -> bool:
    """Whether some page is all zeros: what a power cut leaves of what was not written yet."""
    return any(not any(data[at : at + _PAGE_BYTES]) for at in range(0, len(data), _PAGE_BYTES))


def _has_data(file: BinaryIO, start: int, length: int) -> bool:
    try:
        return os.lseek(file.fileno(), start, os.SEEK_DATA) < start + length
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing from there to the end
            return False
        raise
