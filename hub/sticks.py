"""Sticks: what is plugged in, what is on it, and whether it may be pulled out.

run/sticks.json, an object with

    format  1
    boot    which start of this machine it is of; one from before counts as none
    sticks  a list of Stick, as `to_dict` writes it

is written by `hub sticks` (hub/runner/mounts.py), which udev starts, and by the jobs that use a stick.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from content_packs.owner import read_plain
from hub.clock import read_boot_id
from hub.settings import HubPaths

FORMAT = 1
FILE = "sticks.json"
LOOKING, READY, IN_USE, SAFE, FAILED = "looking", "ready", "in-use", "safe-to-remove", "failed"


@dataclass(frozen=True, slots=True)
class OfferedPack:
    """A version on a stick that the office means for this hub; `installed` is what is here, 0: none."""

    id: str
    version: int
    installed: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FoundBackup:
    """A backup on a stick, as its first line says; what is wrong inside shows only when it is restored."""

    file: str
    hub_id: str
    school: str
    taken_at: str  # ISO 8601
    size_bytes: int
    is_sealed: bool  # needs the code that it was made with


@dataclass(frozen=True, slots=True)
class Stick:
    """One stick, or one partition of it."""

    name: str  # of the folder, in addresses and jobs
    label: str  # as people see it
    mount: str  # the folder; empty while it is not mounted
    filesystem: str
    size_bytes: int
    free_bytes: int
    is_writable: bool  # it can take a backup and reports
    has_depot: bool
    packs: tuple[OfferedPack, ...] = ()
    backups: tuple[FoundBackup, ...] = ()
    state: str = LOOKING  # looking, ready, in-use, safe-to-remove or failed
    message: str = ""  # why it failed, or why nothing on it is offered; English with places for `values`
    hint: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self) | {"values": dict(self.values)}


def list_sticks(paths: HubPaths) -> tuple[Stick, ...]:
    """Return what is plugged in now, by name; nothing where no one looks after sticks."""
    try:
        state = json.loads(read_plain(paths.run / FILE))
    except (OSError, ValueError):
        return ()
    if not isinstance(state, dict) or state.get("boot") != read_boot_id():
        return ()
    found = (from_dict(values) for values in state.get("sticks", ()))
    return tuple(sorted((stick for stick in found if stick is not None), key=lambda stick: stick.name))


def find_stick(paths: HubPaths, name: str) -> Stick | None:
    """Return the stick of that name, if it is plugged in."""
    return next((stick for stick in list_sticks(paths) if stick.name == name), None)


def to_text(sticks: Iterable[Stick]) -> bytes:
    """Return the content of run/sticks.json."""
    listed = [stick.to_dict() for stick in sticks]
    return json.dumps({"format": FORMAT, "boot": read_boot_id(), "sticks": listed}).encode()


def from_dict(values: Mapping[str, Any]) -> Stick | None:
    """Return a stick of `asdict`; None where it is none."""
    try:
        packs = tuple(OfferedPack(**pack) for pack in values["packs"])
        backups = tuple(FoundBackup(**backup) for backup in values["backups"])
        return Stick(**{**values, "packs": packs, "backups": backups})
    except (TypeError, KeyError):
        return None
