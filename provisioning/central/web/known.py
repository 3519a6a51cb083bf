"""What is known of all schools: read once, and kept until a database changes or a minute has passed."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from provisioning.central.fleetview import SchoolView, read_fleet
from provisioning.central.office import Office
from provisioning.central.web.dashboard import now, this_office

_KEPT_FOR = timedelta(minutes=1)
_State = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Fleet:
    """All enrolled schools, worst first, as of a time."""

    read_at: datetime
    schools: tuple[SchoolView, ...]


class _Kept:
    """The fleet as it was read last. One thread reads at a time; the others wait for what it finds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_office: dict[Path, tuple[_State, Fleet]] = {}

    def read(self, office: Office, moment: datetime) -> Fleet:
        with self._lock:
            state = _state(office)
            known = self._by_office.get(office.dir)
            if known is not None and known[0] == state and moment - known[1].read_at < _KEPT_FOR:
                return known[1]
            fleet = Fleet(moment, read_fleet(office, moment))
            self._by_office[office.dir] = (state, fleet)
            return fleet


_KEPT = _Kept()


def known_fleet() -> Fleet:
    """Return the fleet as the databases have it."""
    return _KEPT.read(this_office(), now())


def find_school(hub_id: str) -> SchoolView | None:
    """Return one school, by the id of its hub."""
    return next((view for view in known_fleet().schools if view.hub.hub_id == hub_id), None)


def _state(office: Office) -> _State:
    """Return what tells whether a database changed: SQLite writes beside it first, then into it."""
    files = [
        path.with_name(path.name + suffix)
        for path in (office.fleet_db, office.reports_db)
        for suffix in ("", "-wal")
    ]
    return tuple(_stat(path) for path in files)


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
