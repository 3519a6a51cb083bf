"""Where the demo keeps things, all below .demo or $DEMO_DIR, and which ports it uses."""

import dataclasses
import errno
import os
import shutil
import socket
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from content_packs.errors import LocalError, UsageError

ROOT = Path(__file__).parents[2]
HERE = Path(os.environ.get("DEMO_DIR", ROOT / ".demo")).absolute()
SAMPLES = ROOT / "samples"
BUILT = HERE / "built"
CENTRAL = HERE / "central"
DEPOT = CENTRAL / "depot"
HUB_KEYS = CENTRAL / "hub-keys"
SSHD = HERE / "sshd"
HUB = HERE / "hub"
HUB_ID = "h-demo"
HUB_TOML = HUB / "hub.toml"
LOGS = HERE / "log"
DONE = HERE / "done"
MADE_BY = HERE / "made-by"  # holds SCHEMA once everything below is of it
SCHEMA = 2  # raise it when a built pack, an installation or a hub's folder of before is no longer understood
BIN = ROOT / ".venv" / "bin"
KOLIBRI = ROOT / ".venv-kolibri" / "bin" / "kolibri"
LOCK = HERE / "lock"
LOOPBACK = "127.0.0.1"
_KOLIBRI_PORT, _SSHD_PORT, _INNER_PORT = 8090, 8022, 8180  # the first that is tried
_TRIED_PORTS, _MAX_PORT = 1000, 65535


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of everything that listens: the four that browsers use, and those of loopback."""

    portal: int
    content: int
    kolibri: int
    zip: int
    sshd: int
    inner: tuple[int, int, int, int] | None  # the same four behind the front door; None: there is none


def choose_ports(host: str, wanted_portal: int) -> Ports:
    """Return the ports of the last run as far as they are free on `host`, and free ones for the rest."""
    settings = tomllib.loads(HUB_TOML.read_text(encoding="utf-8")) if HUB_TOML.exists() else {}
    behind_door = find_program("nginx") is not None
    door, kolibri, portal = (settings.get(name, {}) for name in ("door", "kolibri", "portal"))
    last = (door.get("kolibri_port"), door.get("zip_port"))
    if not behind_door and not door.get("enabled"):
        last = (kolibri.get("port"), kolibri.get("zip_port"))
    taken: set[int] = set()
    chosen = Ports(
        portal=_free_port(host, wanted_portal, taken),
        content=_free_port(host, wanted_portal and wanted_portal + 1, taken),
        kolibri=_free_port(host, last[0] or _KOLIBRI_PORT, taken),
        zip=_free_port(host, last[1] or _KOLIBRI_PORT + 1, taken),
        sshd=_free_port(LOOPBACK, urlsplit(settings.get("depot_url", "")).port or _SSHD_PORT, taken),
        inner=None,
    )
    if not behind_door:
        return chosen
    before = (portal.get("port"), portal.get("content_port"), kolibri.get("port"), kolibri.get("zip_port"))
    wanted = before if door.get("enabled") else (None,) * 4
    first, second, third, fourth = (_free_port(LOOPBACK, port or _INNER_PORT, taken) for port in wanted)
    return dataclasses.replace(chosen, inner=(first, second, third, fourth))


def _free_port(host: str, wanted: int, taken: set[int]) -> int:
    """Return the wanted port or the next free one; 0 is any, which another program may take before us."""
    for port in range(wanted, min(wanted + _TRIED_PORTS, _MAX_PORT + 1)) if wanted else (0,) * _TRIED_PORTS:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise UsageError(f"--host {host}: no IPv4 address of this machine ({error})") from error
                continue
            found: int = listener.getsockname()[1]
            if found not in taken:
                taken.add(found)
                return found
    raise LocalError(f"no free port on {host}", hint="End what listens there.")


def find_program(name: str) -> str | None:
    """Return the path of an installed program; daemons lie where a person's PATH does not look."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
