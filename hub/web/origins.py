"""The hub's two origins as a browser sees them: the portal's, and the one that packs run on.

The Host header only names the machine; ports come from our settings, and a name with any other character
than a host name has is refused, so that it can stand in a header or a page.
"""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")
DEFAULT_PORT = 80


def host_name(header: str) -> str | None:
    """Return the name in a Host header without its port, or None where it is no host name."""
    name = header.strip()
    head, colon, port = name.rpartition(":")
    if colon and port.isdecimal():
        name = head
    return name if _NAME.fullmatch(name) else None


def origin(name: str, port: int) -> str:
    """Return the origin of a port on the machine that the browser calls `name`."""
    return f"http://{name}" if port == DEFAULT_PORT else f"http://{name}:{port}"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two origins listen."""

    portal: int
    content: int
