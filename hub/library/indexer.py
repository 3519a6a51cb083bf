"""Bring search.db up to what is installed, in a process of its own at the lowest priority.

python -m hub.library.indexer DIR
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from content_packs import console
from content_packs.durable import locked
from content_packs.errors import Error
from content_packs.kinds import KINDS
from content_packs.kinds.kind import Document
from hub.db import open_db
from hub.library import lemmas, search_db, search_index
from hub.library.installed import InstalledPack, is_lesson, list_packs
from hub.library.lowest import lower_priority
from hub.settings import HubPaths, KiwixSettings, read_settings

Progress = Callable[[str, int], None]  # the pack's id, and how many of its documents are done

_BATCH_DOCUMENTS = 200  # committed together: what a power cut costs at most
_BATCH_CHARS = 1_000_000
_MAX_ATTEMPTS = 3  # at the same place: a document that kills the process must not do so for ever
_MOST_ARTICLES = KiwixSettings().indexed_articles  # where no hub.toml says otherwise


@dataclass(slots=True)
class IndexReport:
    """What one run did. Faults are sentences; the rest of their pack is findable all the same."""

    indexed: list[str] = field(default_factory=list)  # "id@version"
    dropped: list[str] = field(default_factory=list)  # pack ids, gone or of another version now
    documents: int = 0
    faults: list[str] = field(default_factory=list)


def pending(paths: HubPaths) -> bool:
    """Whether `index_pending` has anything to do; about a millisecond."""
    if not paths.db.is_file():
        return False
    if search_db.is_condemned(paths.search_db) or search_db.is_cut_short(paths.search_db):
        return True
    try:
        with search_db.open_for_reading(paths) as connection:
            return connection is None or _differs(connection)
    except sqlite3.DatabaseError as error:
        if search_db.is_damage(error):
            return True
        raise search_db.to_local_error(error, paths.search_db) from error


def index_pending(
    paths: HubPaths,
    *,
    now: datetime,
    progress: Progress | None = None,
    wait: bool = False,
    most_articles: int = _MOST_ARTICLES,
) -> IndexReport:
    """Index every installed pack that is missing from search.db, and drop what is no longer installed.

    Of a ZIM with more than `most_articles` only the title is taken: kiwix-serve searches the rest.

    May be killed at any moment: the next call goes on after the last batch. A damaged search.db is made anew.

    Raises:
        BusyError: another process is indexing, and `wait` is false.
        LocalError: the disk refuses.
    """
    with locked(paths.lock("index"), doing="indexing for the search", wait=wait):
        try:
            return _Run(paths, now, progress, most_articles).run()
        except sqlite3.DatabaseError as error:
            if not search_db.is_damage(error):
                raise search_db.to_local_error(error, paths.search_db) from error
        search_db.delete(paths.search_db)
        try:
            return _Run(paths, now, progress, most_articles).run()
        except sqlite3.DatabaseError as error:
            raise search_db.to_local_error(error, paths.search_db) from error


def spawn(paths: HubPaths) -> "subprocess.Popen[bytes]":
    """Start indexing in its own process; the caller waits for it (exit code 0) or polls it.

    Two at a time do no harm: the second waits for the first and then does what is left.
    """
    command = [sys.executable, "-m", "hub.library.indexer", str(paths.dir)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


@dataclass(slots=True)
class _Run:
    paths: HubPaths
    now: datetime
    progress: Progress | None
    most_articles: int
    report: IndexReport = field(default_factory=IndexReport)
    reader: lemmas.Reader = field(default_factory=lemmas.Reader)

    def run(self) -> IndexReport:
        with search_db.open_for_writing(self.paths.search_db) as connection:
            # Read again after every pack: a sync may install while we are at it.
            while work := self._next(connection):
                gone, pack = work
                for pack_id in gone:
                    self._drop(connection, pack_id)
                if pack is not None:
                    self._index(connection, pack)
            search_index.end_run(connection, self.reader)
        return self.report

    def _next(self, connection: sqlite3.Connection) -> tuple[list[str], InstalledPack | None] | None:
        """Return the packs to drop and the next to index, the smallest first; None where all is done."""
        with closing(open_db(self.paths.db)) as db:
            packs = {pack.pack.id: pack for pack in list_packs(db, self.paths)}
        known = search_index.list_progress(connection)
        gone = [i for i, p in known.items() if i not in packs or packs[i].pack.version != p.version]
        todo = [p for i, p in packs.items() if i in gone or i not in known or known[i].is_reading]
        if not gone and not todo:
            return None
        return gone, min(todo, key=lambda pack: (pack.size_bytes, pack.pack.id), default=None)

    def _drop(self, connection: sqlite3.Connection, pack_id: str) -> None:
        with search_db.transaction(connection):
            search_index.drop_pack(connection, pack_id)
        self.report.dropped.append(pack_id)

    def _index(self, connection: sqlite3.Connection, pack: InstalledPack) -> None:
        pack_id, version = pack.pack.id, pack.pack.version
        with search_db.transaction(connection):
            start = search_index.start_pack(connection, pack_id, version, now=self.now)
        if start.attempts > _MAX_ATTEMPTS:
            fault = f"gave up after document {start.done}: reading on ended the process {_MAX_ATTEMPTS} times"
        else:
            fault = self._add_documents(connection, pack, start.done)
        with search_db.transaction(connection):
            search_index.end_pack(connection, pack_id, fault=fault)
        self.report.indexed.append(f"{pack_id}@{version}")
        if fault:
            self.report.faults.append(f"{pack_id}@{version}: {fault}")

    def _add_documents(self, connection: sqlite3.Connection, pack: InstalledPack, done: int) -> str:
        """Add the documents after the first `done`; return what went wrong, empty if nothing did."""
        whole = not is_too_large(pack, self.most_articles)
        if not whole:
            with search_db.transaction(connection):
                search_index.leave_out(connection, pack.pack.id)
        documents = islice(_documents(pack, whole=whole), done, None)
        while True:
            batch, fault = _read_batch(documents)
            with search_db.transaction(connection):
                for document in batch:
                    search_index.add_document(connection, pack.pack, document, self.reader)
                    lemmas.quicken()
                done += len(batch)
                search_index.note_batch(connection, pack.pack.id, done)
            self.report.documents += len(batch)
            if self.progress:
                self.progress(pack.pack.id, done)
            if fault:
                return f"after document {done}: {fault}"
            if not batch:
                return ""


def is_too_large(pack: InstalledPack, most_articles: int) -> bool:
    """Whether this hub leaves a pack's search to kiwix-serve: a ZIM with its own index, and many articles."""
    articles = pack.details.get("articles")
    has_index = pack.pack.kind == "zim" and pack.details.get("fulltext") is True
    return has_index and isinstance(articles, int) and articles > most_articles


def _documents(pack: InstalledPack, *, whole: bool) -> Iterator[Document]:
    """Yield the pack itself (an empty path), then what its kind finds in it; the same order at every call."""
    meta = pack.pack
    if not is_lesson(meta.kind):
        return
    about = " ".join((meta.description, meta.subject, *meta.tags, meta.author))
    yield Document("", meta.title, meta.language, "", about)
    if whole:
        yield from KINDS[meta.kind].documents(pack.tree)


def _read_batch(documents: Iterator[Document]) -> tuple[list[Document], str]:
    """Return the next documents, and what ended the reading if something did."""
    batch: list[Document] = []
    chars = 0
    try:
        for document in documents:
            batch.append(document)
            chars += len(document.text)
            if len(batch) == _BATCH_DOCUMENTS or chars >= _BATCH_CHARS:
                break
    except Error as error:
        return batch, error.message
    except OSError as error:
        return batch, f"{error.strerror or error} ({error.filename})"
    return batch, ""


def _differs(connection: sqlite3.Connection) -> bool:
    """Whether search.db and the installed packs disagree."""
    installed = set(connection.execute("select pack_id, version from hub.installed"))
    indexed = set(connection.execute("select pack_id, version from indexed_packs where state = 'done'"))
    (unfinished,) = connection.execute("select count(*) from indexed_packs where state != 'done'").fetchone()
    return installed != indexed or unfinished > 0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def _command(folder: Path) -> None:
    """Bring the search index of a hub's state directory up to date."""
    lower_priority()
    paths = HubPaths(folder.absolute())
    most_articles = (
        read_settings(paths).kiwix.indexed_articles if paths.settings.is_file() else _MOST_ARTICLES
    )
    report = index_pending(paths, now=datetime.now(UTC), wait=True, most_articles=most_articles)
    for fault in report.faults:
        console.note(f"search: {fault}")


def main() -> None:
    """Run the command; leaves with an exit code of DESIGN §11."""
    console.run(_command)


if __name__ == "__main__":
    main()
