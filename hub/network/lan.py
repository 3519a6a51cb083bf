"""The class's own range of addresses: out of the way of what uplinks have, and moved where they meet. Pure.

Common uplinks that it avoids: 192.168.0-2, 8, 10, 31, 42 (Android), 43, 49, 50, 88, 100, 137 (Windows), 178;
10.0.0, 10.0.2, 10.8 (VPN), 10.42 (Ubuntu); 172.16-20 (iPhones, Docker).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

# In a network outside nobody has it, so phones take an answer with it for a sign-in page: image.md §5.2.
CAPTIVE = IPv4Address("198.51.100.1")
# Where names lead that the filter blocks: port 80 is the hub's page that says so, others say no at once.
BLOCKED = IPv4Address("198.51.100.2")
RANGES = tuple(map(IPv4Network, ("10.83.16.0/22", "172.27.16.0/22", "192.168.184.0/22", "100.99.16.0/22")))
_FOR_ACCESS_POINTS = 50  # the first addresses are given to nobody: access points have theirs there


@dataclass(frozen=True, slots=True)
class Lan:
    """The range that a class's devices get their addresses from; about a thousand of them."""

    network: IPv4Network = RANGES[0]

    @property
    def hub(self) -> IPv4Address:
        """The hub's own address: the first."""
        return self.network[1]

    @property
    def first(self) -> IPv4Address:
        """The first address for a device."""
        return self.network[_FOR_ACCESS_POINTS]

    @property
    def last(self) -> IPv4Address:
        """The last address for a device."""
        return self.network[-2]


def choose_lan(taken: Iterable[IPv4Network], kept: IPv4Network | None = None) -> Lan:
    """Return the range: `kept` as long as no network outside has addresses of it, else the first free one.

    Where everything is taken it stays: lessons go on, the way out may not.
    """
    outside = tuple(taken)
    usable = RANGES if kept is None or kept not in RANGES else (kept, *RANGES)
    free = (network for network in usable if not any(network.overlaps(other) for other in outside))
    return Lan(next(free, usable[0]))


def meets(lan: Lan, taken: Iterable[IPv4Network]) -> bool:
    """Whether a network outside has addresses of the class's range."""
    return any(lan.network.overlaps(network) for network in taken)
