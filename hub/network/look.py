"""Read what this machine has: /sys, `ip`, networkd's state. Whatever cannot be read counts as not there."""

import array
import fcntl
import json
import socket
import struct
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hub.network.facts import TETHER_DRIVERS, Interface, Machine, Sort, Way

_NET = Path("/sys/class/net")
_NETWORKD = Path("/run/systemd/netif/state")
_ETHERNET = "1"  # ARPHRD_ETHER
_CHIPS = {"0xa9a6": "43430", "0xa9bf": "43455", "0x4345": "43455"}  # SDIO ids: linux/mmc/sdio_ids.h
_OF_43456 = "7.84."  # versions of the firmware that only this chip takes: a Pi 400's says it is a 43455
_SIOCETHTOOL, _GDRVINFO = 0x8946, 0x3
_DRIVER_INFO = struct.Struct("=I32s32s32s32s32s12s5I")  # struct ethtool_drvinfo
_COMMAND_S = 10.0


def look(*, net: Path = _NET, networkd: Path = _NETWORKD) -> Machine:
    """Return the machine as it is now."""
    return Machine(
        interfaces=tuple(sorted(_interfaces(net), key=lambda interface: interface.name)),
        ways=tuple(_ways()),
        resolvers=tuple(_resolvers(networkd)),
        ram_bytes=_ram_bytes(),
    )


def _interfaces(net: Path) -> Iterator[Interface]:
    for folder in net.iterdir() if net.is_dir() else ():
        device = folder / "device"
        if not device.exists() or _read(folder / "type") != _ETHERNET:
            continue  # bridges, tunnels, loopback
        driver = _target(device / "driver")
        is_radio = (folder / "phy80211").exists()
        firmware = _read_firmware(folder.name) if is_radio else ""
        sort: Sort = "wifi" if is_radio else "usb" if driver in TETHER_DRIVERS else "ethernet"
        yield Interface(
            name=folder.name,
            sort=sort,
            mac=_read(folder / "address"),
            driver=driver,
            bus=_target(device / "subsystem"),
            chip=name_chip(_read(device / "device"), firmware) if is_radio else "",
            firmware=firmware,
        )


def name_chip(sdio_id: str, firmware: str) -> str:
    """Return the chip of a radio by its id and the firmware that it runs; empty: none of a Pi's own."""
    chip = _CHIPS.get(sdio_id, "")
    return "43456" if chip == "43455" and firmware.startswith(_OF_43456) else chip


def _ways() -> Iterator[Way]:
    gateways = {
        route.get("dev"): IPv4Address(route["gateway"])
        for route in reversed(_ip("route", "show", "default"))
        if "gateway" in route
    }
    for link in _ip("addr"):
        name = link.get("ifname", "")
        for found in link.get("addr_info", ()):
            if name != "lo" and found.get("family") == "inet":
                address = IPv4Interface(f"{found['local']}/{found['prefixlen']}")
                yield Way(name, address, gateways.get(name))


def _ip(*words: str) -> list[dict[str, Any]]:
    command = ["ip", "-json", "-4", *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_COMMAND_S, check=True)
        return list(json.loads(done.stdout or b"[]"))
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def _resolvers(networkd: Path) -> Iterator[IPv4Address]:
    for line in _read(networkd).splitlines():
        name, _, values = line.partition("=")
        if name == "DNS":
            for value in values.split():
                try:
                    yield IPv4Address(value)
                except ValueError:
                    continue  # IPv6: a hub has none


def _read_firmware(name: str) -> str:
    """Return version and id of a radio's firmware, as the driver tells (ethtool -i)."""
    info = array.array("B", _DRIVER_INFO.pack(_GDRVINFO, *[b""] * 6, *[0] * 5))
    request = struct.pack("16sP", name.encode(), info.buffer_info()[0])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            fcntl.ioctl(asked, _SIOCETHTOOL, request)
    except OSError:
        return ""
    _, _, version, firmware, *_ = _DRIVER_INFO.unpack(info.tobytes())
    return " ".join(part.split(b"\0")[0].decode("ascii", "replace") for part in (version, firmware)).strip()


def _ram_bytes() -> int:
    for line in _read(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _target(link: Path) -> str:
    try:
        return link.readlink().name
    except OSError:
        return ""
