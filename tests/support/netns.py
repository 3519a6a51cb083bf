"""Network namespaces: a hub, what is outside, and devices of a class, on one machine. Needs root."""

import ctypes
import fcntl
import json
import os
import re
import struct
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hub.network.lan import Lan

_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLIENT = Path(__file__).with_name("lan_client.py")
_LEASE_SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
[ -n "$router" ] && ip route replace default via "$router"
echo "ip=$ip mask=$mask router=$router dns=$dns"
"""


def run(*command: str | Path, check: bool = True, text: str | None = None, timeout_s: float = 60) -> str:
    """Run a command and return what it says on stdout; a failure shows what it said."""
    words = [str(word) for word in command]
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert not check or done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Space:
    """One namespace."""

    name: str

    def run(
        self, *command: str | Path, check: bool = True, text: str | None = None, timeout_s: float = 60
    ) -> str:
        """Run a command in it."""
        words = ("ip", "netns", "exec", self.name, *command)
        return run(*words, check=check, text=text, timeout_s=timeout_s)

    def start(self, *command: str | Path) -> "subprocess.Popen[str]":
        """Start a program in it; whoever starts it ends it."""
        words = ["ip", "netns", "exec", self.name, *map(str, command)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in it: this thread, and what it starts."""
        with (
            Path("/proc/thread-self/ns/net").open() as before,
            Path("/run/netns", self.name).open() as inside,
        ):
            _enter(inside.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "setns")


@dataclass(frozen=True)
class Lease:
    """What a device got by DHCP."""

    address: IPv4Interface
    router: IPv4Address
    dns: IPv4Address


class Client(ABC):
    """Whoever is in a hub's network, wherever that is."""

    @abstractmethod
    def ask(self, *questions: dict[str, Any], timeout_s: float = 60) -> list[dict[str, Any]]:
        """Let the device look up names, open pages and connect: lan_client.py; answers in their order."""

    def look_up(self, name: str, server: object, *, kind: str = "A") -> list[str]:
        """Return the answers to one DNS question, or [its error]."""
        found: list[str] = self.ask({"do": "dns", "name": name, "server": str(server), "kind": kind})[0][
            "found"
        ]
        return found

    def connects(self, address: object, port: int) -> str:
        """Return "yes", or why a TCP connection does not come about."""
        return str(self.ask({"do": "tcp", "address": str(address), "port": port})[0]["found"])


@dataclass(frozen=True)
class Device(Space, Client):
    """A device of a class: a namespace with one card, `nic`."""

    def join(self, folder: Path, *, tries: int = 8, pause_s: int = 1) -> Lease:
        """Ask for an address as a phone does, and take it; an emulated hub needs more time to answer."""
        script = folder / "lease.sh"
        script.write_text(_LEASE_SCRIPT, encoding="ascii")
        script.chmod(0o755)
        patience = ("-n", "-t", str(tries), "-T", str(pause_s))
        words = ("busybox", "udhcpc", "-i", "nic", "-f", "-q", *patience, "-s", script)
        said = self.run(*words, timeout_s=60 + 2 * tries * pause_s)
        found = re.search(r"ip=(\S+) mask=(\S+) router=(\S+) dns=(\S+)", said)
        assert found, said
        ip, mask, router, dns = found.groups()
        return Lease(IPv4Interface(f"{ip}/{mask}"), IPv4Address(router), IPv4Address(dns))

    def sit(self, lan: Lan, number: int) -> IPv4Address:
        """Take an address without asking: dnsmasq looks for three seconds whether one is free."""
        address = lan.first + number
        self.run("ip", "addr", "add", f"{address}/{lan.network.prefixlen}", "dev", "nic")
        self.run("ip", "route", "replace", "default", "via", str(lan.hub))
        return address

    def ask(self, *questions: dict[str, Any], timeout_s: float = 60) -> list[dict[str, Any]]:
        """Run lan_client.py in the namespace."""
        said = self.run(sys.executable, _CLIENT, text=json.dumps(questions), timeout_s=timeout_s)
        answers: list[dict[str, Any]] = json.loads(said)
        return answers


@dataclass(frozen=True)
class Place:
    """A hub with a cable to the class (`lan0`) and one outside (`wan0`), the outside, and two devices."""

    hub: Space
    outside: Space
    switch: Space
    devices: tuple[Device, ...]


@contextmanager
def place(prefix: str, *, devices: int = 2) -> Iterator[Place]:
    """Yield a place whose cables are plugged in and whose addresses are still to come."""
    with ExitStack() as stack:
        names = ["hub", "out", "sw", *(f"d{number}" for number in range(devices))]
        spaces = {name: stack.enter_context(_space(f"{prefix}-{name}")) for name in names}
        hub, outside, switch = (spaces[name] for name in ("hub", "out", "sw"))
        switch.run("ip", "link", "add", "name", "class0", "type", "bridge")
        switch.run("ip", "link", "set", "class0", "up")
        _cable(hub.name, "wan0", outside.name, "nic")
        _to_switch(switch, hub.name, "lan0", "p-hub")
        for number in range(devices):
            _to_switch(switch, f"{prefix}-d{number}", "nic", f"p-d{number}")
        yield Place(hub, outside, switch, tuple(Device(f"{prefix}-d{number}") for number in range(devices)))


@contextmanager
def _space(name: str) -> Iterator[Space]:
    run("ip", "netns", "add", name)
    try:
        run("ip", "netns", "exec", name, "ip", "link", "set", "lo", "up")
        yield Space(name)
    finally:
        run("ip", "netns", "del", name)


def _cable(one: str, one_end: str, other: str, other_end: str) -> None:
    run("ip", "link", "add", one_end, "netns", one, "type", "veth", "peer", "name", other_end, "netns", other)
    run("ip", "-n", one, "link", "set", one_end, "up")
    run("ip", "-n", other, "link", "set", other_end, "up")


@contextmanager
def socket_of(switch: Space, port: str = "p-card") -> Iterator[int]:
    """Yield a socket of the class's switch as an open tap device, for a machine that runs outside of it."""
    with switch.entered():
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", port.encode(), _IFF_TAP | _IFF_NO_PI))
    try:
        switch.run("ip", "link", "set", port, "master", "class0", "up")
        yield tap
    finally:
        os.close(tap)


def _to_switch(switch: Space, space: str, end: str, port: str) -> None:
    _cable(space, end, switch.name, port)
    switch.run("ip", "link", "set", port, "master", "class0")


def stop(processes: Sequence["subprocess.Popen[str]"]) -> None:
    """End programs that a test started."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.communicate(timeout=30)
