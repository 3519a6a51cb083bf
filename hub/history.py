"""What syncs did and what the uplink carried: one row of `sync_runs` each, the uplink's use, the last plan.

Written by the sync; read by it and by the status pages, which need no depot for that.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from content_packs.errors import Error
from hub.db import to_local_error
from hub.uplink.limits import Moment, Spent

KEPT_RUNS = 200
_KEPT_DAYS = 800  # rows of uplink_use: at most two for each day, and those of this boot
_EARLIER_BOOTS = ""  # a day's row of all boots before this one
_RATE_RUNS = 10  # the newest that fetched something tell the speed of the link
RATE_BYTES = 64 * 1024  # less than that is round trips, not speed


@dataclass(frozen=True, slots=True)
class UplinkUse:
    """What one sync took from the uplink; all 0 where it read a folder or a stick."""

    is_uplink: bool = False
    wire_bytes: int = 0  # both ways
    fetch_bytes: int = 0  # of content
    fetch_s: float = 0.0  # while content came, by a clock that does not jump


@dataclass(frozen=True, slots=True)
class RunTotals:
    """All syncs since hub.db was made."""

    runs: int
    reached_at: str  # when the last one ended well, ISO 8601; empty: none did


@dataclass(frozen=True, slots=True)
class PlannedPack:
    """What the last sync left to be done for one pack."""

    action: str  # "install", "waiting", "replace" or "needs-space"
    pack: str
    version: int
    title: str
    download_bytes: int  # still to come
    reason: str = ""
    wait: str = ""  # why it waits: a WaitCode
    goes_on_at: str = ""  # ISO 8601, UTC; empty: with the next sync


@dataclass(frozen=True, slots=True)
class LastPlan:
    """What is still to come, as the last sync left it, in the order in which it comes."""

    taken_at: str  # ISO 8601, UTC
    packs: tuple[PlannedPack, ...]


def add_pack_use(db: Database, moment: Moment, boot_id: str, pack_id: str, content_bytes: int) -> None:
    """Count content of a pack to the day that it is now; what came on other days is forgotten.

    Raises:
        LocalError: the disk refuses.
    """
    day = _pack_day(moment, boot_id)
    with _translated(), db.atomic():
        db.execute("delete from pack_use where pack_id = ? and day != ?", [pack_id, day])
        db.execute(
            """
            insert into pack_use (pack_id, day, content_bytes) values (?, ?, ?)
            on conflict (pack_id, day) do update set content_bytes = content_bytes + excluded.content_bytes
            """,
            [pack_id, day, content_bytes],
        )


def read_pack_use(db: Database, moment: Moment, boot_id: str, pack_id: str) -> int:
    """Return how many bytes of a pack came today; where the clock is not known, since this start.

    Raises:
        LocalError: the database cannot be read.
    """
    query = "select content_bytes from pack_use where pack_id = ? and day = ?"
    with _translated():
        row = db.execute(query, [pack_id, _pack_day(moment, boot_id)]).fetchone()
    return int(row[0]) if row else 0


def _pack_day(moment: Moment, boot_id: str) -> str:
    return moment.local.date().isoformat() if moment.is_known else f"boot {boot_id}"


def record_run(
    db: Database,
    *,
    started_at: datetime,
    finished_at: datetime,
    source: str,
    received_bytes: int,
    installed: Sequence[str],
    failure: BaseException | None,
    use: UplinkUse = UplinkUse(),
) -> None:
    """Write down how a sync ended; the oldest beyond KEPT_RUNS are forgotten.

    Raises:
        LocalError: the disk refuses.
    """
    code, message, hint = _describe(failure)
    with _translated():
        db.table("sync_runs").insert(
            {
                "started_at": started_at.isoformat(timespec="seconds"),
                "finished_at": finished_at.isoformat(timespec="seconds"),
                "source": source,
                "result": code,
                "message": message,
                "hint": hint,
                "received_bytes": received_bytes,
                "installed": json.dumps(list(installed)),
                **asdict(use),
            }
        )
        db.execute("delete from sync_runs where id <= (select max(id) from sync_runs) - ?", [KEPT_RUNS])


def _describe(failure: BaseException | None) -> tuple[str, str, str]:
    """Return result, message and hint: "ok", an error's code, or what ended the program."""
    if failure is None:
        return "ok", "", ""
    if isinstance(failure, Error):
        return failure.code, failure.message, failure.hint or ""
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted", "somebody stopped the sync", "The next one goes on where it was."
    return (
        "failed",
        f"{type(failure).__name__}: {failure}",
        "Tell the office: this is a fault of the program.",
    )


def add_use(db: Database, moment: Moment, boot_id: str, wire_bytes: int) -> None:
    """Count bytes of the uplink to the day that it is now, or to this boot where nobody knows the day.

    What earlier boots carried becomes one row a day: a hub that starts often still knows its month.

    Raises:
        LocalError: the disk refuses.
    """
    day = moment.local.date().isoformat()
    with _translated(), db.atomic():
        db.execute(
            """
            insert into uplink_use (day, boot_id, is_known, wire_bytes)
            select day, ?, is_known, sum(wire_bytes) from uplink_use where boot_id not in (?, ?)
            group by day, is_known
            on conflict (day, boot_id, is_known) do update set wire_bytes = wire_bytes + excluded.wire_bytes
            """,
            [_EARLIER_BOOTS, _EARLIER_BOOTS, boot_id],
        )
        db.execute("delete from uplink_use where boot_id not in (?, ?)", [_EARLIER_BOOTS, boot_id])
        db.execute(
            """
            insert into uplink_use (day, boot_id, is_known, wire_bytes) values (?, ?, ?, ?)
            on conflict (day, boot_id, is_known) do update set wire_bytes = wire_bytes + excluded.wire_bytes
            """,
            [day, boot_id, int(moment.is_known), wire_bytes],
        )
        db.execute(
            "delete from uplink_use where rowid not in "
            "(select rowid from uplink_use order by rowid desc limit ?)",
            [_KEPT_DAYS],
        )


def read_spent(db: Database, moment: Moment, boot_id: str) -> Spent:
    """Return what the uplink carried today and this month.

    Where the clock is not known, a day is this boot, and a month is what was counted since the office last
    signed in another month: the floor of the clock tells no more. What this boot carried before it knew the
    time counts to today.

    Raises:
        LocalError: the database cannot be read.
    """
    day, month = moment.local.date().isoformat(), moment.local.strftime("%Y-%m-%%")
    unknown = "(is_known = 0 and boot_id = :boot)"
    if moment.is_known:
        of_day = f"(is_known and day = :day) or {unknown}"
        of_month = f"(is_known and day like :month) or {unknown}"
    else:
        of_day, of_month = "boot_id = :boot", "day like :month or boot_id = :boot"
    values = {"day": day, "month": month, "boot": boot_id}
    with _translated():
        sums = [
            db.execute(f"select coalesce(sum(wire_bytes), 0) from uplink_use where {where}", values)  # noqa: S608
            for where in (of_day, of_month)
        ]
        found = [int(cursor.fetchone()[0]) for cursor in sums]
    return Spent(0, found[0], found[1])


def read_bytes_per_s(db: Database) -> float | None:
    """Return how fast content came over the uplink in the newest syncs; None where none did.

    Raises:
        LocalError: the database cannot be read.
    """
    with _translated():
        rows = list(
            db.query(
                "select fetch_bytes, fetch_s from sync_runs "
                "where fetch_bytes >= ? and fetch_s > 0 order by id desc limit ?",
                [RATE_BYTES, _RATE_RUNS],
            )
        )
    seconds = sum(float(row["fetch_s"]) for row in rows)
    return sum(int(row["fetch_bytes"]) for row in rows) / seconds if seconds else None


def read_totals(db: Database) -> RunTotals:
    """Return how many syncs there were, forgotten ones too, and when the last one ended well.

    Raises:
        LocalError: the database cannot be read.
    """
    with _translated():
        row = db.execute(
            "select coalesce(max(id), 0), "
            "(select finished_at from sync_runs where result = 'ok' order by id desc limit 1) from sync_runs"
        ).fetchone()
    return RunTotals(int(row[0]), row[1] or "")


def save_plan(db: Database, plan: LastPlan) -> None:
    """Keep what is still to come, for pages that show it without a depot.

    Raises:
        LocalError: the disk refuses.
    """
    packs = json.dumps([asdict(pack) for pack in plan.packs], ensure_ascii=False)
    with _translated():
        db.table("last_plan").upsert({"id": 1, "taken_at": plan.taken_at, "plan": packs}, pk="id")


def read_plan(db: Database) -> LastPlan | None:
    """Return what the last sync left to be done; None before the first.

    Raises:
        LocalError: the database cannot be read.
    """
    with _translated():
        rows = list(db.query("select taken_at, plan from last_plan"))
    return None if not rows else LastPlan(rows[0]["taken_at"], tuple(_planned(json.loads(rows[0]["plan"]))))


def _planned(packs: Sequence[Mapping[str, Any]]) -> Iterator[PlannedPack]:
    for pack in packs:
        yield PlannedPack(**pack)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise to_local_error(error, "hub.db") from error
