"""Put the files of a network where they belong, and say who has to read them again."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from content_packs.console import note
from content_packs.durable import locked, write_durably
from content_packs.errors import LocalError, local_error
from hub.network.paths import NetworkPaths
from hub.network.render import Network

Command = tuple[str, ...]
Runner = Callable[[Command], None]
_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_COMMAND_S = 60.0
_FOLDER_MODE = 0o755
AP_UNIT, DNS_UNIT, CLIENT_UNIT = "hub-ap.service", "hub-dns.service", "hub-uplink-wifi.service"


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies otherwise than it shall: files to write, and those to take away."""

    changed: tuple[Path, ...]
    gone: tuple[Path, ...]

    @property
    def paths(self) -> frozenset[Path]:
        """All of them."""
        return frozenset((*self.changed, *self.gone))


def find_difference(network: Network, paths: NetworkPaths) -> Difference:
    """Compare what shall be with what lies there."""
    changed = tuple(path for path, file in network.files.items() if not _is_there(path, file.text, file.mode))
    old_links = set(paths.links.glob("*-hub-*.network")) - network.files.keys()
    gone = tuple(path for path in (*network.gone, *sorted(old_links)) if path.exists())
    return Difference(changed, gone)


def _is_there(path: Path, text: str, mode: int) -> bool:
    try:
        return path.read_bytes() == text.encode() and path.stat().st_mode & 0o777 == mode
    except OSError:
        return False


def plan_commands(difference: Difference, paths: NetworkPaths) -> list[Command]:
    """Return the commands that make the running parts read what changed, the firewall first. Pure."""
    touched = difference.paths
    links = [path for path in touched if path.parent == paths.links]
    moved = paths.links / "10-hub-lan.network" in touched
    commands: list[Command] = []
    if paths.firewall in touched:
        commands.append(("nft", "-f", str(paths.firewall)))
    if links:
        commands.append(("networkctl", "reload"))
    if touched & {paths.supplicant, paths.client_radio}:
        commands.append(("systemctl", "--no-block", "restart", CLIENT_UNIT))
    # A device whose Wi-Fi was away for a moment asks for its address again: so it follows a range that moved.
    if paths.hostapd in touched or moved:
        commands.append(("systemctl", "--no-block", "restart", AP_UNIT))
    if paths.dnsmasq in touched or moved:
        commands.append(("systemctl", "--no-block", "restart", DNS_UNIT))
    return commands


def write_network(network: Network, paths: NetworkPaths) -> Difference:
    """Write the files; each is whole at every moment.

    Raises:
        LocalError: a folder cannot be written.
    """
    try:
        with locked(paths.run / "network.lock", doing="hub card network", wait=True):
            for folder in (paths.run, paths.links, paths.kept):
                _make_readable(folder)
            difference = find_difference(network, paths)
            for path in difference.changed:
                write_durably(path, network.files[path].text.encode(), mode=network.files[path].mode)
            for path in difference.gone:
                path.unlink(missing_ok=True)
            _keep_range(network, paths)
            if not paths.resolvers.exists():  # dnsmasq does not start without it
                write_durably(paths.resolvers, b"")
    except OSError as error:
        raise local_error(error, "writing the network's files") from error
    return difference


def _make_readable(folder: Path) -> None:
    """Make a folder that dnsmasq and networkd, which are not root, can look into, whatever our umask."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o777 != _FOLDER_MODE:
        folder.chmod(_FOLDER_MODE)


def _keep_range(network: Network, paths: NetworkPaths) -> None:
    text = f"{network.lan.network}\n".encode()
    if not paths.range.is_file() or paths.range.read_bytes() != text:
        write_durably(paths.range, text)


def apply_network(network: Network, paths: NetworkPaths, *, run: Runner | None = None) -> Difference:
    """Write the files and let the running parts read them.

    At boot nothing runs yet: `hub card boot` calls `write_network`.

    Raises:
        LocalError: a folder cannot be written, or a command fails.
    """
    difference = write_network(network, paths)
    for command in plan_commands(difference, paths):
        (run or run_command)(command)
    set_forwarding(network.forwards)
    return difference


def set_forwarding(on: bool, *, path: Path = _FORWARD) -> None:
    """Let the kernel carry packets from one network to another, or not."""
    try:
        if path.read_text().strip() != str(int(on)):
            path.write_text(str(int(on)))
    except OSError as error:
        note(local_error(error, "setting ip_forward").message)


def run_command(command: Command, *, text: str = "", environment: Mapping[str, str] = os.environ) -> None:
    """Run one command with `text` as its input; LocalError where it fails, with what it said."""
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LocalError(f"{command[0]}: {error}", hint="Switch the hub off and on.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [str(done.returncode)]
        hint = "This is a fault of ours: send the support file to the office."
        raise LocalError(f"{' '.join(command)}: {said[0]}", hint=hint)
