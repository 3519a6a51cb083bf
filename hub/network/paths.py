"""Where the files of the network lie on a card; tests put them elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hub.settings import HubPaths


@dataclass(frozen=True, slots=True)
class NetworkPaths:
    """`run` and `links` are made again at each boot; `kept` outlives it."""

    run: Path = Path("/run/hub")
    links: Path = Path("/run/systemd/network")
    kept: Path = Path("/data/network")

    @classmethod
    def beside(cls, hub: HubPaths) -> Self:
        """Return the places of the card that a hub's folder lies on."""
        return cls(kept=hub.dir.parent / "network")

    @property
    def wishes(self) -> Path:
        """What the school config asks for, with its passwords: root's alone."""
        return self.run / "network-wishes.json"

    @property
    def hostapd(self) -> Path:
        """The access point."""
        return self.run / "hostapd.conf"

    @property
    def supplicant(self) -> Path:
        """The Wi-Fi that leads out."""
        return self.run / "wpa_supplicant.conf"

    @property
    def client_radio(self) -> Path:
        """Which radio that is, for hub-uplink-wifi."""
        return self.run / "uplink-wifi.env"

    @property
    def dnsmasq(self) -> Path:
        """Addresses and names of the class."""
        return self.run / "dnsmasq.conf"

    @property
    def firewall(self) -> Path:
        """The ruleset of nftables."""
        return self.run / "nftables.conf"

    @property
    def resolvers(self) -> Path:
        """The DNS servers of the networks outside; /etc/resolv.conf leads here."""
        return self.run / "resolv.conf"

    @property
    def online(self) -> Path:
        """There while the way out leads somewhere: what the watcher believes."""
        return self.run / "online"

    @property
    def dnsmasq_pid(self) -> Path:
        """The process that answers for names."""
        return self.run / "dnsmasq.pid"

    @property
    def range(self) -> Path:
        """The class's range of addresses, so that it moves once and not at each boot."""
        return self.kept / "range"

    @property
    def guest(self) -> Path:
        """The address that another network gave this hub last, for hub-status.txt."""
        return self.kept / "guest-address"

    @property
    def filter(self) -> Path:
        """Which filter is in use, by which files, and when which of them."""
        return self.kept / "filter.json"

    def names_file(self, sort: str, sha256: str) -> Path:
        """A list of a filter as dnsmasq reads it: `sort` is "always", "lesson" or "allow"."""
        return self.kept / f"names-{sort}-{sha256[:16]}.conf"
