"""Which names are this hub's own, and which only reach it because the network's DNS sends all names here."""

import socket

# Nobody on the Internet can have such a name: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`; `.lan` is
# what small networks use. Names without a dot are looked up on the local network only.
_LOCAL = (".lan", ".local", ".localhost", ".home.arpa", ".internal")


class OwnNames:
    """The names that browsers may call this hub by: its own, local ones, and every number."""

    def __init__(self, *names: str) -> None:
        own = {plain_name(name) for name in (*names, socket.gethostname()) if name}
        self._own = frozenset(own)
        self._below = tuple(f".{name}" for name in own) + _LOCAL  # p-maths.hub.lan, kolibri.hub.lan

    def has(self, name: str) -> bool:
        """Whether `name`, as `plain_name` returns it, is no foreign host."""
        last = name.rpartition(".")[2]
        # A last label of digits is an IPv4 address (WHATWG URL §3.5); IPv6 stands in brackets.
        return name in self._own or last == name or last.isdigit() or name.endswith(self._below)


def plain_name(name: str) -> str:
    """Return a host name as it is compared: in lower case, without the dot that may end it."""
    return name.lower().removesuffix(".")
