"""What reports.db counts of events as they come, so that nobody reads all again. Each counts once.

A day is the hub's own where its clock may be right, else the day on which the report came.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from content_packs.segment import MAX_NUMBER
from hub.events import Event

KEPT_FOR = timedelta(days=396)  # 13 months: a year, and its month of the year before beside it
USAGE_BY_DAY = timedelta(days=92)  # then by month: what 2000 schools open would else be 8 million rows
HEALTH_BY_DAY = timedelta(days=62)  # then one row a week
MOST_OPENS = 100_000  # of a pack on a day: a thousand learners who open a hundred pages each
_AHEAD = timedelta(days=1)  # a clock may be a day off, by its zone
_HEALTH = ("day", "free_bytes", "total_bytes", "temperature_c", "boots", "uptime_s")
_TRAFFIC = ("received_bytes", "sent_bytes", "syncs_ok", "syncs_failed")


@dataclass(frozen=True, slots=True)
class Failure:
    """A version of a pack that a hub tried to install and could not, since it last could."""

    pack_id: str
    version: int
    times: int
    code: str  # of the last error
    since: str  # ISO 8601, by the hub's clock; where that is ahead, when the office was told

    @property
    def name(self) -> str:
        """`<id>@<version>`."""
        return f"{self.pack_id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the syncs of one day carried and how they ended."""

    day: str
    received_bytes: int
    sent_bytes: int
    syncs_ok: int
    syncs_failed: int


@dataclass(frozen=True, slots=True)
class HealthDay:
    """How a machine was on one day: the newest report of it, its heat at its worst."""

    day: str
    free_bytes: int
    total_bytes: int
    temperature_c: float | None
    boots: int
    uptime_s: int
    codes: tuple[str, ...]  # of what was wrong


def make_tables(db: Database) -> None:
    """Make the tables of this module."""
    latest = {"hub_id": str, "kind": str, "stream": str, "seq": int}
    db.table("latest").create(latest, pk=("hub_id", "kind"))
    opens = {"hub_id": str, "day": str, "pack_id": str, "opens": int}  # an old day is a month: 2026-11
    db.table("opens").create(opens, pk=("hub_id", "day", "pack_id"))
    db.table("opens").create_index(["day", "hub_id", "opens"])
    traffic: dict[str, Any] = {"hub_id": str, "day": str, **dict.fromkeys(_TRAFFIC, int)}
    db.table("traffic").create(traffic, pk=("hub_id", "day"))
    db.table("traffic").create_index(["day", "hub_id", "received_bytes"])
    failures = {"hub_id": str, "pack_id": str, "version": int, "times": int, "code": str, "since": str}
    db.table("failures").create(failures, pk=("hub_id", "pack_id", "version"))
    health = {"hub_id": str, "day": str, "taken_at": str, "free_bytes": int, "total_bytes": int}
    health |= {"temperature_c": float, "boots": int, "uptime_s": int, "codes": str}
    db.table("health_days").create(health, pk=("hub_id", "day"))
    db.table("standing").create({"hub_id": str, "code": str, "since": str}, pk=("hub_id", "code"))
    db.table("about").create({"key": str, "value": str}, pk="key")


class Tallies:
    """Typed reading and writing of these tables; the only module that knows them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self, hub_id: str, event: Event, codes: Iterable[str], *, now: datetime) -> bool:
        """Count a new event; `codes` of what is wrong by it. Tell whether it says no more than can be."""
        day = _day(event.body["day"] if event.kind == "usage" else event.at, now)
        if event.kind == "usage":
            return self._count_opens(hub_id, day, event.body)
        if event.kind in ("sync", "dropped"):
            self._count_traffic(hub_id, day, event.body)
            self._count_failures(hub_id, event, now)
        elif event.kind == "health":
            self._keep_health(hub_id, day, event, codes)
        return True

    def _count_opens(self, hub_id: str, day: str, body: Mapping[str, Any]) -> bool:
        """Count what was opened, no more than MOST_OPENS of a pack on a day; tell whether all was counted."""
        counted = True
        for pack_id, opens in body["opens"].items():
            [(total,)] = self._db.execute(
                "insert into opens (hub_id, day, pack_id, opens) values (?, ?, ?, ?) "
                "on conflict (hub_id, day, pack_id) do update set opens = min(opens + excluded.opens, ?) "
                "returning opens",
                [hub_id, day, pack_id, min(opens, MOST_OPENS), MOST_OPENS],
            ).fetchall()
            counted &= total < MOST_OPENS
        return counted

    def _count_traffic(self, hub_id: str, day: str, body: Mapping[str, Any]) -> None:
        quiet: Mapping[str, int] = body.get("quiet", {})
        result = body.get("result")  # a dropped one has none
        values = {
            "received_bytes": body.get("received_bytes", 0) + body.get("quiet_bytes", 0),
            "sent_bytes": body.get("sent_bytes", 0),
            "syncs_ok": (result == "ok") + quiet.get("ok", 0),
            "syncs_failed": (result not in ("ok", None)) + sum(quiet.values()) - quiet.get("ok", 0),
        }
        values = {name: min(value, MAX_NUMBER) for name, value in values.items()}
        added = ", ".join(f"{name} = min({name} + excluded.{name}, {MAX_NUMBER})" for name in values)
        self._db.execute(
            f"insert into traffic (hub_id, day, {', '.join(values)}) values (?, ?, ?, ?, ?, ?) "  # noqa: S608
            f"on conflict (hub_id, day) do update set {added}",
            [hub_id, day, *values.values()],
        )

    def _count_failures(self, hub_id: str, event: Event, now: datetime) -> None:
        since = min(event.at, now.isoformat(timespec="seconds"), key=datetime.fromisoformat)
        for done in event.body.get("done", ()):
            pack_id, _, version = done.rpartition(" ")[2].partition("@")
            where = "hub_id = ? and pack_id = ? and version = ?"
            self._db.table("failures").delete_where(where, [hub_id, pack_id, version])
        for name, code in event.body.get("failed", {}).items():
            pack_id, _, version = name.partition("@")
            self._db.execute(
                "insert into failures (hub_id, pack_id, version, times, code, since) "
                "values (?, ?, ?, 1, ?, ?) on conflict (hub_id, pack_id, version) "
                "do update set times = times + 1, code = excluded.code",
                [hub_id, pack_id, version, code, since],
            )

    def _keep_health(self, hub_id: str, day: str, event: Event, codes: Iterable[str]) -> None:
        """Keep what a report says of its day: the newest of it, whatever comes first, and all its faults."""
        row: dict[str, Any] = {name: event.body.get(name) for name in _HEALTH} | {
            "hub_id": hub_id,
            "day": day,
        }
        row |= {"taken_at": event.at, "codes": json.dumps(sorted(codes))}
        before = list(self._db.query("select * from health_days where hub_id = ? and day = ?", [hub_id, day]))
        if before:
            [known] = before
            row = max(known, row, key=lambda each: each["taken_at"]) | _worse(known, row)
        self._db.table("health_days").upsert(row, pk=("hub_id", "day"))

    def stand(self, hub_id: str, since: Mapping[str, str]) -> None:
        """Note what is wrong now, by code and since when; what was known keeps its time, the rest is over."""
        known = self.read_standing(hub_id)
        self._db.table("standing").delete_where("hub_id = ?", [hub_id])
        rows = [{"hub_id": hub_id, "code": c, "since": known.get(c, at)} for c, at in since.items()]
        self._db.table("standing").insert_all(rows)

    def read_standing(self, hub_id: str) -> dict[str, str]:
        """Return what is wrong with a hub by its newest reports: code → since when."""
        query = "select code, since from standing where hub_id = ?"
        return {row["code"]: row["since"] for row in self._db.query(query, [hub_id])}

    def settle(self, hub_id: str, newest: Mapping[str, Event]) -> None:
        """Note which events are the newest of a hub, so that the fleet is read at once."""
        rows = [
            {"hub_id": hub_id, "kind": kind, "stream": event.stream, "seq": event.seq}
            for kind, event in newest.items()
        ]
        self._db.table("latest").upsert_all(rows, pk=("hub_id", "kind"))

    def note_ingest(self, now: datetime) -> None:
        """Note up to when the depot's reports were taken in."""
        row = {"key": "ingested_at", "value": now.isoformat(timespec="seconds")}
        self._db.table("about").upsert(row, pk="key")

    def ingested_at(self) -> datetime | None:
        """Return up to when the depot's reports were taken in; None: never."""
        rows = self._db.query("select value from about where key = 'ingested_at'")
        return next((datetime.fromisoformat(row["value"]) for row in rows), None)

    def all_standing(self) -> dict[str, dict[str, str]]:
        """Return what is wrong with all hubs: hub → code → since when."""
        found: dict[str, dict[str, str]] = {}
        for hub_id, code, since in self._db.execute("select hub_id, code, since from standing"):
            found.setdefault(hub_id, {})[code] = since
        return found

    def all_failures(self) -> dict[str, list[Failure]]:
        """Return the versions that fail, by hub."""
        found: dict[str, list[Failure]] = {}
        for hub_id, *values in self._db.execute("select * from failures order by hub_id, since"):
            found.setdefault(hub_id, []).append(Failure(*values))
        return found

    def all_opens(self, first: date) -> dict[str, int]:
        """Return what was opened from a day on, by hub; hubs that told of nothing are not in it."""
        query = (
            "select hub_id, sum(opens) from opens where day >= ? group by +hub_id"  # +: by the days' index
        )
        return dict(self._db.execute(query, [first.isoformat()]).fetchall())

    def all_paces(self, first: date, *, at_least: int) -> dict[str, float]:
        """Return by hub how many bytes came on an average day on which `at_least` came, from a day on."""
        query = (
            "select hub_id, avg(received_bytes) from traffic "
            "where day >= ? and received_bytes >= ? group by +hub_id"
        )
        return dict(self._db.execute(query, [first.isoformat(), at_least]).fetchall())

    def list_opens(self, hub_id: str, first: date, last: date) -> list[tuple[str, str, int]]:
        """Return day, pack and how often it was opened; of days long past the day is a month, `2026-03`."""
        query = "select day, pack_id, opens from opens where hub_id = ? and day between ? and ? order by day"
        values = [hub_id, f"{first:%Y-%m}", last.isoformat()]
        return [(day, pack_id, opens) for day, pack_id, opens in self._db.execute(query, values)]

    def list_traffic(self, hub_id: str, first: date, last: date) -> list[Traffic]:
        """Return what syncs carried, by day."""
        query = "select * from traffic where hub_id = ? and day between ? and ? order by day"
        rows = self._db.execute(query, [hub_id, first.isoformat(), last.isoformat()])
        return [Traffic(*values) for _, *values in rows]

    def list_health(self, hub_id: str, first: date, last: date) -> list[HealthDay]:
        """Return how the machine was, by day; of days long past one a week."""
        query = "select * from health_days where hub_id = ? and day between ? and ? order by day"
        rows = self._db.query(query, [hub_id, first.isoformat(), last.isoformat()])
        return [
            HealthDay(**{k: row[k] for k in _HEALTH}, codes=tuple(json.loads(row["codes"]))) for row in rows
        ]

    def thin(self, hub_id: str, *, now: datetime) -> None:
        """Forget what is older than KEPT_FOR; make of old days months, and of old health one day a week."""
        before = (now - KEPT_FOR).date().isoformat()
        for table in ("opens", "traffic", "health_days"):
            self._db.table(table).delete_where("hub_id = ? and day < ?", [hub_id, before[:7]])
        self._db.table("failures").delete_where("hub_id = ? and since < ?", [hub_id, before])
        self._fold_opens(hub_id, (now - USAGE_BY_DAY).date().replace(day=1).isoformat())
        self._fold_health(hub_id, (now - HEALTH_BY_DAY).date().isoformat())

    def _fold_opens(self, hub_id: str, before: str) -> None:
        old = "hub_id = ? and day < ? and length(day) > 7"
        self._db.execute(
            "insert into opens (hub_id, day, pack_id, opens) "  # noqa: S608
            f"select hub_id, substr(day, 1, 7), pack_id, sum(opens) from opens where {old} group by 1, 2, 3 "
            "on conflict (hub_id, day, pack_id) do update set opens = opens + excluded.opens",
            [hub_id, before],
        )
        self._db.table("opens").delete_where(old, [hub_id, before])

    def _fold_health(self, hub_id: str, before: str) -> None:
        """Make of each old week its last day, at the week's worst heat and with all its faults."""
        old, values = "hub_id = ? and day < ?", [hub_id, before]
        rows = list(self._db.query(f"select * from health_days where {old} order by day", values))  # noqa: S608
        for _, week in groupby(rows, key=lambda row: date.fromisoformat(row["day"]).isocalendar()[:2]):
            *others, last = week
            for other in others:
                last |= _worse(last, other)
                self._db.table("health_days").delete((hub_id, other["day"]))
            if others:
                self._db.table("health_days").upsert(last, pk=("hub_id", "day"))


def _worse(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two reports of a machine's health say of heat and faults together."""
    heats = [heat for heat in (one["temperature_c"], other["temperature_c"]) if heat is not None]
    faults = sorted({*json.loads(one["codes"]), *json.loads(other["codes"])})
    return {"temperature_c": max(heats, default=None), "codes": json.dumps(faults)}


def _day(said: str, now: datetime) -> str:
    """Return the day that a hub said; now, where its clock is ahead. What is too old is thinned at once."""
    day = datetime.fromisoformat(said).date()
    return (now.date() if day > (now + _AHEAD).date() else day).isoformat()
