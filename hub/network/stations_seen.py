"""Which devices the access point holds now, as hostapd says it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_COMMAND_S = 5.0


@dataclass(frozen=True, slots=True)
class Station:
    """One device; of its hardware address only the end is kept, enough to tell two of them apart."""

    name: str
    signal_dbm: int | None
    connected_s: int | None


def read_stations(
    interface: str, *, control: Path = Path("/run/hostapd"), own: Path = Path("/run/hub")
) -> list[Station] | None:
    """Return the devices; None where no access point of ours answers.

    hostapd answers to a socket in `own`: each of our services has a /tmp that no other sees.
    """
    command = ["hostapd_cli", "-p", str(control), "-s", str(own), "-i", interface, "all_sta"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_stations(done.stdout) if done.returncode == 0 else None


def parse_stations(text: str) -> list[Station]:
    """Return the devices of hostapd's answer: a line with the hardware address, then lines `name=value`."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals and len(name) == 17 and name.count(":") == 5:
            found.append((name, {}))
        elif equals and found:
            found[-1][1][name] = value
    return [
        Station(f"…{mac[-5:]}", _number(said.get("signal")), _number(said.get("connected_time")))
        for mac, said in found
        if "[AUTHORIZED]" in said.get("flags", "[AUTHORIZED]")
    ]


def _number(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None
