"""Telephones of a class inside the guest: each a simulated radio in a network namespace, with wpa_supplicant.

A radio is one of mac80211_hwsim; the first is the hub's.
"""

import base64
import json
import shlex
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hub.network.lan import Lan
from support.card import Card
from support.machine import Machine
from support.netns import Client, Lease
from tests.image.conftest import shell

SSID, PASSWORD = "Школа №5", "uchni-2026"
# hostapd has a /tmp of its own, so it answers elsewhere: hub/network/stations_seen.py.
HOSTAPD = "hostapd_cli -p /run/hostapd -s /run/hub -i wlan0"
PYTHON = "/opt/hub/bin/python"
_SUPPORT = Path(__file__).parents[1] / "support"
_BOOT = "/boot/firmware"
_PATIENCE_S = 1200  # of a step on a busy machine
_JOIN = """\
#!/bin/sh
# join.sh NUMBER SECONDS: a telephone joins, and says how that went
ip netns add p$1
iw phy phy$1 set netns name p$1
ip netns exec p$1 ip link set lo up
ip netns exec p$1 ip link set wlan$1 name nic
printf 'ctrl_interface=/run/w%s\\nnetwork={\\n ssid=%s\\n psk="%s"\\n}\\n' $1 @SSID@ @PASSWORD@ >/run/p$1
ip netns exec p$1 wpa_supplicant -B -D nl80211 -i nic -c /run/p$1 >/run/p$1.log 2>&1
for second in $(seq $2); do
  ip netns exec p$1 wpa_cli -p /run/w$1 -i nic status | grep -q wpa_state=COMPLETED && echo joined && exit
  sleep 1
done
echo refused
"""


def put_programs(card: Card) -> None:
    """Put what telephones run on the card's boot partition, before it starts."""
    join = _JOIN.replace("@SSID@", SSID.encode().hex()).replace("@PASSWORD@", PASSWORD)
    card.put_boot_file("join.sh", join.encode())
    for name in ("lan_client.py", "lan_lease.py"):
        card.put_boot_file(name, (_SUPPORT / name).read_bytes())


def switch_on(machine: Machine, *, telephones: int) -> None:
    """Wait for the shell, let the hub find its radio, and wait until its network and its door are there."""
    shell(machine)
    machine.ask("dmesg -n 1")
    wait_in(machine, "systemctl is-active hub-network.service", "active")
    machine.ask(f"rfkill block wlan; modprobe mac80211_hwsim radios={telephones + 1}")
    wait_in(machine, f"{HOSTAPD} status | grep -o ENABLED", "ENABLED")
    wait_in(machine, "ss -ltnH sport = :80 | grep -c LISTEN", "1")


def wait_in(machine: Machine, command: str, expected: str, *, seconds: int = _PATIENCE_S) -> None:
    """Let the guest itself ask once a second; the console is slow."""
    found = f'said=$(exec 2>/dev/null; {command}); [ "$said" = {shlex.quote(expected)} ] && break; sleep 1'
    said = machine.ask(f'for s in $(seq {seconds}); do {found}; done; echo "$said"', timeout_s=seconds * 3)
    assert said == expected, machine.ask(
        "journalctl -q -b -o cat --no-pager -u hub-ap -u hub-network | tail -n 20"
    )


@dataclass(frozen=True, slots=True)
class Telephone(Client):
    """One telephone, by the number of its radio, from 1 on."""

    machine: Machine
    number: int

    @property
    def inside(self) -> str:
        """What a command begins with to be run on the telephone."""
        return f"ip netns exec p{self.number}"

    def join(self, *, seconds: int = 300) -> bool:
        """Whether it gets into the hub's Wi-Fi."""
        command = f"sh {_BOOT}/join.sh {self.number} {seconds}"
        return self.machine.ask(command, timeout_s=seconds * 5).splitlines()[-1] == "joined"

    def take_address(self) -> Lease:
        """Ask for an address as a phone does, and take it."""
        said = json.loads(self._run(f"{PYTHON} {_BOOT}/lan_lease.py nic", timeout_s=600))
        address = IPv4Interface(f"{said['address']}/{Lan().network.prefixlen}")
        lease = Lease(address, IPv4Address(said["router"]), IPv4Address(said["dns"]))
        self.machine.ask(
            f"ip -n p{self.number} addr add {lease.address} dev nic; "
            f"ip -n p{self.number} route add default via {lease.router}"
        )
        return lease

    def ask(self, *questions: dict[str, Any], timeout_s: float = 60) -> list[dict[str, Any]]:
        """Run lan_client.py in the namespace."""
        words = shlex.quote(json.dumps(questions))
        command = f"sh -c {shlex.quote(f'echo {words} | {PYTHON} {_BOOT}/lan_client.py')}"
        answers: list[dict[str, Any]] = json.loads(self._run(command, timeout_s=timeout_s + 600))
        return answers

    def _run(self, command: str, *, timeout_s: float) -> bytes:
        # In base64: a page may say what the console's own marks say.
        said = self.machine.ask(f"{self.inside} {command} | base64 -w 0", timeout_s=timeout_s)
        return base64.b64decode(said)
