"""Which devices have pressed "Continue", so that their systems' questions are answered with yes.

Two ways to remember them, one contract (`Accepted`): in memory, or in a file of a memory disk that outlives
a restart of the portal and never a reboot. An address counts together with the hardware address behind it,
where that is known: who gets another's old address is asked again. Nothing of it is logged, and nothing
reaches the card. Times are seconds of CLOCK_MONOTONIC, which all processes of one boot share.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from content_packs.console import note
from content_packs.durable import write_durably
from content_packs.errors import local_error
from hub.clock import read_boot_id
from hub.settings import HubPaths
from hub.web import memory_disk

MAX_DEVICES = 1000  # more than one school has on one access point
_ARP = Path("/proc/net/arp")
_NO_HARDWARE = "00:00:00:00:00:00"
FindHardware = Callable[[str], str]


class Accepted(Protocol):
    """The devices that are left alone; any thread may ask."""

    def add(self, address: str, *, now: float) -> None:
        """Leave the device at this address alone for a school day."""

    def has(self, address: str, *, now: float) -> bool:
        """Whether the device that has this address now is left alone."""


def find_hardware(address: str) -> str:
    """Return the hardware address behind an IPv4 address of this network; empty where nobody knows it."""
    try:
        lines = _ARP.read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    for fields in map(str.split, lines[1:]):  # IP address, type, flags, hardware address, mask, device
        if fields and fields[0] == address:
            return "" if fields[3] == _NO_HARDWARE else fields[3]
    return ""


class AcceptedInMemory:
    """Forgets everybody when the portal ends."""

    def __init__(self, lifetime_s: float, *, find_hardware: FindHardware = find_hardware) -> None:
        self._lifetime_s = lifetime_s
        self._find_hardware = find_hardware
        self._lock = threading.Lock()
        self._devices: OrderedDict[str, tuple[str, float]] = OrderedDict()  # address → hardware, until when

    def add(self, address: str, *, now: float) -> None:
        """Leave this device alone; whoever came first makes room where there are too many."""
        hardware = self._find_hardware(address)
        with self._lock:
            self._devices[address] = (hardware, now + self._lifetime_s)
            self._devices.move_to_end(address)
            while len(self._devices) > MAX_DEVICES:
                self._devices.popitem(last=False)

    def has(self, address: str, *, now: float) -> bool:
        """Whether this device is left alone. Hardware is looked at only for those that may be."""
        known, until = self._devices.get(address, ("", 0.0))
        if now >= until:
            return False
        hardware = self._find_hardware(address)
        return not known or not hardware or known == hardware

    def to_dict(self) -> dict[str, tuple[str, float]]:
        """Return all devices, for a file."""
        with self._lock:
            return dict(self._devices)

    def restore(self, address: str, hardware: str, until: float) -> None:
        """Take a device from a file, unless it was added meanwhile."""
        with self._lock:
            self._devices.setdefault(address, (hardware, until))


class AcceptedInFile:
    """The same, and a file remembers it for the next portal of this boot."""

    def __init__(
        self, folder: Path, lifetime_s: float, *, find_hardware: FindHardware = find_hardware
    ) -> None:
        self._path = folder / "accepted.json"
        self._devices = AcceptedInMemory(lifetime_s, find_hardware=find_hardware)
        self._lock = threading.Lock()
        self._is_read = False

    def add(self, address: str, *, now: float) -> None:
        """Leave this device alone. A disk that refuses is named; then the portal remembers it alone."""
        with self._lock:
            self._read()
            self._devices.add(address, now=now)
            state = {"boot": read_boot_id(), "devices": self._devices.to_dict()}
            try:
                memory_disk.make_private(self._path.parent)
                write_durably(self._path, json.dumps(state).encode(), mode=0o600)
            except OSError as error:
                note(local_error(error, "remembering who pressed Continue").message)

    def has(self, address: str, *, now: float) -> bool:
        """Whether this device is left alone."""
        if not self._is_read:
            with self._lock:
                self._read()
        return self._devices.has(address, now=now)

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        try:
            memory_disk.check_private(self._path.parent)
            state = json.loads(self._path.read_bytes())
            devices = state["devices"] if state["boot"] == read_boot_id() else {}
            for address, (hardware, until) in devices.items():
                self._devices.restore(str(address), str(hardware), float(until))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # none there, or torn: then they press "Continue" once more


def open_accepted(paths: HubPaths, lifetime_s: float) -> Accepted:
    """Return the devices of one hub, in a file where this machine has a memory disk."""
    if memory_disk.has_disk():
        return AcceptedInFile(memory_disk.private_folder(paths), lifetime_s)
    return AcceptedInMemory(lifetime_s)
