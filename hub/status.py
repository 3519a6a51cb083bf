"""Look how this hub is: one answer for `hub status`, the technician's page and /status.json.

Every check says what it found, at what level, and what to do; a part that cannot be looked at is a check too.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from content_packs.errors import LocalError, local_error
from hub.clock import later_of, read_floor
from hub.db import DamagedDatabaseError, open_db, to_local_error
from hub.health import Check, Level, Status
from hub.services import read_service
from hub.settings import HubPaths, HubSettings
from hub.wording import later

_OVERDUE = timedelta(days=14)  # longer than a school's short holidays; then somebody should look at the link
_GB = 1e9
_CLOCK_BEHIND = timedelta(minutes=10)
_LATEST_YEAR = 2090  # an RTC that wakes up in 2099 is broken, not late
_PACKS = "select pack_id as id, version, kind, title, size_bytes from installed order by id"
_RUNS = """
    select started_at, finished_at, source, result, message, hint, received_bytes, installed
    from sync_runs order by id desc limit 1
"""
_REACHED = "select finished_at from sync_runs where result = 'ok' order by id desc limit 1"
_UNREAD = """
    select count(*) from installed i where not exists (
        select 1 from search.indexed_packs p
        where p.pack_id = i.pack_id and p.version = i.version and p.state != 'reading')
"""


def read_status(paths: HubPaths, settings: HubSettings, *, system: datetime) -> Status:
    """Look at everything, writing nothing but a missing hub.db; no failure of a part hides the others.

    `system` is what the system's clock says, in UTC.
    """
    now, clock_checks = _read_clock(paths, system)
    library, library_checks = _read_library(paths, now)
    disk, disk_check = _read_disk(paths, settings)
    kolibri = read_service(paths, "kolibri")
    checks = [
        *library_checks,
        disk_check,
        *clock_checks,
        *_check_kolibri(settings, kolibri, library),
        *_check_settings(settings),
    ]
    portal, kiwix = read_service(paths, "portal"), read_service(paths, "kiwix")
    facts = {
        "packs": library.packs,
        "last_sync": library.last_sync,
        "unread_packs": library.unread_packs,
        "disk": disk,
        "services": {"portal": portal, "kolibri": kolibri, "kiwix": kiwix},
        "uptime_s": _read_uptime_s(),
    }
    ordered = sorted(checks, key=lambda check: -check.level)
    return Status(settings.hub_id, settings.portal.name, now, facts, tuple(ordered))


def _check(code: str, level: Level, message: str, hint: str = "", **values: object) -> Check:
    return Check(code, level, message, hint, values)


def _check_fault(code: str, level: Level, message: str, error: LocalError) -> Check:
    """Return the check that says that a part cannot be looked at; learners read the error's code only."""
    values = {"error": error.message, "advice": error.hint or ""}
    return Check(code, level, message, "%(advice)s", values, {"error": error.code})


@dataclass(frozen=True, slots=True)
class _Library:
    packs: list[dict[str, Any]]
    last_sync: dict[str, Any] | None
    unread_packs: int = 0


def _read_library(paths: HubPaths, now: datetime) -> tuple[_Library, list[Check]]:
    try:
        with closing(open_db(paths.db)) as db:
            packs, runs, reached = (list(db.query(query)) for query in (_PACKS, _RUNS, _REACHED))
    except sqlite3.Error as error:
        return _Library([], None), [_check_database(to_local_error(error, "hub.db"))]
    except LocalError as error:
        return _Library([], None), [_check_database(error)]
    last = runs[0] | {"installed": json.loads(runs[0]["installed"] or "[]")} if runs else None
    unread = _count_unread(paths, len(packs))
    checks = [_check_packs(packs), _check_sync(last, reached, now), *_check_search(unread)]
    return _Library(packs, last, unread), checks


def _check_database(error: LocalError) -> Check:
    if not isinstance(error, DamagedDatabaseError):
        message = later("The list of lessons cannot be read: %(error)s.")
        return _check_fault("database", Level.BROKEN, message, error)
    return Check(
        "database",
        Level.BROKEN,
        later("The list of lessons is damaged: %(error)s."),
        later("Run `hub repair`: it makes the list anew from what is on the disk. No lesson is lost."),
        {"error": error.message},
        {"error": error.code},
    )


def _count_unread(paths: HubPaths, installed: int) -> int:
    """Return how many packs the search does not know whole; a search.db that cannot be read knows none."""
    try:
        with closing(sqlite3.connect(_read_only(paths.db), uri=True)) as connection:
            connection.execute("attach ? as search", [_read_only(paths.search_db)])
            return int(connection.execute(_UNREAD).fetchone()[0])
    except sqlite3.DatabaseError:
        return installed


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _check_search(unread: int) -> Iterator[Check]:
    if unread:
        yield _check(
            "search",
            Level.NOTE,
            later("Packs that the search has not read yet: %(count)s."),
            later("It reads them by itself while the portal runs; large ones take an hour."),
            count=unread,
        )


def _check_packs(packs: list[dict[str, Any]]) -> Check:
    if packs:
        return _check("packs", Level.GOOD, later("Lesson packs installed: %(count)s."), count=len(packs))
    return _check(
        "packs",
        Level.ATTENTION,
        later("No lesson packs are installed yet."),
        later("Run `hub sync`, or plug in a stick from the office and run `hub sync --from` its folder."),
    )


def _check_sync(last: dict[str, Any] | None, reached: list[dict[str, Any]], now: datetime) -> Check:
    if last is None:
        return _check(
            "sync",
            Level.NOTE,
            later("This hub has never synced."),
            later("Run `hub sync` when the Internet is there."),
        )
    when = last["finished_at"][:16].replace("T", " ")
    if last["result"] != "ok":
        return Check(
            "sync",
            Level.ATTENTION,
            later("The last sync failed (%(when)s): %(error)s"),
            later("%(advice)s The lessons that are here keep working."),
            {"when": when, "error": last["message"], "advice": last["hint"] or ""},
            {"error": last["result"]},
        )
    newest = datetime.fromisoformat(reached[0]["finished_at"])
    if now - newest > _OVERDUE:
        return _check(
            "sync",
            Level.ATTENTION,
            later("The last sync was %(days)s days ago."),
            later("Check the Internet cable or modem. A stick from the office works as well."),
            days=(now - newest).days,
        )
    return _check("sync", Level.GOOD, later("Last sync: %(when)s, all well."), when=when)


def _read_disk(paths: HubPaths, settings: HubSettings) -> tuple[dict[str, int] | None, Check]:
    try:
        usage = shutil.disk_usage(paths.dir)
    except OSError as error:
        message = later("The disk cannot be read: %(error)s.")
        return None, _check_fault("disk", Level.BROKEN, message, local_error(error, "looking at the disk"))
    reserve = settings.sync.reserve(usage.total)
    disk = {"free_bytes": usage.free, "total_bytes": usage.total, "reserve_bytes": reserve}
    values = {"free": f"{usage.free / _GB:.1f}", "total": f"{usage.total / _GB:.1f}"}
    if not os.access(paths.dir, os.W_OK):
        return disk, _check(
            "disk",
            Level.BROKEN,
            later("The disk cannot be written."),
            later("Switch the hub off and on. If it stays so, the memory card is worn out: replace it."),
        )
    if usage.free < reserve:
        return disk, _check(
            "disk",
            Level.ATTENTION,
            later("The disk is nearly full: %(free)s of %(total)s GB free."),
            later("New lessons wait until there is room. Ask the office to take a pack away."),
            **values,
        )
    return disk, _check("disk", Level.GOOD, later("Disk: %(free)s of %(total)s GB free."), **values)


def _read_clock(paths: HubPaths, system: datetime) -> tuple[datetime, list[Check]]:
    """Return the time as well as it can be known, and what is wrong with the clock."""
    try:
        floor = read_floor(paths.trust)
    except LocalError as error:
        message = later("The time that the office signed last cannot be read: %(error)s.")
        return system, [_check_fault("clock", Level.ATTENTION, message, error)]
    return later_of(system, floor), list(_check_clock(system, floor))


def _check_clock(system: datetime, floor: datetime) -> Iterator[Check]:
    if system < floor - _CLOCK_BEHIND or system.year > _LATEST_YEAR:
        yield _check(
            "clock",
            Level.NOTE,
            later("The clock is wrong: it says %(clock)s."),
            later("Set the time. Lessons and syncs work all the same; dates shown may be wrong."),
            clock=system.strftime("%Y-%m-%d %H:%M"),
        )


def _check_kolibri(
    settings: HubSettings, service: dict[str, Any] | None, library: _Library
) -> Iterator[Check]:
    if not settings.kolibri.enabled:
        return
    if service is None:
        if any(pack["kind"] == "kolibri" for pack in library.packs):
            yield _check(
                "kolibri",
                Level.ATTENTION,
                later("Kolibri does not run; its courses cannot be opened."),
                later("Start it with `hub kolibri`, or switch the hub off and on."),
            )
        return
    if service.get("up"):
        yield _check(
            "kolibri", Level.GOOD, later("Kolibri runs on port %(port)s."), port=service.get("port", "?")
        )
    else:
        yield _check(
            "kolibri",
            Level.NOTE,
            later("Kolibri is starting; its courses cannot be opened yet."),
            later("Wait a few minutes. If it stays so, switch the hub off and on."),
        )
    for channel in service.get("failed") or ():
        yield Check(
            "kolibri-channel",
            Level.ATTENTION,
            later("Kolibri did not take the course %(course)s: %(reason)s"),
            later("Tell the office: the pack has to be built again."),
            {"course": channel.get("id", "?"), "reason": channel.get("reason", "?")},
            {"reason": "…"},
        )


def _check_settings(settings: HubSettings) -> Iterator[Check]:
    if settings.unknown:
        yield _check(
            "settings",
            Level.NOTE,
            later("hub.toml has settings that this hub does not know: %(names)s."),
            later("Look for a typing error; everything else in the file is used."),
            names=", ".join(settings.unknown),
        )
    if settings.refused:
        yield Check(
            "settings-refused",
            Level.ATTENTION,
            later("hub.toml has values that cannot be used: %(faults)s."),
            later("Correct them and start the hub again; until then the usual values are used."),
            {"faults": "; ".join(map(str, settings.refused))},
            {"faults": ", ".join(refused.key for refused in settings.refused)},
        )


def _read_uptime_s() -> int:
    return int(float(Path("/proc/uptime").read_text().split()[0]))
