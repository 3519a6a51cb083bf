"""Write an image pack into the slot that does not run: its root's partition, then its folder of the boot one.

A cut loses at most the last chunks: how far it is stands in /data/card. Nothing starts the slot before all of
it was read back from the card and is what the office signed. Why so: docs/adr/0019-updates.md.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import (
    DiskFullError,
    HashMismatchError,
    NotACardError,
    UsageError,
    local_error,
)
from content_packs.kinds.image import ROOT, is_slot_file
from hub.card import slots
from hub.card.boot_partition import writable
from hub.card.places import CardPlaces
from hub.card.slots import Slot
from hub.card.system_packs import SystemPack
from hub.machine import read_command_line

CHUNK_BYTES = 1 << 20
NOTE_EVERY = 32  # chunks: so many MiB are written again after a cut, at most
PROGRESS = "slot-progress.json"
_PARTITIONS: Mapping[Slot, int] = {"a": 2, "b": 3}
_DATA_PARTITION = re.compile(r"(/dev/[a-z0-9]+?p?)4")
_MOUNTS = Path("/proc/self/mounts")
_BOARD = Path("/proc/device-tree/compatible")
_RASPBERRY = "raspberrypi,"
_SPARE_BYTES = 4 << 20  # of the boot partition, for what people and the hub write there
_SLOT = re.compile(r"hub\.slot=[ab]\b")
_DISK = re.compile(r"hub\.disk=[0-9a-f]{8}\b")

Say = Callable[[int, int], None]
"""Is told how many bytes of how many are done."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an image goes."""

    slot: Slot
    device: Path  # the root's partition
    command_line: str  # of the kernel that runs: which disk it is


@dataclass(frozen=True, slots=True)
class _Progress:
    sha256: str
    slot: str
    written: int


def find_target(mounts: str | None = None, command_line: str | None = None) -> Target:
    """Return the slot that does not run; raises NotACardError where this is no card."""
    words = command_line if command_line is not None else read_command_line()
    slot = slots.other(slots.running_slot(words))
    lines = (mounts if mounts is not None else _MOUNTS.read_text(encoding="utf-8")).splitlines()
    for device, place, *_ in (line.split() for line in lines):
        match = _DATA_PARTITION.fullmatch(device)
        if place == "/data" and match:
            return Target(slot, Path(f"{match[1]}{_PARTITIONS[slot]}"), words)
    raise NotACardError(
        "/data is no fourth partition: this is no hub's card", hint="Run this on the hub itself."
    )


def read_board() -> str:
    """Return what this machine's device tree calls it, such as raspberrypi,4-model-b; empty: no Pi."""
    try:
        names = _BOARD.read_bytes().decode("ascii", "replace").split("\0")
    except OSError:
        return ""
    return next((name for name in names if name.startswith(_RASPBERRY)), "")


def refuse(pack: SystemPack, target: Target, places: CardPlaces, *, board: str, machine: str) -> str:
    """Return why this machine cannot take an image, or nothing."""
    if pack.details["machine"] != machine:
        return f"it is for {pack.details['machine']}, this machine is {machine}"
    trees = [entry.path for entry in pack.index.files if entry.path.endswith(".dtb")]
    if board and not any(board.encode() + b"\0" in pack.read(path) for path in trees):
        return f"it has no device tree for this board, {board}"
    root_bytes, room = pack.entry(ROOT).size, _size_of(target.device)
    if root_bytes > room:
        return f"its root has {root_bytes} bytes, the partition {room}"
    wanted = sum(entry.size for entry in pack.index.files if is_slot_file(entry.path))
    free = _free_for_slot(places.boot, target.slot)
    if wanted + _SPARE_BYTES > free:
        return (
            f"its kernel and trees need {wanted + _SPARE_BYTES} bytes of the boot partition, {free} are free"
        )
    return ""


def write_slot(
    pack: SystemPack, target: Target, places: CardPlaces, *, say: Say = lambda _d, _o: None
) -> None:
    """Write and read back both parts of the slot; after it, the slot may be tried. Resumes where it was cut.

    Raises:
        UsageError: a trial runs, or the firmware starts that slot next.
        HashMismatchError: what the card gives back is not what was signed.
        LocalError: the card refuses.
    """
    state = slots.read_slots(places.boot)
    named = slots.named_slot((places.boot / slots.CONFIG).read_bytes())
    if (state and state.trying) or named == target.slot:
        raise UsageError(f"slot {target.slot} is on trial, or starts next: it is not written to")
    try:
        _write_root(pack, target, places, say)
        _write_started(pack, target, places)
        (places.card / PROGRESS).unlink(missing_ok=True)
    except OSError as error:
        raise local_error(error, f"writing slot {target.slot}") from error


def command_line_for(text: str, target: Target) -> str:
    """Return an image's command line for a slot of this card: its letter and this disk's id."""
    disk = _DISK.search(target.command_line)
    line = _SLOT.sub(f"hub.slot={target.slot}", text)
    return _DISK.sub(disk[0], line) if disk else line


def _write_root(pack: SystemPack, target: Target, places: CardPlaces, say: Say) -> None:
    entry = pack.entry(ROOT)
    note = places.card / PROGRESS
    done = _read_progress(note)
    written = done.written if done and (done.sha256, done.slot) == (entry.sha256, target.slot) else 0
    if not written:
        # From here on the former system of that slot is gone, whatever the power does.
        _note(note, _Progress(entry.sha256, target.slot, 0))
    with target.device.open("r+b", buffering=0) as device:
        os.lseek(device.fileno(), written, os.SEEK_SET)
        for number, chunk in enumerate(pack.chunks(ROOT, start=written), 1):
            _write_whole(device.fileno(), chunk)
            written += len(chunk)
            if number % NOTE_EVERY == 0:
                os.fsync(device.fileno())
                _note(note, _Progress(entry.sha256, target.slot, written))
                say(written, entry.size)
        os.fsync(device.fileno())
        found = _hash_back(device.fileno(), entry.size)
    if found != entry.sha256:
        note.unlink(missing_ok=True)  # from the beginning, next time
        raise HashMismatchError(
            f"slot {target.slot}: the card gives back {found} where {entry.sha256} was written",
            hint="If it happens again, the card is worn out: replace it. Or run `hub repair`.",
        )
    say(entry.size, entry.size)


def _write_started(pack: SystemPack, target: Target, places: CardPlaces) -> None:
    folder = places.boot / target.slot
    wanted = {entry.path: pack.read(entry.path) for entry in pack.index.files if is_slot_file(entry.path)}
    line = command_line_for(wanted["cmdline.txt"].decode("ascii", "replace"), target)
    wanted["cmdline.txt"] = line.encode("ascii", "replace")
    with writable(places.boot):
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        for name, data in wanted.items():
            if not (folder / name).is_file() or (folder / name).read_bytes() != data:
                write_durably(folder / name, data)
    for name, data in wanted.items():
        with (folder / name).open("rb") as file:
            _forget(file.fileno())
            if file.read() != data:
                raise HashMismatchError(
                    f"{target.slot}/{name}: the card does not give back what was written",
                    hint="If it happens again, the card is worn out: replace it.",
                )


def _hash_back(descriptor: int, size: int) -> str:
    """Hash what the card holds, not what memory holds of it."""
    _forget(descriptor)
    os.lseek(descriptor, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    while size:
        chunk = os.read(descriptor, min(CHUNK_BYTES, size))
        if not chunk:
            break
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def _forget(descriptor: int) -> None:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        count = os.write(descriptor, view)
        if not count:
            raise DiskFullError("the slot's partition is full")
        view = view[count:]


def _size_of(device: Path) -> int:
    try:
        with device.open("rb") as file:
            return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise local_error(error, f"looking at {device}") from error


def _free_for_slot(boot: Path, slot: Slot) -> int:
    """Return the room for a slot's folder: what is free, and what it holds now."""
    stat = os.statvfs(boot)
    folder = boot / slot
    held = sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0
    return stat.f_bavail * stat.f_frsize + held


def _read_progress(path: Path) -> _Progress | None:
    try:
        values = json.loads(path.read_bytes())
        found = _Progress(str(values["sha256"]), str(values["slot"]), int(values["written"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.written >= 0 else None


def _note(path: Path, progress: _Progress) -> None:
    write_durably(path, json.dumps(asdict(progress)).encode(), mode=0o600)
