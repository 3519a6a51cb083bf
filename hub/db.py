"""hub.db: one SQLite file, WAL, synchronous=FULL. Disk is the truth; this is an index that can be rebuilt.

Accounts are no index and have a file of their own, opened in the same way: hub/accounts.py.

Tables and their one writing module:
    installed   hub/library/installed.py
    sync_runs   hub/history.py
    uplink_use  hub/history.py
    last_plan   hub/history.py
    pack_use    hub/history.py
"""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.durable import locked
from content_packs.errors import DiskFullError, LocalError, local_error

_BUSY_TIMEOUT_S = 10.0
_REPAIR = "Run `hub repair`: it makes a new one."
migrations = Migrations("hub")


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release."""
    db.table("installed").create(
        {
            "pack_id": str,
            "version": int,
            "kind": str,
            "title": str,
            "language": str,
            "meta": str,  # JSON of PackMeta
            "details": str,  # JSON, by kind
            "file_count": int,
            "size_bytes": int,
            "installed_at": str,  # ISO 8601, UTC
        },
        pk="pack_id",
    )
    db.table("sync_runs").create(
        {
            "id": int,
            "started_at": str,
            "finished_at": str,
            "source": str,  # depot URL or folder
            "result": str,  # "ok" or an error code
            "message": str,
            "hint": str,
            "received_bytes": int,
            "installed": str,  # JSON list of "pack@version"
        },
        pk="id",
    )


@migrations()
def m002_uplink(db: Database) -> None:
    """Keep what the uplink carried, how fast, and what is still to come."""
    runs = db.table("sync_runs")
    runs.add_column("is_uplink", int)  # 0: a folder or a stick
    runs.add_column("wire_bytes", int)  # of the uplink, both ways
    runs.add_column("fetch_bytes", int)  # of content that came over the uplink
    runs.add_column("fetch_s", float)  # while it came
    db.table("uplink_use").create(
        {
            "day": str,  # local date, by the floor where the clock was not known
            "boot_id": str,
            "is_known": int,  # 0: the clock was not to be believed
            "wire_bytes": int,
        },
        pk=("day", "boot_id", "is_known"),
    )
    db.table("last_plan").create({"id": int, "taken_at": str, "plan": str}, pk="id")


@migrations()
def m003_pack_use(db: Database) -> None:
    """Keep what came today of packs for which the office allows only so much a day."""
    db.table("pack_use").create({"pack_id": str, "day": str, "content_bytes": int}, pk=("pack_id", "day"))


class DamagedDatabaseError(LocalError):
    """A database file that is no longer one; it is an index, so a new one can be made from the disk."""

    code = "database-damaged"


def open_db(path: Path) -> Database:
    """Open hub.db, made and migrated where needed.

    Raises:
        DamagedDatabaseError: the file is damaged; `hub repair` and every start make a new one.
        LocalError: the disk refuses, or another process holds the database for too long.
    """
    return open_tables(path, migrations, lock=path.parent / "locks" / "db")


def open_tables(path: Path, tables: Migrations, *, lock: Path) -> Database:
    """Open a database of ours, made and migrated where needed; `lock` is held meanwhile.

    Raises:
        DamagedDatabaseError: the file is damaged, or its tables are not those of `tables`.
        LocalError: the disk refuses, or another process holds the database for too long.
    """
    connection: sqlite3.Connection | None = None
    try:
        # Two first starts at once must not migrate against each other; SQLite's own lock does not cover it.
        with locked(lock, doing=f"opening {path.name}", wait=True):
            connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
            )
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")
            db = Database(connection)
            _migrate(db, path, tables)
            return db
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, OSError):
            raise local_error(error, f"opening {path}") from error
        if isinstance(error, sqlite3.Error):
            raise to_local_error(error, str(path)) from error
        raise


def _migrate(db: Database, path: Path, tables: Migrations) -> None:
    """Bring the tables up to date; those of some other version count as damage, since they can be made anew.

    A migration is known by its name only, and until the first release its columns may have been others.
    """
    try:
        tables.apply(db)
        # There may be one more: sqlite-utils makes a table for a moment to learn what SQLite can.
        is_ours = _list_columns(db).items() >= _expected_columns(tables).items()
    except sqlite3.OperationalError as error:
        if _code(error) != sqlite3.SQLITE_ERROR:  # "no such table", "duplicate column name"
            raise
        is_ours = False
    if not is_ours:
        raise DamagedDatabaseError(f"{path}: its tables are of another version of this program", hint=_REPAIR)


@cache
def _expected_columns(tables: Migrations) -> dict[str, set[str]]:
    """Return the tables that the migrations make of nothing."""
    with closing(sqlite3.connect(":memory:")) as connection:
        db = Database(connection)
        tables.apply(db)
        return _list_columns(db)


def _list_columns(db: Database) -> dict[str, set[str]]:
    return {table.name: set(table.columns_dict) for table in db.tables}


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file is damaged, and not that it is busy or the disk is full."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def to_local_error(error: sqlite3.Error, what: str) -> LocalError:
    """Return what an error of SQLite means for the person on site."""
    code = _code(error)
    if is_damage(error):
        return DamagedDatabaseError(f"{what}: {error}", hint=_REPAIR)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return DiskFullError(f"{what}: {error}", hint="Free some space on this disk, or check the card.")
    return LocalError(f"{what}: {error}", hint="Try again; if it stays so, run `hub repair`.")


def _code(error: sqlite3.Error) -> int:
    """The primary result code: https://sqlite.org/rescode.html, the lower eight bits."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
