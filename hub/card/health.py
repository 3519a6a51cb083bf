"""Whether this version of the hub works, looked at from outside as a class meets it; then it is kept.

What failed before an update already does not count against it: a hub whose radio is broken has to get the
version that mends it.
"""

import http.client
import random
import socket
import sqlite3
import struct
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from hub.network.state import read_network_state
from hub.settings import HubPaths, HubSettings

_TIMEOUT_S = 20.0
_DNS_PORT = 53
_OK = 200
_A, _IN = 1, 1  # RFC 1035 §3.2.2, §3.2.4


@dataclass(frozen=True, slots=True)
class Health:
    """What was looked at: name → what is wrong, empty where nothing is."""

    checks: Mapping[str, str]

    @property
    def failing(self) -> tuple[str, ...]:
        """The names of what is wrong."""
        return tuple(name for name, wrong in self.checks.items() if wrong)

    def newly_failing(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """The names of what is wrong now and was not before."""
        return tuple(name for name in self.failing if name not in before)

    def why(self, names: tuple[str, ...]) -> str:
        """Say what is wrong with these, in one line."""
        return "; ".join(f"{name}: {self.checks[name]}" for name in names)


def look(paths: HubPaths, settings: HubSettings) -> Health:
    """Look at everything, each part whatever the others say."""
    checks: dict[str, Callable[[], str]] = {
        "databases": lambda: check_databases(paths),
        "network": lambda: check_network(paths),
        "dns": lambda: check_dns(paths, settings),
        "portal": lambda: check_portal("127.0.0.1", settings.door.port, settings.door.hub_name),
    }
    return Health({name: check() for name, check in checks.items()})


def check_portal(host: str, port: int, name: str) -> str:
    """Return what is wrong with the portal's first page as it comes through the door, or nothing."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/?health", headers={"Host": name})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port}: {error}"
    finally:
        connection.close()
    return "" if answer.status == _OK else f"expected 200 on port {port}, got {answer.status}"


def check_dns(paths: HubPaths, settings: HubSettings) -> str:
    """Return what is wrong with the class's DNS, or nothing; where there is no network for one, nothing."""
    lan = (read_network_state(paths) or {}).get("lan") or {}
    address = lan.get("hub", "")
    if not address or not lan.get("interface"):
        return ""  # a guest in another network, or without a radio
    try:
        found = ask_dns(str(address), settings.door.hub_name)
    except OSError as error:
        return f"{address} does not answer: {error}"
    return "" if found else f"{address} has no address for {settings.door.hub_name}"


def ask_dns(server: str, name: str, *, port: int = _DNS_PORT) -> bool:
    """Whether a server has an address for a name; raises OSError where it does not answer."""
    number = random.SystemRandom().randrange(1 << 16)
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    question = (
        struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", _A, _IN)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_TIMEOUT_S / 4)
        asking.connect((server, port))
        asking.send(question)
        answer = asking.recv(512)
    if len(answer) < 12 or answer[:2] != question[:2]:
        return False
    flags, _, answers = struct.unpack("!HHH", answer[2:8])
    return not flags & 0x000F and answers > 0


def check_network(paths: HubPaths) -> str:
    """Return what is wrong with the hub's own access point, or nothing; another's is not ours to look at."""
    state = read_network_state(paths)
    if state is None:
        return "nobody watches the network: hub-network does not run"
    if state.get("mode") != "builtin":
        return ""
    stations = state.get("stations")
    if stations is None:
        return "no Wi-Fi was found"
    return "the access point does not run" if stations.get("count") is None else ""


def check_databases(paths: HubPaths) -> str:
    """Return which database cannot be read, or nothing; one that is not there yet is none."""
    for path in (paths.db, paths.accounts_db):
        if not path.exists():
            continue
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                found = connection.execute("pragma quick_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            return f"{path.name}: {error}"
        if found != "ok":
            return f"{path.name}: {found}"
    return ""
