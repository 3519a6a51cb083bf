"""What takes long to read, kept until a database changes, or for a minute: time passes too."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from provisioning.central.office import Office

T = TypeVar("T")
_KEPT_FOR = timedelta(minutes=1)
_MOST = 16  # of one sort; the one that was read longest ago goes
_State = tuple[tuple[int, int], ...]


class Kept(Generic[T]):
    """Values by a key. One thread reads at a time; the others wait for what it finds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[Path, str], tuple[_State, datetime, T]] = {}

    def get(self, office: Office, key: str, read: Callable[[], T], *, now: datetime) -> T:
        """Return what `read` gives, or gave a moment ago."""
        with self._lock:
            state, place = _state(office), (office.dir, key)
            known = self._values.get(place)
            if known is not None and known[0] == state and now - known[1] < _KEPT_FOR:
                return known[2]
            value = read()
            self._values.pop(place, None)
            self._values[place] = (state, now, value)
            while len(self._values) > _MOST:
                self._values.pop(next(iter(self._values)))
            return value


def _state(office: Office) -> _State:
    """Return what tells whether a database changed: SQLite writes beside it first, then into it.

    Whoever only reads leaves an empty file beside it for that time: each request looks who is signed in.
    """
    files = [
        path.with_name(path.name + suffix)
        for path in (office.fleet_db, office.reports_db, office.people_db)
        for suffix in ("", "-wal")
    ]
    return tuple(_stat(path) for path in files)


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size) if found.st_size else (0, 0)
