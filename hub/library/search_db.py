"""search.db, the file: opened, checked, replaced. It may be deleted at any time and is made again.

Only the process that holds the lock "index" writes it (`indexer`); what is in it is `search_index`'s matter.

    words         contentless FTS5, six columns: written words, and the other forms that find them
    documents     one row a document; a row of `words` without one is dead (SQLite 3.40 cannot delete it)
    texts         zstd of headings and text: snippets are cut from it, and `words` can be made again
    indexed_packs how far each pack is
    left_out      packs too large to be read: kiwix-serve searches them
    languages     the languages of the documents, to know which lemmas to ask for
    vocabulary    words to offer when somebody mistypes one

Decisions and figures: docs/adr/0003-search-text.md.
"""

import atexit
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import simplemma

from content_packs.errors import DiskFullError, LocalError
from hub.db import is_damage as is_damage
from hub.settings import HubPaths

_SCHEMA = 3  # raise it whenever a table, or what `words.fold` or `lemmas.analyse` return, changes
_FINGERPRINT = zlib.crc32(f"{_SCHEMA} simplemma {simplemma.__version__}".encode()) & 0x7FFF_FFFF
_BUSY_TIMEOUT_S = 10.0
# Words come folded (words.fold), so FTS5 only has to part them: ascii takes half the time of unicode61.
_AUTOMERGE = 8  # segments, FTS5's own is 4: a third less work and fewer bytes written (docs/adr/0003)
_MOST_OPEN = 4  # connections for reading; a file keeps its inode while one of them has it open
_Files = tuple[tuple[Path, int], ...]  # with their inodes
_waiting: list[tuple[_Files, sqlite3.Connection]] = []
_waiting_lock = threading.Lock()
_free = threading.BoundedSemaphore(_MOST_OPEN)
_TABLES = """
create virtual table words using fts5(
    title, title_forms, headings, heading_forms, body, body_forms,
    content='', tokenize=ascii);
create virtual table word_columns using fts5vocab(words, col);
create table documents(
    id integer primary key autoincrement, -- never used twice: dead rows of `words` keep theirs
    pack_id text not null, version integer not null, kind text not null,
    path text not null, title text not null, language text not null);
create index documents_pack on documents(pack_id);
create table texts(id integer primary key, text blob not null);
create table indexed_packs(
    pack_id text primary key, version integer not null, state text not null,
    done integer not null, attempts integer not null, fault text not null, indexed_at text not null);
create table left_out(pack_id text primary key);
create table languages(language text primary key);
create table vocabulary(
    length integer not null, term text not null, documents integer not null,
    primary key(length, term)) without rowid;
create index vocabulary_term on vocabulary(term);
"""


@contextmanager
def open_for_reading(paths: HubPaths) -> Iterator[sqlite3.Connection | None]:
    """Yield search.db read-only with hub.db attached as `hub`; None where no such index is there yet.

    For one call in one thread, which opens no second one meanwhile. Connections wait for the next call, as
    opening one takes as long as a search; one to a file that was replaced meanwhile is not used again. While
    all of them are in use, callers wait: Python computes for one of them at a time anyway.
    """
    with _free:
        yield from _read(paths)


def _read(paths: HubPaths) -> Iterator[sqlite3.Connection | None]:
    try:
        files = tuple((path, path.stat().st_ino) for path in (paths.search_db, paths.db))
    except FileNotFoundError:
        yield None
        return
    connection = _take(files) or _open(paths)
    try:
        yield connection if _fingerprint(connection) == _FINGERPRINT else None
    except BaseException:
        connection.close()
        raise
    _keep(files, connection)


def _open(paths: HubPaths) -> sqlite3.Connection:
    uri = _read_only(paths.search_db)
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
    try:
        connection.execute("attach ? as hub", (_read_only(paths.db),))
    except BaseException:
        connection.close()
        raise
    return connection


def _take(files: _Files) -> sqlite3.Connection | None:
    """Return a connection that waits for these very files; none that waits for others stays."""
    with _waiting_lock:
        outdated = [connection for known, connection in _waiting if known != files]
        _waiting[:] = [one for one in _waiting if one[0] == files]
        found = _waiting.pop()[1] if _waiting else None
    for connection in outdated:
        connection.close()
    return found


def _keep(files: _Files, connection: sqlite3.Connection) -> None:
    with _waiting_lock:
        _waiting.append((files, connection))


@atexit.register
def close_waiting() -> None:
    """Close the connections that wait for a next call."""
    with _waiting_lock:
        for _, connection in _waiting:
            connection.close()
        _waiting.clear()


@contextmanager
def open_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open search.db for the one process that holds the lock "index"; a foreign or condemned one is replaced.

    Raises:
        sqlite3.DatabaseError: damaged, see `is_damage`; or the disk refuses.
    """
    if _condemned(path).exists() or not _is_ours(path):
        delete(path)
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=normal")
        if _fingerprint(connection) != _FINGERPRINT:
            with transaction(connection):
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute("insert into words(words, rank) values ('automerge', ?)", (_AUTOMERGE,))
                connection.execute(f"pragma user_version={_FINGERPRINT}")
        yield connection


def stamp(path: Path) -> tuple[int, ...]:
    """Return numbers that differ as soon as what is in search.db does; reading it changes none of them."""
    found: list[int] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = os.stat(file)  # noqa: PTH116 - half the time of Path.stat, every search
        except FileNotFoundError:
            continue
        if status.st_size:  # a reader too makes an empty -wal
            found += (status.st_ino, status.st_size, status.st_mtime_ns)
    return tuple(found)


def delete(path: Path) -> None:
    """Delete search.db with what lies beside it, so that an old -wal never meets a new database."""
    for name in (f"{path.name}-wal", f"{path.name}-shm", path.name):
        path.with_name(name).unlink(missing_ok=True)
    _condemned(path).unlink(missing_ok=True)


def condemn(path: Path) -> None:
    """Note that a reader found search.db damaged: the next indexing makes a new one."""
    _condemned(path).touch()


def is_condemned(path: Path) -> bool:
    """Whether a reader found search.db damaged."""
    return _condemned(path).exists()


def to_local_error(error: sqlite3.DatabaseError, path: Path) -> LocalError:
    """Return what an error of SQLite means for the person on site."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return DiskFullError(f"writing {path}: {error}", hint="Free some space; the index goes on by itself.")
    return LocalError(f"{path}: {error}", hint=f"If it stays so, delete {path}: it is made again.")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it."""
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _condemned(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def is_cut_short(path: Path) -> bool:
    """Whether less of search.db is there than it counts, as after a power cut; costs one page read.

    Asks SQLite: if this process opened the file itself, the kernel would drop the locks of its connections
    at the close (sqlite.org/howtocorrupt.html §2.2). Then the indexer deletes the -wal that they read, and
    they never see anything new. Where a -wal may hold the rest, all is read.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True, timeout=_BUSY_TIMEOUT_S)) as connection:
            (pages,) = connection.execute("pragma page_count").fetchone()
            (page_bytes,) = connection.execute("pragma page_size").fetchone()
            if path.stat().st_size >= pages * page_bytes:
                return False
            return connection.execute("pragma quick_check(1)").fetchall() != [("ok",)]
    except FileNotFoundError:
        return False
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return True
        raise


def _is_ours(path: Path) -> bool:
    if is_cut_short(path):
        return False
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as connection:
            return _fingerprint(connection) in (0, _FINGERPRINT)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return False
        raise


def _fingerprint(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])
