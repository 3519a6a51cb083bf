"""This machine's own addresses."""

import errno
import socket

import ifaddr

from content_packs.errors import LocalError
from hub.settings import LOOPBACK

ANY_HOST = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on
_REACHED_AT = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, not listened on


def reachable(host: str) -> str:
    """Return where this machine itself reaches what listens on `host`."""
    return _REACHED_AT.get(host, host)


def require_free(host: str, port: int, *, setting: str) -> None:
    """Raise LocalError where another program listens on the port that `setting` of hub.toml says."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = f"Stop it, or choose another: {setting} in hub.toml."
            raise LocalError(
                f"listening on {host} port {port}: another program uses this port", hint=hint
            ) from error


def list_addresses() -> list[str]:
    """Return the IPv4 addresses that others can reach; those of loopback only where there is nothing else."""
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    outside = [address for address in found if not address.startswith("127.")]
    return sorted(outside) or sorted(found)
