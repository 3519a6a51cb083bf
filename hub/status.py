"""Look how this hub is: one answer for `hub status`, the technician's page and /status.json.

Every check says what it found, at what level, and what to do; a part that cannot be looked at is a check too.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from content_packs.errors import LocalError, local_error
from content_packs.kinds import KINDS
from content_packs.transports.address import is_web
from hub.clock import best_time, hub_moment, is_known, read_floor
from hub.coming import read_coming
from hub.db import DamagedDatabaseError, open_db, to_local_error
from hub.hardware import check_hardware
from hub.health import Check, Level, Status
from hub.machine import read_card, read_temperature_c
from hub.network.state import check_network, read_network_state
from hub.outbox import Outbox
from hub.services import read_service
from hub.settings import HubPaths, HubSettings
from hub.updates import KINDS as UPDATES
from hub.updates import Update, Updates, read_updates
from hub.uplink.limits import Moment
from hub.wear import check_wear
from hub.wording import Local, Size, later

_SERVICES = ("portal", "kiwix", "door", "kolibri")
_OVERDUE = timedelta(days=14)  # longer than a school's short holidays; then somebody should look at the link
_MENDED_TOLD = timedelta(days=14)
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
    library, library_checks = _read_library(paths, settings, now, system)
    disk, disk_check = _read_disk(paths, settings)
    portal, kiwix, door, kolibri = (read_service(paths, name) for name in _SERVICES)
    network = read_network_state(paths)
    checks = [
        *library_checks,
        disk_check,
        *clock_checks,
        *_check_kolibri(settings, kolibri, door, library),
        *_check_mended(kolibri or {}, now),
        *_check_settings(settings),
        *check_network(network),
        *_check_updates(read_updates(paths), library.packs),
        *check_wear(read_temperature_c(), read_card(paths.dir)),
        *check_hardware(),
    ]
    reports, report_checks = _read_reports(paths, settings)
    checks += report_checks
    facts = {
        "packs": library.packs,
        "last_sync": library.last_sync,
        "unread_packs": library.unread_packs,
        "coming": library.coming,
        "held": library.held,
        "reports": reports,
        "disk": disk,
        "services": {"portal": portal, "kolibri": kolibri, "kiwix": kiwix, "door": door},
        "network": network,
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
    coming: dict[str, Any] | None = None
    held: list[dict[str, Any]] = field(default_factory=list)


def _read_library(
    paths: HubPaths, settings: HubSettings, now: datetime, system: datetime
) -> tuple[_Library, list[Check]]:
    try:
        with closing(open_db(paths.db)) as db:
            packs, runs, reached = (list(db.query(query)) for query in (_PACKS, _RUNS, _REACHED))
            coming = read_coming(db, settings.sync, _moment(paths, system))
    except sqlite3.Error as error:
        return _Library([], None), [_check_database(to_local_error(error, "hub.db"))]
    except LocalError as error:
        return _Library([], None), [_check_database(error)]
    last = runs[0] | {"installed": json.loads(runs[0]["installed"] or "[]")} if runs else None
    unread = _count_unread(paths, len(packs))
    held = list(_list_held(paths, packs))
    checks = [
        *(_check_packs(packs), _check_sync(last, reached, now), *coming.checks),
        *(*_check_held(held), *_check_search(unread)),
    ]
    return _Library(packs, last, unread, coming.facts, held), checks


def _moment(paths: HubPaths, system: datetime) -> Moment:
    """Return the local time; where the floor cannot be read, nobody knows it. `_read_clock` says why."""
    try:
        return hub_moment(paths.trust, system)
    except LocalError:
        return Moment(system.astimezone().replace(tzinfo=None), is_known=False)


def _list_held(paths: HubPaths, packs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the packs that a person rolled back; the newer version waits until the office has another."""
    for pack in packs:
        try:
            text = paths.held(pack["id"]).read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if text.isdecimal():
            yield {"id": pack["id"], "version": pack["version"], "held_from": int(text)}


def _check_held(held: list[dict[str, Any]]) -> Iterator[Check]:
    if held:
        yield _check(
            "held",
            Level.NOTE,
            later("Rolled back by hand, and kept so until the office has a newer version: %(packs)s."),
            later(
                "To take the office's version again: “Follow the office again” on the page “Lessons and "
                "sticks”, or `hub packs --follow PACK`; then a sync."
            ),
            packs=", ".join(f"{pack['id']} v{pack['version']}" for pack in held),
        )


def _check_database(error: LocalError) -> Check:
    if not isinstance(error, DamagedDatabaseError):
        message = later("The list of lessons cannot be read: %(error)s.")
        return _check_fault("database", Level.BROKEN, message, error)
    return Check(
        "database",
        Level.BROKEN,
        later("The list of lessons is damaged: %(error)s."),
        later(
            "“Read all and mend” on the page “Lessons and sticks”, or `hub repair`, makes the list anew from "
            "what is on the disk. No lesson is lost."
        ),
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
    count = sum(pack["kind"] not in KINDS or KINDS[pack["kind"]].for_learners for pack in packs)
    if count:
        return _check("packs", Level.GOOD, later("Lesson packs installed: %(count)s."), count=count)
    return _check(
        "packs",
        Level.ATTENTION,
        later("No lesson packs are installed yet."),
        later(
            "Press “Sync now” on the page “Sync”, or plug in a stick from the office and look at the page "
            "“Lessons and sticks”. By command: `hub sync`, or `hub sync --from` the stick's folder."
        ),
    )


_UPDATES: Mapping[str, tuple[Level, str, str]] = {
    "writing": (
        Level.NOTE,
        later("Update %(version)s (%(name)s) is being written."),
        later("Lessons go on. It may be switched off: it goes on where it was."),
    ),
    "waiting": (
        Level.NOTE,
        later("Update %(version)s (%(name)s) is ready; it is tried at the next start."),
        later("Start the hub again when no class is on it. It also does so by itself at night."),
    ),
    "trying": (
        Level.NOTE,
        later("Update %(version)s (%(name)s) is being tried."),
        later("Leave the hub on for a quarter of an hour. If it does not work, the former one comes back."),
    ),
    "failed": (
        Level.ATTENTION,
        later("Update %(version)s (%(name)s) did not work (%(why)s); %(before)s is back."),
        later("Lessons go on. Tell the office; a newer version is tried by itself."),
    ),
    "refused": (
        Level.ATTENTION,
        later("Update %(version)s (%(name)s) cannot be used on this hub: %(why)s."),
        later("Lessons go on with the version that runs. Tell the office."),
    ),
    "good": (Level.GOOD, later("Update %(version)s (%(name)s) runs."), ""),
}


def _check_updates(updates: Updates | None, packs: list[dict[str, Any]]) -> Iterator[Check]:
    """Yield what became of updates of the hub itself; where nobody takes any, that they are not taken."""
    if updates is None:
        if any(pack["kind"] in UPDATES for pack in packs):
            yield _check(
                "updates",
                Level.GOOD,
                later("There is an update of the hub itself. Only a hub on its card takes it."),
            )
        return
    yield from (_check_update(item) for item in updates.items)


def _check_update(item: Update) -> Check:
    level, message, hint = _UPDATES[item.state]
    values = {
        "version": item.version,
        "name": item.name,
        "why": item.why.rstrip("."),
        "before": item.before,
    }
    return Check(f"update-{item.kind}", level, message, hint, values, {"why": "…"})


def _check_sync(last: dict[str, Any] | None, reached: list[dict[str, Any]], now: datetime) -> Check:
    if last is None:
        return _check(
            "sync",
            Level.NOTE,
            later("This hub has never synced."),
            later("When the Internet is there, press “Sync now” on the page “Sync”, or run `hub sync`."),
        )
    when = Local(last["finished_at"])
    if last["result"] != "ok":
        return Check(
            "sync",
            Level.ATTENTION,
            later("The last sync failed (%(when)s): %(error)s"),
            later("%(advice)s The lessons that are here keep working."),
            {
                "when": when,
                "error": last["message"],
                "advice": last["hint"] or "",
                "fault": last["result"],
            },
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
    values: dict[str, Any] = {"free": Size(usage.free), "total": Size(usage.total)}
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
            later("The disk is nearly full: %(free)s of %(total)s free."),
            later("New lessons wait until there is room. Ask the office to take a pack away."),
            **values,
        )
    return disk, _check("disk", Level.GOOD, later("Disk: %(free)s of %(total)s free."), **values)


def _read_reports(paths: HubPaths, settings: HubSettings) -> tuple[dict[str, int] | None, list[Check]]:
    """Return what the office has not heard yet, and that it cannot be looked at."""
    try:
        waiting = Outbox(paths).waiting()
    except LocalError as error:
        message = later("The reports to the office cannot be read: %(error)s.")
        return None, [_check_fault("reports", Level.ATTENTION, message, error)]
    facts = {"events": waiting.events, "segments": waiting.segments, "size_bytes": waiting.size_bytes}
    if not waiting.events or not is_web(settings.depot_url):
        return facts, []
    message = later("Reports that wait for a stick, since this depot is on the web: %(count)s.")
    return facts, [_check("reports", Level.GOOD, message, count=waiting.events)]


def _read_clock(paths: HubPaths, system: datetime) -> tuple[datetime, list[Check]]:
    """Return the time as well as it can be known, and what is wrong with the clock."""
    try:
        floor = read_floor(paths.trust)
    except LocalError as error:
        message = later("The time that the office signed last cannot be read: %(error)s.")
        return system, [_check_fault("clock", Level.ATTENTION, message, error)]
    return best_time(system, floor), list(_check_clock(system, floor))


def _check_clock(system: datetime, floor: datetime) -> Iterator[Check]:
    if not is_known(system, floor):
        yield _check(
            "clock",
            Level.NOTE,
            later("The clock is wrong: it says %(clock)s."),
            later("Set the time. Lessons and syncs work all the same; dates shown may be wrong."),
            clock=Local(system.isoformat()),
        )


def _check_kolibri(
    settings: HubSettings, service: dict[str, Any] | None, door: dict[str, Any] | None, library: _Library
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
        port = door.get("kolibri_port") if door else None  # where browsers find it
        yield _check(
            "kolibri",
            Level.GOOD,
            later("Kolibri runs on port %(port)s."),
            port=port or service.get("port", "?"),
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


def _check_mended(kolibri: Mapping[str, Any], now: datetime) -> Iterator[Check]:
    """Tell for a while that Kolibri's learners and marks are those of another day: hub/kolibri/kept.py."""
    try:
        at, copy_at = kolibri["mended"]["at"], kolibri["mended"]["copy_at"]
        is_recent = now - datetime.fromisoformat(at) < _MENDED_TOLD
        copy = datetime.fromisoformat(copy_at).isoformat() if copy_at else ""
    except (KeyError, TypeError, ValueError):
        return  # never damaged, or told by another version of the hub
    if is_recent and copy:
        yield _check(
            "kolibri-mended",
            Level.ATTENTION,
            later("Kolibri's learners and marks were damaged; those of %(copy)s were put back."),
            later("What was done in Kolibri after that is lost: tell the teachers."),
            copy=Local(copy),
        )
    elif is_recent:
        yield _check(
            "kolibri-mended",
            Level.ATTENTION,
            later("Kolibri's learners and marks were damaged, and there was no copy: it began anew."),
            later("Restore a backup from a stick, if there is one; tell the teachers."),
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
            later("Settings that cannot be used: %(faults)s."),
            later("Correct hub.toml: the next sync reads it again, the portal when the hub starts again."),
            {"faults": "; ".join(map(str, settings.refused))},
            {"faults": ", ".join(refused.key for refused in settings.refused)},
        )


def _read_uptime_s() -> int:
    return int(float(Path("/proc/uptime").read_text().split()[0]))
