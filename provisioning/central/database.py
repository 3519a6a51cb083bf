"""Open a database of the office: made and migrated where needed, and refused where it is not this one."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from content_packs.errors import BusyError, DiskFullError, LocalError, UnknownFormatError

_FULL_BYTES = 256 * 1024  # with less than this free, an I/O error of SQLite means a full disk
_BUSY_TIMEOUT_S = 10.0
Columns = Mapping[str, frozenset[tuple[str, str]]]  # by table: name and type of each


@contextmanager
def open_database(path: Path, wanted: Migrations, *, hint: str) -> Iterator[Database]:
    """Open a database, made and migrated where needed.

    Raises:
        BusyError: somebody else has been changing it for ten seconds.
        DiskFullError: there is no room for a change, nor for the files that SQLite needs to read.
        UnknownFormatError: its tables are those of another version of this program; `hint` says what then.
        LocalError: the disk refuses, or the file is damaged.
    """
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            db = Database(connection)
            wanted.apply(db)
            _check_tables(path, _columns(db), _expected(wanted), hint)
            yield db
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _explain(path, error) from error


@contextmanager
def transaction(db: Database, *, keep: bool = True) -> Iterator[None]:
    """All changes inside are kept together, or none: after an error, or where `keep` is false.

    Nobody else writes from its beginning on: one who read first and then has to write after somebody else
    could only be refused, at the end of all its work.
    """
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    if keep:
        db.commit()
    else:
        db.rollback()


@cache
def _expected(wanted: Migrations) -> Columns:
    """Return the tables that these migrations make of nothing."""
    with closing(sqlite3.connect(":memory:")) as connection:
        db = Database(connection)
        wanted.apply(db)
        return _columns(db)


def _columns(db: Database) -> Columns:
    return {table.name: frozenset((each.name, each.type) for each in table.columns) for table in db.tables}


def _check_tables(path: Path, found: Columns, expected: Columns, hint: str) -> None:
    """Refuse a database before some query of ours meets a column that is not there.

    Migrations only know what they are called: until the first release they are edited in place, and a
    newer program may have added others.
    """
    for table, columns in expected.items():
        there = found.get(table, frozenset())
        if there != columns:
            faults = {"lacks": _names(columns - there), "has more": _names(there - columns)}
            what = "; ".join(f"{verb} {names}" for verb, names in faults.items() if names)
            message = f"{path}: made by another, unreleased version of `central`: table {table} {what}"
            raise UnknownFormatError(message, hint=hint)


def _names(columns: frozenset[tuple[str, str]]) -> str:
    return ", ".join(sorted(name for name, _ in columns))


def _explain(path: Path, error: sqlite3.Error) -> LocalError:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    crowded = primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(path.parent).free < _FULL_BYTES
    if crowded or primary == sqlite3.SQLITE_FULL:
        return DiskFullError(f"{path}: {error}", hint="Free some space on this disk, then run it again.")
    if primary == sqlite3.SQLITE_BUSY:
        return BusyError(f"{path}: {error} by another command", hint="Wait until it has ended; then again.")
    return LocalError(
        f"{path}: {error}", hint="Check the disk; if the file is damaged, restore it from a backup."
    )
