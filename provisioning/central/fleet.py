"""fleet.db: what the office wants. The depot follows it (release.py), so after a crash this is the truth."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.errors import DiskFullError, LocalError

_FULL_BYTES = 256 * 1024  # with less than this free, an I/O error of SQLite means a full disk
_BUSY_TIMEOUT_S = 10.0
migrations = Migrations("central")


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a pack in the depot. Rows are never deleted: a version is never given twice."""

    pack_id: str
    version: int
    kind: str
    title: str
    language: str
    index_sha256: str
    index_length: int
    download_bytes: int
    unpacked_bytes: int
    published_at: str  # ISO 8601, UTC
    withdrawn_at: str | None = None

    @property
    def name(self) -> str:
        """`<id>@<version>`, as commands name it."""
        return f"{self.pack_id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub of the fleet; a revoked one stays in the list."""

    hub_id: str
    school: str
    ring: str
    public_key: str  # OpenSSH, without a comment
    enrolled_at: str  # ISO 8601, UTC
    revoked_at: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A pack for one hub, or for the hubs of a ring; `version` None means always the newest."""

    audience: Literal["hub", "ring"]
    name: str  # the hub's id or the ring
    pack_id: str
    version: int | None


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release."""
    packs = {name: int if name in _NUMBERS else str for name in Published.__annotations__}
    db.table("packs").create(packs, pk=("pack_id", "version"))
    db.table("hubs").create(dict.fromkeys(Hub.__annotations__, str), pk="hub_id")
    db.table("assignments").create(
        {"audience": str, "name": str, "pack_id": str, "version": int}, pk=("audience", "name", "pack_id")
    )
    db.table("about").create({"key": str, "value": str}, pk="key")


_NUMBERS = ("version", "index_length", "download_bytes", "unpacked_bytes")


class Fleet:
    """Typed reading and writing of fleet.db; the only module that knows its tables."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list_packs(self) -> list[Published]:
        """Return every version ever published, oldest version of a pack first."""
        return [Published(**row) for row in self._db.query("select * from packs order by pack_id, version")]

    def list_hubs(self) -> list[Hub]:
        """Return every hub, revoked ones too, by id."""
        return [Hub(**row) for row in self._db.query("select * from hubs order by hub_id")]

    def list_assignments(self) -> list[Assignment]:
        """Return every assignment."""
        rows = self._db.query("select * from assignments order by audience, name, pack_id")
        return [Assignment(**row) for row in rows]

    def save_pack(self, pack: Published) -> None:
        """Add a version, or change whether it is withdrawn."""
        self._db.table("packs").upsert(asdict(pack), pk=("pack_id", "version"))

    def save_hub(self, hub: Hub) -> None:
        """Add or change a hub."""
        self._db.table("hubs").upsert(asdict(hub), pk="hub_id")

    def save_assignment(self, assignment: Assignment) -> None:
        """Add an assignment, or give it another version."""
        self._db.table("assignments").upsert(asdict(assignment), pk=("audience", "name", "pack_id"))

    def delete_assignment(self, assignment: Assignment) -> None:
        """Forget an assignment."""
        key = [assignment.audience, assignment.name, assignment.pack_id]
        self._db.table("assignments").delete_where("audience = ? and name = ? and pack_id = ?", key)

    def delete_assignments_of(self, hub_id: str) -> None:
        """Forget what was assigned to one hub by its id; those of its rings stay."""
        self._db.table("assignments").delete_where("audience = 'hub' and name = ?", [hub_id])

    def describe(self, name: str, *, now: datetime) -> None:
        """Note whose installation this is."""
        about = {"name": name, "made_at": iso(now)}
        rows = [{"key": key, "value": value} for key, value in about.items()]
        self._db.table("about").insert_all(rows, pk="key")

    def name(self) -> str:
        """Return whose installation this is; empty where nobody said."""
        rows = self._db.query("select value from about where key = 'name'")
        return next((str(row["value"]) for row in rows), "")

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All changes inside are kept together, or none: after an error, or where `keep` is false."""
        self._db.begin()
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        if keep:
            self._db.commit()
        else:
            self._db.rollback()


@contextmanager
def open_fleet(path: Path) -> Iterator[Fleet]:
    """Open fleet.db, made and migrated where needed.

    Raises:
        DiskFullError: there is no room for a change, nor for the files that SQLite needs to read.
        LocalError: the disk refuses, or the file is damaged.
    """
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            db = Database(connection)
            migrations.apply(db)
            yield Fleet(db)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.Error) -> LocalError:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    crowded = primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(path.parent).free < _FULL_BYTES
    if crowded or primary == sqlite3.SQLITE_FULL:
        return DiskFullError(f"{path}: {error}", hint="Free some space on this disk, then run it again.")
    return LocalError(
        f"{path}: {error}", hint="Check the disk; if the file is damaged, restore it from a backup."
    )


def iso(now: datetime) -> str:
    """Return a time as the database keeps it."""
    return now.isoformat(timespec="seconds")
