"""Who pressed "Continue": the portal notes it in a file of its own, root puts it into the firewall's set.

So the portal needs no right to touch the firewall. The file is taken as anybody's: a device counts only with
an address of the class, the hardware address that the kernel itself knows for it, and at most a day.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from hub.network.firewall import ACCEPTED, TABLE
from hub.network.lan import Lan

_MAX_BYTES = 512 * 1024
_MAX_DEVICES = 1000
_LONGEST_S = 24 * 3600
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_ARP = Path("/proc/net/arp")
Device = tuple[str, str]  # address, hardware address


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tells one state of the file from another."""

    inode: int = 0
    mtime_ns: int = 0


def stamp_of(file: Path) -> Stamp:
    """Return the state of the file; an empty one where it is not there."""
    try:
        found = file.lstat()
    except OSError:
        return Stamp()
    return Stamp(found.st_ino, found.st_mtime_ns)


def read_accepted(
    file: Path, lan: Lan, arp: Mapping[str, str], *, boot: str, now: float
) -> dict[Device, float]:
    """Return the devices that may go out, and for how many seconds more; nothing where the file is odd."""
    try:
        state = json.loads(_read(file))
        devices = state["devices"] if state["boot"] == boot else {}
        found = {}
        for address, (hardware, until) in list(devices.items())[:_MAX_DEVICES]:
            left = min(float(until) - now, _LONGEST_S)
            known = arp.get(address, "")
            if left > 0 and known and hardware in ("", known) and IPv4Address(address) in lan.network:
                found[address, known] = left
    except (OSError, ValueError, ArithmeticError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return found


def _read(file: Path) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("no file")
        return opened.read(_MAX_BYTES)


def read_arp(interface: str, *, path: Path = _ARP) -> dict[str, str]:
    """Return the hardware address of each address that the kernel has met on an interface."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()[1:]
    except OSError:
        return {}
    rows = (line.split() for line in lines)  # address, type, flags, hardware address, mask, device
    found = {row[0]: row[3] for row in rows if len(row) == 6 and row[5] == interface and row[2] != "0x0"}
    return {address: mac for address, mac in found.items() if _MAC.fullmatch(mac)}


def render_accepted(devices: Mapping[Device, float]) -> str:
    """Return what makes the set hold just these devices, as one transaction."""
    lines = [f"flush set inet {TABLE} {ACCEPTED}"]
    lines += [
        f"add element inet {TABLE} {ACCEPTED} {{ {address} . {mac} timeout {max(1, int(left))}s }}"
        for (address, mac), left in sorted(devices.items())
    ]
    return "\n".join([*lines, ""])
