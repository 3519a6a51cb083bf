"""Kind `kolibri`: channels of Kolibri as an export tree, `databases/` and `storage/`.

The content is either that tree itself (as `packs channel` makes it) or a folder that holds it as `content/`
(as `kolibri manage exportcontent DIR` does). Facts about databases are from Kolibri 0.19.5.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content_packs.errors import BadDataError
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import VERSION, Member, check_list, check_members, number, text
from content_packs.source import Finding, PackSource, SourceFile

SCHEMA_VERSIONS = ("5", "4", "3", "2", "1")  # importable; older ones name their files in another way
MAX_CHANNELS = 1000  # of one pack
_ID = re.compile(r"[0-9a-f]{32}")
_DATABASE = re.compile(r"databases/([0-9a-f]{32})\.sqlite3")
_STORED = re.compile(r"storage/([0-9a-f])/([0-9a-f])/(\1\2[0-9a-f]{30})(-data)?\.([0-9a-z]+)")
_MANIFEST = "manifest.json"
_WAL_BYTES = slice(18, 20)  # of a database's header; 2 means WAL: sqlite.org/fileformat.html §1.3
_SHOWN = 5
_RE_EXPORT = "Export the channel from Kolibri again."


def is_id(value: object) -> bool:
    """Tell whether `value` is what Kolibri names channels and nodes by; only such ids may become paths."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


_CHANNEL = {
    "id": Member("32 hexadecimal digits", is_id),
    "title": text(200, shortest=1),
    "version": VERSION,
    "language": text(35),
    "resources": number(),
}


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """What a channel's database says of the whole."""

    id: str
    title: str
    version: int
    language: str
    resources: int

    def to_dict(self) -> dict[str, Any]:
        """Return the form that travels in the index of a pack."""
        return {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "language": self.language,
            "resources": self.resources,
        }


def read_channels(details: Mapping[str, Any]) -> Iterator[ChannelInfo]:
    """Yield the channels in a pack's details; what is malformed is left out, `check_details` says why."""
    listed = details.get("channels")
    for values in listed[:MAX_CHANNELS] if isinstance(listed, list) else ():
        if not any(check_members(values, _CHANNEL)):
            yield ChannelInfo(**{name: values[name] for name in _CHANNEL})


def check_details(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the details of a pack, in words."""
    return check_list(details, "channels", _CHANNEL, longest=MAX_CHANNELS)


def find_export_root(content_dir: Path) -> Path | None:
    """Return the folder that directly holds `databases/`, or None."""
    for root in (content_dir, content_dir / "content"):
        if (root / "databases").is_dir():
            return root
    return None


def list_databases(content_dir: Path) -> list[Path]:
    """Return the channel databases of a pack's content, by channel id."""
    root = find_export_root(content_dir)
    return [] if root is None else sorted((root / "databases").glob("*.sqlite3"))


def read_channel(database: Path) -> ChannelInfo:
    """Return what a channel's database says.

    Raises:
        BadDataError: it is none, or says something that a pack cannot hold.
    """
    with open_channel(database) as connection:
        row = connection.execute(
            "SELECT c.id, c.name, c.version, c.root_id, n.tree_id, l.lang_code FROM content_channelmetadata c"
            " LEFT JOIN content_contentnode n ON n.id = c.root_id"
            " LEFT JOIN content_language l ON l.id = n.lang_id"
        ).fetchone()
        if row is None:
            raise ValueError("its table of channels is empty")
        (resources,) = connection.execute(
            "SELECT count(*) FROM content_contentnode WHERE kind != 'topic'"
        ).fetchone()
    values = {
        "id": row["id"],
        "title": row["name"],
        "version": row["version"],
        "language": row["lang_code"] or "",
        "resources": resources,
    }
    for fault in check_members(values, _CHANNEL):
        raise BadDataError(f"{database.name}: {fault}", hint=_RE_EXPORT)
    return ChannelInfo(**values)


@contextmanager
def open_channel(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a channel's database; whatever is wrong with it comes out as BadDataError with its name."""
    try:
        with closing(_open(database)) as connection:
            yield connection
    except (sqlite3.Error, ValueError) as error:
        raise BadDataError(f"{database.name}: not a channel's database: {error}", hint=_RE_EXPORT) from error


def _open(database: Path) -> sqlite3.Connection:
    # immutable: no locks, no journal, so a pack on a read-only disk opens and is never written to.
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def check(source: PackSource) -> Iterator[Finding]:
    """Yield what is wrong with an export tree: databases, their nodes, the files they name."""
    tree = _Tree.of(source)
    databases = [path for path in tree.files if _DATABASE.fullmatch(path)]
    if not databases:
        hint = "Give an export of Kolibri, or make one with `packs channel`."
        yield source.finding(
            "content", "no databases/<channel id>.sqlite3 in the content", hint, code="kolibri"
        )
        return
    for path, file in tree.files.items():
        yield from _check_place(tree.place(file), path, file)
    for path in databases:
        yield from _check_database(tree, tree.files[path])


@dataclass(frozen=True, slots=True)
class _Tree:
    """The files of an export tree by their path in it."""

    source: PackSource
    files: Mapping[str, SourceFile]

    def place(self, file: SourceFile) -> str:
        return self.source.place(file.path)

    @classmethod
    def of(cls, source: PackSource) -> "_Tree":
        root = find_export_root(source.content_dir) or source.content_dir
        prefix = "" if root == source.content_dir else root.name + "/"
        inside = {f.path.removeprefix(prefix): f for f in source.files if f.path.startswith(prefix)}
        return cls(source, inside)


def _check_place(place: str, path: str, file: SourceFile) -> Iterator[Finding]:
    if path.startswith("databases/") and not _DATABASE.fullmatch(path):
        if path.endswith(("-wal", "-shm", "-journal")):
            yield Finding(place, "a database that was open while it was copied leaves this", _RE_EXPORT)
        else:
            yield Finding(place, "not a channel's database: expected <32 hex digits>.sqlite3", "Remove it.")
    elif path.startswith("storage/"):
        stored = _STORED.fullmatch(path)
        if stored is None:
            yield Finding(place, "not a name that Kolibri looks for: a/b/<md5>.<type>", "Remove it.")
        elif not stored[4] and (found := _md5(file.location)) != stored[3]:
            yield Finding(place, f"expected the MD5 {stored[3]}, got {found}", "Copy the file again.")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_database(tree: _Tree, file: SourceFile) -> Iterator[Finding]:
    with file.location.open("rb") as opened:
        if 2 in opened.read(100)[_WAL_BYTES]:
            hint = "Run: sqlite3 FILE 'PRAGMA journal_mode=DELETE'"
            yield Finding(tree.place(file), "the database is in WAL mode: part of it may lie elsewhere", hint)
            return
    try:
        with closing(_open(file.location)) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if sound != "ok":
                yield Finding(tree.place(file), f"the database is damaged: {sound}", _RE_EXPORT)
                return
            faults = list(_check_channel(connection, file.location.stem))
            yield from (Finding(tree.place(file), fault, _RE_EXPORT) for fault in faults)
            if not faults:
                read_channel(file.location)
                yield from _check_files(tree, file, connection)
    except sqlite3.Error as error:
        yield Finding(tree.place(file), f"not a channel's database: {error}", _RE_EXPORT)
    except BadDataError as error:
        yield Finding(tree.place(file), error.message, _RE_EXPORT)


def _check_channel(connection: sqlite3.Connection, expected_id: str) -> Iterator[str]:
    rows = connection.execute("SELECT * FROM content_channelmetadata").fetchall()
    if len(rows) != 1:
        yield f"expected one channel in it, got {len(rows)}"
        return
    row = dict(rows[0])
    if row["id"] != expected_id:
        yield f"expected the channel {expected_id}, as the file is called, got {row['id']}"
    schema = row.get("min_schema_version")
    if schema not in SCHEMA_VERSIONS:
        yield f"expected a schema version of {', '.join(SCHEMA_VERSIONS)}, got {schema!r}"
        return
    root = connection.execute(
        "SELECT count(*) FROM content_contentnode WHERE id = ? AND parent_id IS NULL", [row["root_id"]]
    )
    if root.fetchone()[0] != 1:
        yield f"its root, the node {row['root_id']}, is not in it"


def _check_files(tree: _Tree, file: SourceFile, connection: sqlite3.Connection) -> Iterator[Finding]:
    stored = {path.rpartition("/")[2]: stored.size for path, stored in tree.files.items()}
    missing: list[str] = []
    for row in _needed(tree, file.location.stem, connection):
        name = f"{row['id']}.{row['extension']}"
        if name not in stored:
            missing.append(f"{name} of {row['title']!r}")
        elif row["file_size"] is not None and stored[name] != row["file_size"]:
            message = f"{name}: expected {row['file_size']} bytes, got {stored[name]}"
            yield Finding(tree.place(file), message, _RE_EXPORT)
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        message = f"{len(missing)} files are missing in storage: {', '.join(missing[:_SHOWN])}{more}"
        yield Finding(tree.place(file), message, _RE_EXPORT)


def _needed(tree: _Tree, channel_id: str, connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the files without which a lesson does not open, of the lessons that were exported."""
    return connection.execute(
        "SELECT DISTINCT l.id, l.extension, l.file_size, n.title FROM content_localfile l"
        " JOIN content_file f ON f.local_file_id = l.id"
        " JOIN content_contentnode n ON n.id = f.contentnode_id"
        " WHERE NOT f.supplementary AND (:included IS NULL OR EXISTS ("
        "  SELECT 1 FROM json_each(:included) JOIN content_contentnode above ON above.id = value"
        "  WHERE above.tree_id = n.tree_id AND n.lft BETWEEN above.lft AND above.rght))",
        {"included": _included_nodes(tree, channel_id)},
    ).fetchall()


def _included_nodes(tree: _Tree, channel_id: str) -> str | None:
    """Return, as JSON, the topics and lessons that an export of a part names; None where it is the whole."""
    manifest = tree.files.get(_MANIFEST)
    if manifest is None:
        return None
    try:
        channels = json.loads(manifest.location.read_bytes())["channels"]
        nodes = [set(c["include_node_ids"]) for c in channels if c["id"] == channel_id]
    except (ValueError, KeyError, TypeError):
        return None
    return json.dumps(sorted(set.union(*nodes))) if nodes else None


def describe(source: PackSource, _: Workshop) -> Described:
    """Return `{"channels": [{"id", "title", "version", "language", "resources"}]}`.

    Raises:
        BadDataError: a database changed since it was checked.
    """
    channels = [read_channel(path).to_dict() for path in list_databases(source.content_dir)]
    return Described(details={"channels": channels}, extras={})


def documents(tree: InstalledTree) -> Iterator[Document]:
    """Yield every topic and lesson; `path` is the node's id, which Kolibri opens at /viewcontent?node_id=…

    Raises:
        BadDataError: a database, which is named, is damaged or holds rows of other types.
    """
    for database in list_databases(tree.content_dir):
        with open_channel(database) as connection:
            yield from _documents(connection, tree.pack.language)


def _documents(connection: sqlite3.Connection, language: str) -> Iterator[Document]:
    tags: dict[str, list[str]] = {}
    for row in connection.execute(
        "SELECT m.contentnode_id, t.tag_name FROM content_contentnode_tags m"
        " JOIN content_contenttag t ON t.id = m.contenttag_id ORDER BY m.id"
    ):
        tags.setdefault(row["contentnode_id"], []).append(_text(row, "tag_name"))
    topics: dict[str, str] = {}  # of each node seen so far, the titles above it and its own
    for row in connection.execute(
        "SELECT n.id, n.parent_id, n.title, n.description, l.lang_code FROM content_contentnode n"
        " LEFT JOIN content_language l ON l.id = n.lang_id ORDER BY n.tree_id, n.lft"
    ):
        above = topics.get(row["parent_id"], "")
        if not is_id(row["id"]):
            raise ValueError(f"expected the id of a node, got {row['id']!r:.80}")
        title = _text(row, "title")
        topics[row["id"]] = f"{above}\n{title}".strip()
        if row["parent_id"] is not None:
            said = "\n".join(filter(None, [_text(row, "description"), *tags.get(row["id"], ())]))
            yield Document(row["id"], title, _text(row, "lang_code") or language, above, said)


def _text(row: sqlite3.Row, column: str) -> str:
    """Return a text, empty for NULL; SQLite holds any type in any column."""
    value = row[column]
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{column}: expected text, got {value!r:.80}")
    return value or ""


KIND = Kind("kolibri", check_details, check, describe, documents)
