"""How this machine is, what cannot be read left out: disk, uptime, clocks, heat; and how it keeps memory."""

import shutil
from contextlib import suppress
from ctypes import CDLL
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


def read_health(paths: HubPaths, *, boots: int) -> HealthBody:
    """Look at the machine; `boots` is how many starts of it were counted.

    Raises:
        OSError: the hub's disk cannot be read.
    """
    usage = shutil.disk_usage(paths.dir)
    temperature = _read(_TEMPERATURE)
    return HealthBody(
        free_bytes=usage.free,
        total_bytes=usage.total,
        uptime_s=int(float((_read(_UPTIME) or "0").split()[0])),
        clock=datetime.now(UTC).isoformat(timespec="seconds"),
        floor=read_floor(paths.trust).isoformat(timespec="seconds"),
        software=version(_DISTRIBUTION),
        boots=boots,
        temperature_c=int(temperature) / 1000 if temperature and temperature.lstrip("-").isdigit() else None,
        throttled=_read(_THROTTLED),
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
