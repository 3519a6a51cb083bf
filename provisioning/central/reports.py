"""reports.db: what hubs have reported, each event once. Beside fleet.db, and never needed to publish."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.segment import MAX_ACKS, Ack, SeqRange, make_ack
from hub.events import Event
from provisioning.central.database import open_database, transaction
from provisioning.central.fleet import iso
from provisioning.central.tallies import KEPT_FOR, MOST_OPENS, Tallies, make_tables

_NEWEST_ONLY = ("health", "packs", "update")  # what an event says is true until the next one of its kind
_CONTACTS = 60  # segments, of which a school's rhythm is learnt
_KEPT_NOTES = 100  # of one hub
_WATCHED = 500  # newest events of a stream, looked at for signs of a copied card
_CAME = (("segments", "arrived_at"), ("segments", "received_at"), ("events", "received_at"), ("notes", "at"))
_FORMER = -1  # instead of when it spoke last: a stream of a card that is replaced says nothing of the hub
_NEWEST = """
    select events.* from events left join streams using (hub_id, stream)
    where hub_id = ? and kind = ? and coalesce(heard, 0) >= 0
    order by coalesce(heard, 0) desc, stream desc, seq desc limit 1
"""
_ANEW = "Move it out of the way: the next `central ingest` makes a new one, which fills as hubs report."
migrations = Migrations("reports")


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it was taken in."""

    event: Event
    received_at: str  # by the office's clock, ISO 8601


Way = Literal["link", "stick"]
FindCodes = Callable[[str, Mapping[str, Any]], Iterable[str]]  # of a kind and its body: what is wrong


@dataclass(frozen=True, slots=True)
class Contact:
    """Reports that came together."""

    at: str  # by the office's clock, ISO 8601
    via: Way
    events: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd about what a hub sent."""

    at: str
    kind: str  # "refused", "conflict", "two-cards", "former-card" or "too-many-opens"
    text: str


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release."""
    segments = {
        "hub_id": str,
        "sha256": str,
        "received_at": str,
        "events": int,
        "arrived_at": str,
        "via": str,
    }
    db.table("segments").create(segments, pk=("hub_id", "sha256"))
    db.table("segments").create_index(["hub_id", "arrived_at", "via"])
    acked = {"id": int, "hub_id": str, "stream": str, "first": int, "last": int, "receipt_key": str}
    db.table("acked").create(acked, pk="id")  # the number tells which came last: the office's clock may jump
    db.table("acked").create_index(["hub_id", "stream"])
    heard = {"hub_id": str, "stream": str, "heard": int}  # a number that grows: which spoke last
    db.table("streams").create(heard, pk=("hub_id", "stream"))
    events = {
        "hub_id": str,
        "stream": str,
        "seq": int,
        "boot_id": str,
        "at": str,
        "kind": str,
        "body": str,  # JSON
        "received_at": str,
    }
    db.table("events").create(events, pk=("hub_id", "stream", "seq"))
    db.table("events").create_index(["hub_id", "kind", "stream", "seq"])
    notes = {"id": int, "hub_id": str, "at": str, "kind": str, "text": str}
    db.table("notes").create(notes, pk="id")
    db.table("notes").create_index(["hub_id"])


@migrations()
def m002_tallies(db: Database) -> None:
    """Make the tables of what is counted."""
    make_tables(db)


class Reports:
    """Typed reading and writing of reports.db; but for `tallies`, the only module that knows its tables."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.tallies = Tallies(db)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside are kept together, or none; within another one, of these alone."""
        with self._db.atomic() if self._db.conn.in_transaction else transaction(self._db):
            yield

    def knows(self, hub_id: str, sha256: str) -> bool:
        """Tell whether this segment was taken in before."""
        query = "select 1 from segments where hub_id = ? and sha256 = ?"
        return bool(self._db.execute(query, [hub_id, sha256]).fetchall())

    def take(
        self,
        hub_id: str,
        sha256: str,
        events: Iterable[Event],
        *,
        now: datetime,
        arrived_at: datetime | None = None,
        via: Way = "link",
        find_codes: FindCodes = lambda _kind, _body: (),
    ) -> tuple[int, int]:
        """Keep a new segment and its events; return how many events were new, and how many known.

        It came at `arrived_at`, or now, over the link or by stick. `find_codes` tells what is wrong.
        """
        new = known = 0
        for event in events:
            if self._keep(hub_id, event, now):
                new += 1
                if not self.tallies.count(hub_id, event, find_codes(event.kind, event.body), now=now):
                    self.note(hub_id, "too-many-opens", f"more than {MOST_OPENS} of a pack on a day", now=now)
            else:
                known += 1
                self._compare(hub_id, event, now)
        row = {"hub_id": hub_id, "sha256": sha256, "received_at": iso(now), "events": new + known}
        row |= {"arrived_at": iso(arrived_at or now), "via": via}
        self._db.table("segments").insert(row)
        return new, known

    def acknowledge(self, hub_id: str, seqs: SeqRange, receipt_key: str) -> None:
        """Note that the hub need not keep these numbers; they are joined with what is beside them.

        Only with what came under the same receipt key: somebody else's segment proves nothing to this hub.
        """
        where = "hub_id = ? and stream = ? and receipt_key = ? and first <= ? and last >= ?"
        values = [hub_id, seqs.stream, receipt_key, seqs.last + 1, seqs.first - 1]
        beside = list(self._db.query(f"select id, first, last from acked where {where}", values))  # noqa: S608
        first = min([seqs.first, *(row["first"] for row in beside)])
        last = max([seqs.last, *(row["last"] for row in beside)])
        for row in beside:
            self._db.table("acked").delete(row["id"])
        row = {"hub_id": hub_id, "stream": seqs.stream, "first": first, "last": last}
        self._db.table("acked").insert(row | {"receipt_key": receipt_key})

    def hear(self, hub_id: str, streams: Iterable[str]) -> None:
        """Note that these streams of a hub spoke last: what they say is true of it now.

        That is not the stream with the latest name: the clock of a card may have said 2099, or 2020.
        """
        query = "select coalesce(max(heard), 0) + 1 from streams where hub_id = ?"
        [(number,)] = self._db.execute(query, [hub_id]).fetchall()
        rows = [{"hub_id": hub_id, "stream": stream, "heard": number} for stream in streams]
        self._db.table("streams").upsert_all(rows, pk=("hub_id", "stream"))

    def note_former(
        self, hub_id: str, streams: Iterable[str], replaced_at: str | None, *, now: datetime
    ) -> set[str]:
        """Return the streams of the card that this hub had before it was replaced; note that they came."""
        former: set[str] = set()
        query = "select 1 from events where hub_id = ? and stream = ? and received_at < ? limit 1"
        for stream in streams:
            if replaced_at and self._db.execute(query, [hub_id, stream, replaced_at]).fetchall():
                former.add(stream)
                text = (
                    f"stream {stream}: of the card that was replaced on {replaced_at[:10]}; "
                    "it came by a stick, or that card is still in use"
                )
                self.note(hub_id, "former-card", text, now=now)
        rows = [{"hub_id": hub_id, "stream": stream, "heard": _FORMER} for stream in former]
        self._db.table("streams").upsert_all(rows, pk=("hub_id", "stream"))
        return former

    def thin(self, hub_id: str, *, now: datetime) -> int:
        """Forget what nobody needs any more of a hub; return how many events.

        Of `health` and `packs` the newest stays; of every other kind the newest, and those of KEPT_FOR. An
        event is as old as the hub's clock says, or as its coming: one of the two may be wrong.
        """
        before = iso(now - KEPT_FOR)
        gone = 0
        for kind, heard in self.read_newest(hub_id).items():
            query = "delete from events where hub_id = ? and kind = ? and (stream, seq) != (?, ?)"
            values = [hub_id, kind, heard.event.stream, heard.event.seq]
            if kind not in _NEWEST_ONLY:
                query += " and (datetime(at) < datetime(?) or received_at < ?)"
                values += [before, before]
            gone += self._db.execute(query, values).rowcount
        self._db.execute("delete from segments where hub_id = ? and received_at < ?", [hub_id, before])
        told = "select stream from events where hub_id = ?"
        query = f"delete from streams where hub_id = ? and stream not in ({told})"  # noqa: S608
        self._db.execute(query, [hub_id, hub_id])
        self.tallies.thin(hub_id, now=now)
        return gone

    def put_back(self, now: datetime) -> None:
        """Let nothing have come later than now, after the office's clock was ahead and has been set.

        Else a school that was heard from in 2036 would not be silent before that.
        """
        with self.transaction():
            for table, column in _CAME:
                query = f"update {table} set {column} = ? where {column} > ?"  # noqa: S608 - ours
                self._db.execute(query, [iso(now), iso(now)])

    def read_all_newest(self, only: str | None = None) -> dict[str, dict[str, Heard]]:
        """Return the newest event of each kind of every hub, or of one, as when it was last heard."""
        query = "select events.* from latest join events using (hub_id, stream, seq)"
        rows = self._db.query(query) if only is None else self._db.query(f"{query} where hub_id = ?", [only])
        newest: dict[str, dict[str, Heard]] = {}
        for row in rows:
            newest.setdefault(row["hub_id"], {})[row["kind"]] = Heard(_event(row), row["received_at"])
        return newest

    def settle(self, hub_id: str, find_codes: FindCodes) -> None:
        """Note what is the newest of a hub, and by `find_codes` since when something is wrong with it."""
        newest = self.read_newest(hub_id)
        self.tallies.settle(hub_id, {kind: heard.event for kind, heard in newest.items()})
        since = {}
        for kind, heard in newest.items():
            at = min(heard.event.at, heard.received_at, key=datetime.fromisoformat)
            since.update(dict.fromkeys(find_codes(kind, heard.event.body), at))
        self.tallies.stand(hub_id, since)

    def list_last_contacts(self, hub_id: str) -> list[tuple[str, Way]]:
        """Return when, and how, a hub was heard from, the newest first, some of them."""
        query = "select arrived_at, via from segments where hub_id = ? order by arrived_at desc limit ?"
        return self._db.execute(query, [hub_id, _CONTACTS]).fetchall()

    def list_contacts(self, hub_id: str, *, since: datetime) -> list[Contact]:
        """Return when a hub was heard from since a time, the newest first."""
        query = (
            "select arrived_at, via, sum(events) from segments where hub_id = ? and arrived_at >= ? "
            "group by arrived_at, via order by arrived_at desc"
        )
        return [Contact(*row) for row in self._db.execute(query, [hub_id, iso(since)])]

    def list_bodies(self, hub_id: str, kind: str, first: date, last: date) -> list[Mapping[str, Any]]:
        """Return what a hub said of one kind on these days, in order.

        By its own clock, as `tallies` counts: where that is ahead, by the day on which it came.
        """
        said, came = "substr(at, 1, 10)", "substr(received_at, 1, 10)"
        day = f"case when {said} > date({came}, '+1 day') then {came} else {said} end"
        query = (
            "select body from events where hub_id = ? and kind = ? "  # noqa: S608 - ours
            f"and {day} between ? and ? order by at"
        )
        values = [hub_id, kind, first.isoformat(), last.isoformat()]
        return [json.loads(body) for (body,) in self._db.execute(query, values)]

    def list_contact_days(self, hub_id: str, first: date, last: date) -> dict[str, set[Way]]:
        """Return the days on which a hub was heard from, and how."""
        query = (
            "select distinct substr(arrived_at, 1, 10), via from segments "
            "where hub_id = ? and arrived_at between ? and ?"
        )
        days: dict[str, set[Way]] = {}
        for day, via in self._db.execute(query, [hub_id, first.isoformat(), f"{last.isoformat()}T99"]):
            days.setdefault(day, set()).add(via)
        return days

    def all_notes(self) -> dict[str, list[Note]]:
        """Return what was odd, by hub, the newest first."""
        found: dict[str, list[Note]] = {}
        for hub_id, *note in self._db.execute("select hub_id, at, kind, text from notes order by id desc"):
            found.setdefault(hub_id, []).append(Note(*note))
        return found

    def list_hubs(self) -> list[str]:
        """Return the id of every hub that ever reported."""
        return [row["hub_id"] for row in self._db.query("select distinct hub_id from events")]

    def watch(self, hub_id: str, streams: Iterable[str], *, now: datetime) -> bool:
        """Note and tell where two starts of a machine take turns in a stream: then two cards are one hub."""
        copied = False
        for stream in streams:
            query = "select boot_id from events where hub_id = ? and stream = ? order by seq desc limit ?"
            boots = [row["boot_id"] for row in self._db.query(query, [hub_id, stream, _WATCHED])]
            if _takes_turns(boots):
                text = f"stream {stream}: starts of the machine take turns; was its card copied?"
                self.note(hub_id, "two-cards", text, now=now)
                copied = True
        return copied

    def list_acks(self, hub_id: str) -> list[Ack]:
        """Return what to acknowledge to a hub, what came last first."""
        query = "select * from acked where hub_id = ? order by id desc limit ?"
        return [
            make_ack(SeqRange(row["stream"], row["first"], row["last"]), row["receipt_key"])
            for row in self._db.query(query, [hub_id, MAX_ACKS])
        ]

    def note(self, hub_id: str, kind: str, text: str, *, now: datetime) -> None:
        """Note something odd, once; the oldest beyond _KEPT_NOTES are forgotten."""
        self._db.execute("delete from notes where hub_id = ? and kind = ? and text = ?", [hub_id, kind, text])
        self._db.table("notes").insert({"hub_id": hub_id, "at": iso(now), "kind": kind, "text": text})
        oldest = "select id from notes where hub_id = ? order by id desc limit -1 offset ?"
        self._db.execute(f"delete from notes where id in ({oldest})", [hub_id, _KEPT_NOTES])  # noqa: S608

    def list_notes(self, hub_id: str) -> list[Note]:
        """Return what was odd about a hub, the newest first."""
        query = "select at, kind, text from notes where hub_id = ? order by id desc"
        return [Note(**row) for row in self._db.query(query, [hub_id])]

    def read_newest(self, hub_id: str) -> dict[str, Heard]:
        """Return the newest event of each kind: that with the highest number of the stream heard last."""
        newest = {}
        query = "select distinct kind from events where hub_id = ?"
        for kind in [row["kind"] for row in self._db.query(query, [hub_id])]:
            for row in self._db.query(_NEWEST, [hub_id, kind]):
                newest[kind] = Heard(_event(row), row["received_at"])
        return newest

    def list_heard(self, kind: str) -> list[tuple[str, Heard]]:
        """Return all events of a kind with the hub of each, in the order in which they came."""
        query = "select * from events where kind = ? order by received_at, hub_id, stream, seq"
        rows = self._db.query(query, [kind])
        return [(row["hub_id"], Heard(_event(row), row["received_at"])) for row in rows]

    def held_versions(self, hub_ids: Iterable[str]) -> dict[str, set[int]]:
        """Return by pack the versions that these hubs have or are fetching, by their newest reports."""
        held: dict[str, set[int]] = {}
        for hub_id in hub_ids:
            heard = self.read_newest(hub_id).get("packs")
            if heard is not None:
                for pack_id, version in _list_held(heard.event.body):
                    held.setdefault(pack_id, set()).add(version)
        return held

    def _keep(self, hub_id: str, event: Event, now: datetime) -> bool:
        row = _row(hub_id, event) | {"received_at": iso(now)}
        names = ", ".join(row)
        places = ", ".join("?" * len(row))
        query = f"insert or ignore into events ({names}) values ({places})"  # noqa: S608
        return self._db.execute(query, list(row.values())).rowcount == 1

    def _compare(self, hub_id: str, event: Event, now: datetime) -> None:
        query = "select * from events where hub_id = ? and stream = ? and seq = ?"
        [row] = self._db.query(query, [hub_id, event.stream, event.seq])
        if _event(row) != event:
            text = f"stream {event.stream}, number {event.seq}: came twice, with other content"
            self.note(hub_id, "conflict", text, now=now)


@contextmanager
def open_reports(path: Path) -> Iterator[Reports]:
    """Open reports.db, made and migrated where needed.

    Raises:
        LocalError: as open_fleet.
    """
    with open_database(path, migrations, hint=_ANEW) as db:
        yield Reports(db)


def _row(hub_id: str, event: Event) -> dict[str, Any]:
    return {
        "hub_id": hub_id,
        "stream": event.stream,
        "seq": event.seq,
        "boot_id": event.boot_id,
        "at": event.at,
        "kind": event.kind,
        "body": json.dumps(event.body, ensure_ascii=False),
    }


def _event(row: Mapping[str, Any]) -> Event:
    return Event(row["stream"], row["seq"], row["boot_id"], row["at"], row["kind"], json.loads(row["body"]))


def _takes_turns(boots: list[str]) -> bool:
    """Whether a boot comes back after another one; a machine never starts the same way twice."""
    starts = [boot for number, boot in enumerate(boots) if number == 0 or boots[number - 1] != boot]
    return len(set(starts)) < len(starts)


def _list_held(body: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield from body["have"].items()
    yield from body["fetching"].items()
    for pack_id, versions in body["kept"].items():
        yield from ((pack_id, version) for version in versions)
