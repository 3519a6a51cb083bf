"""This machine's own addresses."""

import ifaddr

ANY_HOST = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


def list_addresses() -> list[str]:
    """Return the IPv4 addresses that others can reach; those of loopback only where there is nothing else."""
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    outside = [address for address in found if not address.startswith("127.")]
    return sorted(outside) or sorted(found)
