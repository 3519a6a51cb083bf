"""Text of systemd-networkd's files, by name. Pure.

They match by driver where something may be plugged in later. The class's side never has a gateway and asks
nobody for an address, so that no other DHCP server there can take the way out away.
"""

from hub.network.facts import TETHER_DRIVERS
from hub.network.lan import CAPTIVE, Lan
from hub.network.layout import Layout

METRICS = {"cable": 100, "usb": 200, "wifi": 300}


def render_links(layout: Layout, lan: Lan) -> dict[str, str]:
    """Return the files of /run/systemd/network. Of those that match an interface the first one counts."""
    files = {}
    if layout.lan:
        files["10-hub-lan.network"] = _lan(layout.lan, lan)
    if layout.guest_at:
        files["20-hub-guest.network"] = _way(f"Name={layout.guest_at}", METRICS["cable"])
    if layout.client_radio:
        files["30-hub-wifi.network"] = _way(f"Name={layout.client_radio}", METRICS["wifi"])
    if layout.has_ways_out:
        files["40-hub-usb.network"] = _way(f"Driver={' '.join(TETHER_DRIVERS)}", METRICS["usb"])
        files["50-hub-cable.network"] = _way("Type=ether\nKind=!*\nName=eth* en*", METRICS["cable"])
    return files


def _lan(name: str, lan: Lan) -> str:
    return f"""\
[Match]
Name={name}

[Link]
RequiredForOnline=no

[Network]
Address={lan.hub}/{lan.network.prefixlen}
Address={CAPTIVE}/32
DHCP=no
LinkLocalAddressing=no
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes
IgnoreCarrierLoss=yes
KeepConfiguration=yes
"""


def _way(match: str, metric: int) -> str:
    return f"""\
[Match]
{match}

[Link]
RequiredForOnline=no

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
KeepConfiguration=yes

[DHCPv4]
ClientIdentifier=mac
RouteMetric={metric}
SendHostname=no
UseDomains=no
UseHostname=no
"""
