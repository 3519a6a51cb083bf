"""How the machine below the hub is: power, card, services. What cannot be looked at here is no check.

Files of the kernel and of systemd, so that a look costs nothing; on a computer of another kind there are
none of them, and nothing is said.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.health import Check, Level
from hub.machine import find_power, power_bits
from hub.wording import later

_SYSTEMCTL_S = 10.0
_WATCHDOG_RESET = 0x20  # WDIOF_CARDRESET of linux/watchdog.h
_UNIT = "hub-"


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where to look; tests look elsewhere."""

    sys: Path = Path("/sys")
    run: Path = Path("/run")

    @property
    def data_lost(self) -> Path:
        """Written by the initramfs where the data partition could not be mounted."""
        return self.run / "hub-data-lost"

    @property
    def has_systemd(self) -> bool:
        """Whether systemd started this machine, and a card's units are there to be asked for."""
        return (self.run / "systemd" / "system").is_dir() and (self.run / "hub").is_dir()


def check_hardware(where: Hardware | None = None) -> Iterator[Check]:
    """Yield what is wrong with the machine; nothing where all is well."""
    place = where or Hardware()
    yield from _check_data(place)
    yield from _check_power(place)
    yield from _check_watchdog(place)
    if place.has_systemd:
        yield from _check_services(_list_failed())


def _check_data(place: Hardware) -> Iterator[Check]:
    why = _read(place.data_lost)
    if why is not None:
        yield Check(
            "data-lost",
            Level.BROKEN,
            later("The memory card cannot be used: %(why)s. Nothing that happens now is kept."),
            later("Switch the hub off and on. If it stays so, put in a new card and restore the backup."),
            {"why": why},
        )


def _check_power(place: Hardware) -> Iterator[Check]:
    if is_under_voltage(place):
        yield Check(
            "power",
            Level.ATTENTION,
            later("The power supply is too weak: the hub may stop or damage its card."),
            later("Use the power supply that came with the Raspberry Pi, and a short thick cable."),
        )


def is_under_voltage(place: Hardware) -> bool:
    """Whether the board said so since its start: by the firmware's word, or by the kernel's sensor."""
    text = _read(place.sys / "devices/platform/soc/soc:firmware/get_throttled")
    if text is not None:
        power = find_power(power_bits(text) or 0)
        return "under_voltage" in power.now | power.since_boot
    sensors = (path for path in place.sys.glob("class/hwmon/hwmon*") if _read(path / "name") == "rpi_volt")
    return any(_read(path / "in0_lcrit_alarm") == "1" for path in sensors)


def _check_watchdog(place: Hardware) -> Iterator[Check]:
    for path in place.sys.glob("class/watchdog/watchdog*/bootstatus"):
        text = _read(path)
        if text is not None and text.isdecimal() and int(text) & _WATCHDOG_RESET:
            yield Check(
                "watchdog",
                Level.NOTE,
                later("The hub had hung, and started itself again."),
                later("If this comes often: check the power supply, then send the support file."),
            )
            return


def _check_services(failed: list[str]) -> Iterator[Check]:
    if failed:
        yield Check(
            "services",
            Level.ATTENTION,
            later("Parts of the hub that do not run: %(units)s."),
            later("They are started again by themselves. If it stays so, restart the hub."),
            {"units": ", ".join(failed)},
        )


def _list_failed() -> list[str]:
    command = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager", f"{_UNIT}*"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SYSTEMCTL_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_failed(done.stdout)


def parse_failed(text: str) -> list[str]:
    """Return the services in what `systemctl list-units --failed` prints, without their common words."""
    names = (line.split()[0] for line in text.splitlines() if line.split())
    return sorted({name.removeprefix(_UNIT).rpartition(".")[0] for name in names if name.startswith(_UNIT)})


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
