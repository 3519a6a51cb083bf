"""The two slots of a card: which one starts, whether it is on trial, how often it may still try.

The same two files are read and written before there is any Python: image/initramfs/slots.sh, to which
tests/contract/test_slots.py holds this module. Why so: docs/adr/0015-slots.md.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, cast

from content_packs.errors import BadDataError, NotACardError, UsageError, local_error
from hub.card.boot_partition import writable
from hub.machine import find_slot, read_command_line

Slot = Literal["a", "b"]
SLOTS: tuple[Slot, Slot] = ("a", "b")
TRIES = 3  # starts that a new slot gets to become healthy
FILES = ("slot1.env", "slot2.env")  # two copies, in two sectors
CONFIG = "config.txt"  # the firmware's: `os_prefix=a/` is the slot that it starts
COPY_BYTES = 512  # one sector, written at once
_GOOD_NOW = Path("/run/hub/slot-good")  # hub-trial.service looks for it
_LINE = re.compile(
    r"(hub-slots-1 seq=(\d{1,18}) slot=([ab]) state=(good|trying) tries=(\d) failed=([-ab]))"
    r" sum=([0-9a-f]{16})"
)
_PREFIX = re.compile(rb"^os_prefix=([ab])/", re.MULTILINE)
_NEEDED = ("vmlinuz", "initrd.img", "cmdline.txt")  # without them the firmware has nothing to start


@dataclass(frozen=True, slots=True)
class SlotState:
    """What both copies say: `slot` is good, or is on trial with so many tries left."""

    slot: Slot
    seq: int = 0  # the copy with the larger one is newer
    trying: bool = False
    tries: int = 0
    failed: Slot | None = None  # the last one that was given up


def other(slot: Slot) -> Slot:
    """Return the slot that this one is not."""
    return "b" if slot == "a" else "a"


def to_bytes(state: SlotState) -> bytes:
    """Return one copy: a line with a sum, and spaces to the end of the sector."""
    kind = "trying" if state.trying else "good"
    words = f"hub-slots-1 seq={state.seq} slot={state.slot} state={kind} tries={state.tries}"
    words += f" failed={state.failed or '-'}"
    line = f"{words} sum={_sum(words)}"
    return f"{line:<{COPY_BYTES - 1}}\n".encode()


def from_bytes(data: bytes) -> SlotState | None:
    """Return what a copy says, or None for one that is torn, damaged or empty."""
    # NUL bytes are dropped, as the shell drops them; the sum covers all that is left.
    text = data[: COPY_BYTES - 1].replace(b"\0", b"").decode("ascii", "replace")
    match = _LINE.fullmatch(text.partition("\n")[0].strip(" \t"))
    if match is None or match[7] != _sum(match[1]):
        return None
    failed = None if match[6] == "-" else cast(Slot, match[6])
    return SlotState(cast(Slot, match[3]), int(match[2]), match[4] == "trying", int(match[5]), failed)


def newest(copies: Iterable[SlotState | None]) -> SlotState | None:
    """Return the newer of the valid copies; of two alike the first."""
    return max((copy for copy in copies if copy), key=lambda copy: copy.seq, default=None)


def read_slots(boot_dir: Path) -> SlotState | None:
    """Return the state on the boot partition; None where neither copy is whole, as on a new card."""
    return newest(_read_copy(boot_dir / name) for name in FILES)


def write_slots(boot_dir: Path, state: SlotState) -> SlotState:
    """Write both copies as the next in sequence and return what was written.

    In place, one sector each, the older or damaged copy first: whenever the power goes, one is whole.
    """
    held = newest([_read_copy(boot_dir / name) for name in FILES])
    written = replace(state, seq=(held.seq if held else 0) + 1)
    order = sorted(FILES, key=lambda name: _seq(boot_dir / name))
    for name in order:
        _write_in_place(boot_dir / name, 0, to_bytes(written))
    return written


def named_slot(config: bytes) -> Slot:
    """Return the slot that the firmware starts by this config.txt: the last one that it names.

    Raises:
        BadDataError: it names none.
    """
    named = _PREFIX.findall(config)
    if not named:
        raise BadDataError(
            f"{CONFIG}: expected a line os_prefix=a/ or os_prefix=b/, found none",
            hint=f"Add the line os_prefix=a/ to {CONFIG} on the card's boot partition.",
        )
    return cast(Slot, named[-1].decode())


def point_firmware(boot_dir: Path, slot: Slot) -> None:
    """Let the firmware start `slot` next time: one letter of config.txt is changed, in place."""
    path = boot_dir / CONFIG
    config = path.read_bytes()
    named_slot(config)
    for match in _PREFIX.finditer(config):
        _write_in_place(path, match.start(1), slot.encode())


def running_slot(command_line: str | None = None) -> Slot:
    """Return the slot that runs, by the kernel's command line.

    Raises:
        NotACardError: this machine was not started from a hub's card.
    """
    named = find_slot(command_line if command_line is not None else read_command_line())
    for slot in SLOTS:
        if slot == named:
            return slot
    raise NotACardError(
        "the kernel's command line has neither hub.slot=a nor hub.slot=b: this is no hub's card",
        hint="Run this on the hub itself.",
    )


def try_slot(boot_dir: Path, slot: Slot, *, running: Slot) -> SlotState:
    """Put `slot` on trial: it starts next time, and has TRIES starts to be marked good.

    Raises:
        UsageError: it is the slot that runs, or it has nothing to start.
    """
    if slot == running:
        raise UsageError(f"slot {slot} is the one that runs; the other is {other(slot)}")
    missing = [name for name in _NEEDED if not (boot_dir / slot / name).is_file()]
    if missing:
        raise UsageError(
            f"slot {slot} cannot be started: it lacks {', '.join(missing)}",
            hint="An update fills it: `hub sync`.",
        )
    with writable(boot_dir):
        # The state first: a slot that starts without being counted could hang for ever.
        written = write_slots(boot_dir, SlotState(slot, trying=True, tries=TRIES))
        point_firmware(boot_dir, slot)
    return written


def mark_good(boot_dir: Path, *, running: Slot) -> SlotState:
    """Keep the slot that runs: its trial is over. Where it is good already, nothing is written."""
    state = read_slots(boot_dir)
    if state and state.slot == running and not state.trying:
        return state
    if (
        state
        and state.slot != running
        and state.trying
        and named_slot((boot_dir / CONFIG).read_bytes()) != running
    ):
        return state  # the other one is about to be tried: at the next start
    failed = state.failed if state and state.failed != running else None
    with writable(boot_dir):
        return write_slots(boot_dir, SlotState(running, failed=failed))


def end_trial() -> None:
    """Tell the units of this start that the slot is good: they no longer start again for its sake."""
    try:
        _GOOD_NOW.parent.mkdir(parents=True, exist_ok=True)
        _GOOD_NOW.touch()
    except OSError as error:
        raise local_error(error, f"writing {_GOOD_NOW}") from error


def _sum(words: str) -> str:
    return sha256(f"{words}\n".encode()).hexdigest()[:16]


def _read_copy(path: Path) -> SlotState | None:
    try:
        return from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise local_error(error, f"reading {path}") from error


def _seq(path: Path) -> int:
    copy = _read_copy(path)
    return copy.seq if copy else -1


def _write_in_place(path: Path, offset: int, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, data, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise local_error(error, f"writing {path}") from error
