"""The hub's origins as a browser sees them: the portal's, the packs', Kolibri's. Pure.

The Host header only names the machine; ports come from our settings, and a name with any other character
than a host name has is refused, so that it can stand in a header or a page. Who comes straight to `hub
serve` finds packs on a second port (`Ports`). Behind the front door (`Door`) the hub's own name is told from
all others: there each pack has a host of its own, and Kolibri has one; a browser that knows the hub by a
number, or by a name that is not ours to extend, finds them on further ports of what it calls the hub.
"""

import re
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Self

_NAME = re.compile(  # no label is empty, or longer than RFC 1035 §2.3.4 allows: Flask falls over such names
    r"(?!.*(?:\.\.|[A-Za-z0-9-]{64}))[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]"
)
DEFAULT_PORT = 80
KOLIBRI_LABEL = "kolibri"
_SHORT_ID = 61  # characters that fit a label of 63 behind "p-": RFC 1035 §2.3.4
_HEAD = 32  # of a longer id, in a label of its own; "x" keeps both labels from ending at a hyphen
_SHORT_LABEL = rf"p-([a-z0-9-]{{1,{_SHORT_ID}}})"
_LONG_LABEL = rf"p-([a-z0-9-]{{{_HEAD}}})x\.x([a-z0-9-]{{{_SHORT_ID + 1 - _HEAD},{_HEAD}}})"
PACK_LABELS = (_SHORT_LABEL, _LONG_LABEL)  # for nginx: their groups, one after the other, are the pack's id


def host_name(header: str) -> str | None:
    """Return the name in a Host header without its port, or None where it is no host name.

    The dot that may end a name, so that no search domain is tried, is left out: Ubuntu asks so.
    """
    name = header.strip()
    head, colon, port = name.rpartition(":")
    if colon and port.isdecimal():
        name = head
    name = name.removesuffix(".")
    return name if _NAME.fullmatch(name) else None


def origin(name: str, port: int) -> str:
    """Return the origin of a port on the machine that the browser calls `name`."""
    return f"http://{name}" if port == DEFAULT_PORT else f"http://{name}:{port}"


def pack_label(pack_id: str) -> str:
    """Return what stands before the packs' domain in the name of a pack's own host."""
    if len(pack_id) <= _SHORT_ID:
        return f"p-{pack_id}"
    return f"p-{pack_id[:_HEAD]}x.x{pack_id[_HEAD:]}"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two origins listen that `hub serve` has by itself."""

    portal: int
    content: int

    def portal_origin(self, name: str) -> str:
        """Return the origin of the portal for a browser that calls the hub `name`."""
        return origin(name, self.portal)

    def pack_origin(self, name: str, _pack_id: str) -> str:
        """Return the origin of a pack for a browser that calls the hub `name`."""
        return origin(name, self.content)

    def packs_source(self, name: str) -> str:
        """Return what stands for all packs in a policy of the portal."""
        return origin(name, self.content)

    def seen_from_pack(self, name: str) -> tuple[str, str]:
        """Return the packs' origin that a browser calls `name`, and the portal's beside it."""
        return origin(name, self.content), origin(name, self.portal)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the front door is: names in the hub's own network, ports for who does not use them."""

    hub_name: str
    packs_domain: str
    port: int
    packs_port: int
    kolibri_port: int
    zip_port: int

    @property
    def kolibri_name(self) -> str:
        """The host of Kolibri."""
        return f"{KOLIBRI_LABEL}.{self.hub_name}"

    @property
    def portal_host(self) -> str:
        """The Host header of a browser that knows the hub by its own name."""
        return origin(self.hub_name, self.port).removeprefix("http://")

    def is_hub(self, name: str) -> bool:
        """Whether the browser knows the hub by its own name, so that it knows the others too."""
        return name.lower() == self.hub_name

    def portal_origin(self, name: str) -> str:
        """Return the origin of the portal for a browser that calls the hub `name`."""
        return origin(name, self.port)

    def pack_origin(self, name: str, pack_id: str) -> str:
        """Return the origin of a pack for a browser that calls the hub `name`."""
        if self.is_hub(name):
            return origin(f"{pack_label(pack_id)}.{self.packs_domain}", self.port)
        return origin(name, self.packs_port)

    def packs_source(self, name: str) -> str:
        """Return what stands for all packs in a policy of the portal."""
        if self.is_hub(name):
            return origin(f"*.{self.packs_domain}", self.port)
        return origin(name, self.packs_port)

    def kolibri_origin(self, name: str) -> str:
        """Return Kolibri's origin for a browser that calls the hub `name`."""
        if self.is_hub(name):
            return origin(self.kolibri_name, self.port)
        return origin(name, self.kolibri_port)

    def seen_from_pack(self, name: str) -> tuple[str, str]:
        """Return the packs' origin that a browser calls `name`, and the portal's beside it."""
        if name.lower().endswith(f".{self.packs_domain}"):
            return origin(name, self.port), origin(self.hub_name, self.port)
        return origin(name, self.packs_port), origin(name, self.port)

    def to_header(self) -> str:
        """Return the door as it introduces itself to the portal, in one header."""
        return " ".join(map(str, astuple(self)))

    @classmethod
    def from_header(cls, text: str) -> Self:
        """Return the door that `to_header` wrote; ValueError where it is none."""
        hub_name, packs_domain, *ports = text.split()
        return cls(hub_name, packs_domain, *map(int, ports))


Entrance = Ports | Door


@lru_cache(maxsize=8)
def read_door(text: str) -> Door:
    """Return the door that introduces itself so."""
    return Door.from_header(text)
