"""The hub's network in a namespace: our files, read by the real nft and dnsmasq; networkd is played here."""

import re
import subprocess
from ipaddress import IPv4Interface
from pathlib import Path

from hub.network import filters
from hub.network.apply import write_network
from hub.network.facts import Interface, Machine, Way
from hub.network.lan import Lan
from hub.network.paths import NetworkPaths
from hub.network.render import Network, render
from hub.network.wishes import Wishes
from support.netns import Space
from support.waiting import wait_for

CABLES = (Interface("lan0", "ethernet"), Interface("wan0", "ethernet"))
WAN = Way("wan0", IPv4Interface("192.168.1.20/24"))
CABLE_WISHES = Wishes(ssid="Школа", wifi_mode="external-ap", uplink_kind="ethernet")


def network_paths(folder: Path) -> NetworkPaths:
    """Return places for the network's files in a folder that dnsmasq's account can look into."""
    for parent in (folder, *folder.parents):
        if parent.stat().st_mode & 0o005 != 0o005 and parent.owner() == "root" and "pytest" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o055)
    return NetworkPaths(folder / "run", folder / "links", folder / "kept")


class HubNetwork:
    """A network that runs."""

    def __init__(self, space: Space, paths: NetworkPaths) -> None:
        self.space = space
        self.paths = paths
        self._dnsmasq: subprocess.Popen[str] | None = None

    def set_up(
        self, wishes: Wishes = CABLE_WISHES, *, lan: Lan | None = None, is_online: bool = False
    ) -> Network:
        """Render, write and load it; with the filter that was taken, or one that blocks nothing."""
        used = filters.read_filter(self.paths)
        network = render(
            *(wishes, Machine(CABLES, (WAN,)), lan or Lan(), self.paths),
            is_online=is_online,
            lists=used.lists(self.paths, lesson=False),
            safe_search=used.addresses(),
        )
        write_network(network, self.paths)
        self.load(forwards=network.forwards)
        return network

    def load(self, *, forwards: bool) -> None:
        """Do as the units do: firewall, addresses, names."""
        self.space.run("nft", "-f", self.paths.firewall)
        self.space.run("sysctl", "-qw", f"net.ipv4.ip_forward={int(forwards)}")
        self.set_addresses()
        self.restart_names()

    def set_addresses(self) -> None:
        """Give the class's side the addresses of networkd's file."""
        text = (self.paths.links / "10-hub-lan.network").read_text(encoding="utf-8")
        self.space.run("ip", "addr", "flush", "dev", "lan0")
        for address in re.findall(r"^Address=(\S+)$", text, re.MULTILINE):
            self.space.run("ip", "addr", "add", address, "dev", "lan0")

    def restart_names(self) -> None:
        """Start dnsmasq anew, as hub-dns does."""
        self.stop()
        self.paths.dnsmasq_pid.unlink(missing_ok=True)
        command = ("dnsmasq", "--keep-in-foreground", "--log-facility=-", "-C", self.paths.dnsmasq)
        process = self._dnsmasq = self.space.start(*command)
        wait_for(lambda: process.poll() is not None or self.paths.dnsmasq_pid.exists(), timeout_s=30)
        assert process.poll() is None, process.stdout.read() if process.stdout else ""

    @property
    def names_pid(self) -> int:
        """The process of dnsmasq."""
        return int(self.paths.dnsmasq_pid.read_text(encoding="ascii"))

    def stop(self) -> None:
        """End dnsmasq."""
        if self._dnsmasq is not None:
            self._dnsmasq.terminate()
            self._dnsmasq.communicate(timeout=30)
            self._dnsmasq = None
