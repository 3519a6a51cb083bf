"""What a machine has for a network: values that `look` reads and the renderers take. Pure."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from typing import Literal

Sort = Literal["wifi", "ethernet", "usb"]

# A telephone or a modem on USB is a network card to Linux; a USB Ethernet adapter has a driver of its own,
# and so have the Ethernet sockets of a Pi 3, which hang on USB: smsc95xx, lan78xx.
TETHER_DRIVERS = (
    *("rndis_host", "cdc_ether", "cdc_ncm", "cdc_mbim", "cdc_eem", "cdc_subset"),
    *("ipheth", "huawei_cdc_ncm", "qmi_wwan", "sierra_net"),
)


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface."""

    name: str
    sort: Sort
    mac: str = ""
    driver: str = ""
    bus: str = ""  # "usb" for what is plugged in; "sdio" for a Pi's own radio
    chip: str = ""  # of a radio, such as "43455"
    firmware: str = ""  # of a radio, such as "7.45.234 01-996384e2"


@dataclass(frozen=True, slots=True)
class Way:
    """An address that a network outside gave us."""

    interface: str
    address: IPv4Interface
    gateway: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine at one moment."""

    interfaces: tuple[Interface, ...] = ()
    ways: tuple[Way, ...] = ()
    resolvers: tuple[IPv4Address, ...] = field(default=())  # the DNS servers that those networks named
    ram_bytes: int = 0

    def of_sort(self, sort: Sort) -> list[Interface]:
        """Return the interfaces of a sort: what is built in first, then by name."""
        found = [interface for interface in self.interfaces if interface.sort == sort]
        return sorted(found, key=lambda interface: (_is_plugged_in(interface), interface.name))


def _is_plugged_in(interface: Interface) -> bool:
    return interface.bus == "usb" and interface.driver not in {"smsc95xx", "lan78xx"}
