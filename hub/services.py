"""What the running processes of one hub tell each other: run/<name>.json, an object with

    format  1
    boot    which start of this machine it is of; a file from before a power cut counts as none
    pid     of the process; the file of a dead one counts as none

and what the process adds. Each is written by one module, which says what else is in it:

    portal   hub/serve.py
    kiwix    hub/kiwix.py
    kolibri  hub/kolibri/process.py
    door     hub/door/run.py
    sync     hub/cli/sync.py
    job      hub/runner/run.py
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from content_packs.console import note
from content_packs.durable import write_durably
from content_packs.errors import local_error
from content_packs.owner import read_plain
from hub.settings import HubPaths

FORMAT = 1
_RETRY_S = 30.0  # after the disk refused
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_DEAD = ("Z", "X")  # a zombie has ended and only waits to be asked how: proc(5)


class ServiceFile:
    """The file of one process. A disk that refuses it is named, and no reason to end what runs."""

    def __init__(self, paths: HubPaths, name: str) -> None:
        self._path = paths.run / f"{name}.json"
        self._written: dict[str, Any] = {}
        self._retry_at = 0.0

    def write(self, values: Mapping[str, Any]) -> None:
        """Say `values`, with `pid` among them; costs nothing where the file says so already."""
        now = time.monotonic()
        state = {"format": FORMAT, "boot": _read_boot(), **values}
        if state == self._written or now < self._retry_at:
            return
        try:
            write_durably(self._path, json.dumps(state).encode())
            self._written, self._retry_at = state, 0.0
        except OSError as error:
            if not self._retry_at:
                note(local_error(error, f"writing {self._path}").message)
            self._retry_at = now + _RETRY_S

    def end(self) -> None:
        """Say that the process does not run, and leave that it was started (`was_started`)."""
        self._retry_at = 0.0
        self.write({})

    def remove(self) -> None:
        """Say that the process does not run; a file that stays counts for nothing once it has ended."""
        self._written, self._retry_at = {}, 0.0
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            note(local_error(error, f"removing {self._path}").message)


def read_service(paths: HubPaths, name: str) -> dict[str, Any] | None:
    """Return what a running process of this hub says of itself; None where it does not run."""
    try:
        values = json.loads(read_plain(paths.run / f"{name}.json"))
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict) or values.get("boot", _read_boot()) != _read_boot():
        return None
    pid = values.get("pid")
    return values if isinstance(pid, int) and _is_alive(pid) else None


def was_started(paths: HubPaths, name: str) -> bool:
    """Whether this process was started since this machine was; of one that leaves its file at its end."""
    try:
        values = json.loads(read_plain(paths.run / f"{name}.json"))
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and values.get("boot") == _read_boot()


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in _DEAD  # the name before it may hold anything


def _read_boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
