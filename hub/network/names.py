"""Text of dnsmasq's configuration: addresses and names for the class. Pure.

Names of the hub lead to the hub, always. Everything else leads to a captive address while a class cannot go
out, so that every device finds the hub by itself; and through the filter when it can.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

from hub.network.lan import CAPTIVE, Lan
from hub.network.layout import Layout
from hub.network.paths import NetworkPaths
from hub.network.safe import ANSWERED, SAFE_SEARCH

_TTL_S = 10  # of our own answers: soon after a change everybody knows
_LEASE = "8h"
_MAX_LEASES = 960
_WINDOWS_PROBE = ("dns.msftncsi.com", IPv4Address("131.107.255.255"))


def render_names(
    layout: Layout,
    lan: Lan,
    paths: NetworkPaths,
    *,
    own: tuple[str, ...],
    is_open: bool,
    lists: tuple[Path, ...] = (),
    safe_search: Mapping[str, IPv4Address] = SAFE_SEARCH,
) -> str:
    """Return dnsmasq.conf. `own` are our names, with everything below them; `is_open`: a class can go out,
    past the names in `lists`.
    """
    lines = [
        "# Written by `hub card network`: docs/adr/0016.",
        f"interface={layout.lan}",
        "except-interface=lo",
        "bind-dynamic",
        f"pid-file={paths.run / 'dnsmasq.pid'}",
        "no-hosts",
        f"local-ttl={_TTL_S}",
        "filter-AAAA",
        "domain-needed",
        "bogus-priv",
        "dhcp-authoritative",
        f"dhcp-leasefile={paths.run / 'dnsmasq.leases'}",
        f"dhcp-lease-max={_MAX_LEASES}",
        f"dhcp-range={lan.first},{lan.last},{lan.network.netmask},{_LEASE}",
        f"dhcp-option=option:router,{lan.hub}",
        f"dhcp-option=option:dns-server,{lan.hub}",
        "local=/lan/",
        *(line for name in own for line in _leads_to(name, lan.hub)),
        *(f"local=/{name}/" for name in ANSWERED),
    ]
    lines += _filtered(paths, lists, safe_search) if is_open else _captive()
    return "\n".join([*lines, ""])


def _captive() -> list[str]:
    name, address = _WINDOWS_PROBE
    return [
        "no-resolv",
        "no-negcache",
        "cache-size=0",
        *_leads_to("#", CAPTIVE),
        *_leads_to(name, address),
    ]


def _filtered(
    paths: NetworkPaths, lists: tuple[Path, ...], safe_search: Mapping[str, IPv4Address]
) -> list[str]:
    return [
        f"resolv-file={paths.resolvers}",
        *(f"conf-file={path}" for path in lists),
        "filter-rr=HTTPS",  # asked for a blocked name it would come from outside, with an address
        "stop-dns-rebind",
        "cache-size=5000",
        "dns-forward-max=300",
        *(line for name, address in sorted(safe_search.items()) for line in _leads_to(name, address)),
    ]


def _leads_to(name: str, address: IPv4Address) -> tuple[str, str]:
    """Let a name and all below it be an address; whoever asks for another kind hears that there is none."""
    return f"address=/{name}/{address}", f"local=/{name}/"
