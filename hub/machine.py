"""How this machine is, what cannot be read left out: disk, uptime, clocks, heat; and how it keeps memory."""

import os
import re
import shutil
from contextlib import suppress
from ctypes import CDLL
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from content_packs.depot import MIB
from hub.clock import read_floor
from hub.events import HealthBody
from hub.settings import HubPaths

_MMAP_THRESHOLD = -3  # malloc.h, M_MMAP_THRESHOLD
_DISTRIBUTION = "classroom-hub"
_UPTIME = Path("/proc/uptime")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")  # of a Raspberry Pi: a thousandth of a degree
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")  # the Raspberry Pi's own
_SYS = Path("/sys")
_COMMAND_LINE = Path("/proc/cmdline")
_SLOT = re.compile(r"(?<!\S)hub\.slot=([ab])(?!\S)")  # image/initramfs chose this root
# What a Raspberry Pi says of its power: <https://www.raspberrypi.com/documentation/computers/os.html>.
# The same bits from 16 on say whether it ever was so since it started.
POWER_BITS = {"under_voltage": 0, "frequency_capped": 1, "throttled": 2, "too_warm": 3}
SINCE_BOOT = 16
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Power:
    """What the machine says of its power and heat: a set of the names of `POWER_BITS` each."""

    now: frozenset[str]
    since_boot: frozenset[str]


@dataclass(frozen=True, slots=True)
class Card:
    """How the disk is that the hub's state lies on; what its driver does not tell is empty or None."""

    model: str
    made: str  # month and year, as the card itself says
    errors: int | None  # of the file system, in its life
    written_bytes: int | None  # in the life of the file system


def read_command_line() -> str:
    """Return what the kernel was started with."""
    return _COMMAND_LINE.read_text(encoding="ascii", errors="replace")


def find_slot(command_line: str) -> str:
    """Return which root of a hub's card a kernel was started with, a or b; empty: none, this is no card."""
    found = _SLOT.search(command_line)
    return found[1] if found else ""


def is_card() -> bool:
    """Whether this machine was started from a hub's card; all who ask do so here."""
    try:
        return bool(find_slot(read_command_line()))
    except OSError:
        return False


def read_health(paths: HubPaths, *, boots: int) -> HealthBody:
    """Look at the machine; `boots` is how many starts of it were counted.

    Raises:
        OSError: the hub's disk cannot be read.
    """
    usage, card = shutil.disk_usage(paths.dir), read_card(paths.dir)
    return HealthBody(
        free_bytes=usage.free,
        total_bytes=usage.total,
        uptime_s=int(float((_read(_UPTIME) or "0").split()[0])),
        clock=datetime.now(UTC).isoformat(timespec="seconds"),
        floor=read_floor(paths.trust).isoformat(timespec="seconds"),
        software=version(_DISTRIBUTION),
        boots=boots,
        temperature_c=read_temperature_c(),
        throttled=_read(_THROTTLED),
        card_errors=card.errors if card else None,
        card_written_bytes=card.written_bytes if card else None,
    )


def read_temperature_c() -> float | None:
    """Return how warm the processor is."""
    text = _read(_TEMPERATURE)
    return int(text) / 1000 if text and text.lstrip("-").isdigit() else None


def read_power() -> Power | None:
    """Return what the machine says of its power; None where it says nothing."""
    bits = power_bits(_read(_THROTTLED))
    return None if bits is None else find_power(bits)


def find_power(bits: int) -> Power:
    """Return what the bits mean. Pure."""
    now, ever = (
        frozenset(name for name, bit in POWER_BITS.items() if bits >> (bit + shift) & 1)
        for shift in (0, SINCE_BOOT)
    )
    return Power(now, ever)


def power_bits(throttled: str | None) -> int | None:
    """Return the bits of get_throttled, written in hexadecimal; None on any other machine."""
    try:
        return int(throttled, 16) if throttled else None
    except ValueError:
        return None


def read_card(folder: Path, *, sys: Path = _SYS) -> Card | None:
    """Return how the disk is that a folder lies on; None where that is no disk of its own."""
    try:
        number = folder.stat().st_dev
        partition = (sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
    except OSError:
        return None
    device, ext4 = partition.parent / "device", sys / "fs" / "ext4" / partition.name
    errors, written = _read(ext4 / "errors_count"), _read(ext4 / "lifetime_write_kbytes")
    return Card(
        model=_read(device / "name") or _read(device / "model") or "",
        made=_read(device / "date") or "",
        errors=int(errors) if errors and errors.isdecimal() else None,
        written_bytes=int(written) * _KIB if written and written.isdecimal() else None,
    )


def return_large_buffers() -> None:
    """Tell the C library to give buffers from 1 MiB on back to the system as soon as they are free.

    Else it raises that bound by itself and keeps them: after six patches of 20 + 8 MiB, 52 MB stay with the
    process, so 12 (glibc 2.36, Python 3.11). A sync has 120 MB in all, and a Pi 1 GB for everything.
    """
    with suppress(AttributeError, OSError):  # another C library has no such option
        CDLL(None).mallopt(_MMAP_THRESHOLD, MIB)


def _read(path: Path) -> str | None:
    """Return the text of a file of the kernel; None where there is none."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
