"""What search.db holds: documents in, packs out, how far each pack is. Writers call inside a transaction.

A row of `words` whose document is gone is dead: SQLite 3.40 cannot delete from a contentless table, so
searches join it away, and `words` is made again when most of it is dead.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from backports import zstd

from content_packs.compression import decompress
from content_packs.kinds.kind import Document
from content_packs.meta import PackMeta
from hub.library.lemmas import Reader, RecentWords, base_language
from hub.library.search_db import transaction
from hub.library.words import lower, split_tokens

MAX_TEXT_CHARS = 4_000_000  # of one document: four novels; bounds the memory of indexing
MAX_VOCABULARY = 50_000  # words; rapidfuzz scans them in 7 ms (field-notes/portal.md §4.2)
_COMPRESSION_LEVEL = 3  # 6 takes three times as long for 6 % less
_MAX_UTF8_BYTES = 4


@dataclass(frozen=True, slots=True)
class StoredText:
    """What is kept of a document's text."""

    headings: str
    text: str


@dataclass(frozen=True, slots=True)
class PackProgress:
    """How far a pack is: being read, read, or done (its words are in the vocabulary too)."""

    version: int
    state: str
    done: int  # documents
    attempts: int  # since the last batch: more than a few mean that a document kills the process
    fault: str

    @property
    def is_reading(self) -> bool:
        """Whether documents are still missing."""
        return self.state == "reading"


def list_progress(connection: sqlite3.Connection) -> dict[str, PackProgress]:
    """Return how far each pack is, by its id."""
    rows = connection.execute("select pack_id, version, state, done, attempts, fault from indexed_packs")
    return {row[0]: PackProgress(*row[1:]) for row in rows}


def list_left_out(connection: sqlite3.Connection) -> list[str]:
    """Return the packs of which only the title is in here, as they are too large; other ways search them."""
    return [row[0] for row in connection.execute("select pack_id from left_out order by pack_id")]


def leave_out(connection: sqlite3.Connection, pack_id: str) -> None:
    """Note that a pack is too large to be read here."""
    connection.execute("insert or ignore into left_out values (?)", (pack_id,))


def start_pack(connection: sqlite3.Connection, pack_id: str, version: int, *, now: datetime) -> PackProgress:
    """Note one more attempt at a pack, from where the last one ended."""
    connection.execute(
        """
        insert into indexed_packs values (?, ?, 'reading', 0, 1, '', ?)
        on conflict(pack_id) do update set attempts = attempts + 1
        """,
        (pack_id, version, now.isoformat(timespec="seconds")),
    )
    return list_progress(connection)[pack_id]


def note_batch(connection: sqlite3.Connection, pack_id: str, done: int) -> None:
    """Note that `done` documents of a pack are in; in the transaction that adds them."""
    connection.execute("update indexed_packs set done = ?, attempts = 0 where pack_id = ?", (done, pack_id))


def end_pack(connection: sqlite3.Connection, pack_id: str, *, fault: str) -> None:
    """Note that all of a pack's documents are in, or all that can be read."""
    connection.execute(
        "update indexed_packs set state = 'read', fault = ? where pack_id = ?", (fault, pack_id)
    )


def add_document(connection: sqlite3.Connection, pack: PackMeta, document: Document, reader: Reader) -> None:
    """Add one document of a pack."""
    fields = (document.title or document.path, document.path, document.headings, document.text)
    title, path, headings, text = map(_storable, fields)
    language = base_language(document.language or pack.language)
    row = (pack.id, pack.version, pack.kind, path, title, language)
    connection.execute("insert or ignore into languages values (?)", (language,))
    added = connection.execute(
        "insert into documents(pack_id, version, kind, path, title, language) values (?,?,?,?,?,?)", row
    )
    packed = zstd.compress(f"{headings}\0{text}".encode(), _COMPRESSION_LEVEL)
    connection.execute("insert into texts values (?,?)", (added.lastrowid, packed))
    stored = StoredText(headings, text)
    _add_words(connection, int(added.lastrowid or 0), title, stored, reader.words(language))


def read_text(packed: bytes) -> StoredText:
    """Return what `add_document` stored."""
    most = (MAX_TEXT_CHARS * 2 + 1) * _MAX_UTF8_BYTES
    headings, _, text = decompress(packed, max_bytes=most, what="search.db").decode().partition("\0")
    return StoredText(headings, text)


def drop_pack(connection: sqlite3.Connection, pack_id: str) -> None:
    """Forget a pack's documents. Its rows of `words` are dead from now on."""
    connection.execute(
        "delete from texts where id in (select id from documents where pack_id = ?)", (pack_id,)
    )
    connection.execute("delete from documents where pack_id = ?", (pack_id,))
    connection.execute("delete from indexed_packs where pack_id = ?", (pack_id,))
    connection.execute("delete from left_out where pack_id = ?", (pack_id,))


def end_run(connection: sqlite3.Connection, reader: Reader) -> None:
    """Do what pays once for many packs: compact, collect the vocabulary. Opens its own transactions."""
    if _is_mostly_dead(connection):
        _compact(connection, reader)
    if any(progress.state == "read" for progress in list_progress(connection).values()):
        with transaction(connection):
            _renew_vocabulary(connection)
            connection.execute("update indexed_packs set state = 'done' where state = 'read'")


def _is_mostly_dead(connection: sqlite3.Connection) -> bool:
    """Whether more than half of the rows of `words` belong to documents that are gone."""
    (alive,) = connection.execute("select count(*) from documents").fetchone()
    (rows,) = connection.execute("select count(*) from words_docsize").fetchone()
    return bool(rows > 2 * alive)


def _compact(connection: sqlite3.Connection, reader: Reader) -> None:
    """Make `words` again from the stored texts, in one transaction: readers see the old one until it ends."""
    with transaction(connection):
        connection.execute("insert into words(words) values ('delete-all')")
        rows = connection.execute(
            "select d.id, d.title, d.language, t.text from documents d join texts t on t.id = d.id"
        )
        for identity, title, language, packed in rows:
            _add_words(connection, identity, title, read_text(packed), reader.words(language))
    connection.execute("pragma wal_checkpoint(truncate)")


def _renew_vocabulary(connection: sqlite3.Connection) -> None:
    """Collect the words that most documents use, to suggest them."""
    connection.execute("delete from vocabulary")
    connection.execute(
        """
        insert into vocabulary(documents, term, length)
        select sum(doc) as documents, term, length(term) from word_columns
        where col in ('title', 'headings', 'body') and length(term) between 3 and 32
            and not term glob '*[0-9]*'
        group by term order by documents desc limit ?
        """,
        (MAX_VOCABULARY,),
    )


def _add_words(
    connection: sqlite3.Connection, identity: int, title: str, stored: StoredText, recent: RecentWords
) -> None:
    columns = (column for text in (title, stored.headings, stored.text) for column in _columns(text, recent))
    connection.execute(
        "insert into words(rowid, title, title_forms, headings, heading_forms, body, body_forms)"
        " values (?,?,?,?,?,?,?)",
        (identity, *columns),
    )


def _columns(text: str, recent: RecentWords) -> tuple[str, str]:
    """Return the folded words and their other forms, each as FTS5 takes them: with spaces between."""
    found = [recent[token] for token in split_tokens(lower(text))]
    return " ".join([word for word, _ in found]), " ".join([forms for _, forms in found if forms])


def _storable(text: str) -> str:
    """Return the text without what UTF-8 or our separator cannot hold, cut to what is indexed."""
    return text[:MAX_TEXT_CHARS].replace("\0", " ").encode("utf-8", "replace").decode()
