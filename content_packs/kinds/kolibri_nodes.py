"""Topics and lessons of installed Kolibri channels, one at a time: what a page shows of them.

Columns are those of Kolibri 0.19.5; older schemas lack some, which then count as unknown.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.kinds.kolibri import find_export_root, is_id, list_databases, open_channel

TOPIC = "topic"
_COLUMNS = (
    "SELECT n.*, l.lang_code, c.id AS of_channel, c.root_id, c.name, c.description AS about,"
    " (SELECT count(*) FROM content_contentnode below WHERE below.tree_id = n.tree_id"
    "  AND below.lft > n.lft AND below.rght < n.rght AND below.kind != 'topic') AS resources"
    " FROM content_contentnode n, content_channelmetadata c"
    " LEFT JOIN content_language l ON l.id = n.lang_id "
)


@dataclass(frozen=True, slots=True)
class Node:
    """One topic or lesson. The root of a channel bears the channel's id, title and description."""

    id: str
    title: str
    kind: str  # topic, video, audio, exercise, document, html5, slideshow, …
    description: str
    language: str  # empty where the channel does not say it
    author: str
    duration_s: int  # 0 where unknown
    resources: int  # lessons below a topic
    kolibri_id: str  # what Kolibri opens at /viewcontent?node_id=…

    @property
    def is_topic(self) -> bool:
        """Whether there is more below it."""
        return self.kind == TOPIC


@dataclass(frozen=True, slots=True)
class FoundNode:
    """A node in its place: the topics above it, the channel first, and what is directly below it."""

    node: Node
    above: tuple[Node, ...]
    children: tuple[Node, ...]
    before: Node | None  # the lesson before it in the same topic
    after: Node | None
    is_here: bool  # its files came with the pack


def find_node(content_dir: Path, node_id: str) -> FoundNode | None:
    """Return a channel, topic or lesson that learners may see; None where the pack has no such.

    Of an export of a part the lessons whose files did not travel are found, but not listed.

    Raises:
        BadDataError: a database, which is named, is damaged.
    """
    if not is_id(node_id):
        return None
    storage = (find_export_root(content_dir) or content_dir) / "storage"
    for database in list_databases(content_dir):
        with open_channel(database) as connection:
            found = _find(connection, node_id, storage)
        if found is not None:
            return found
    return None


def _find(connection: sqlite3.Connection, node_id: str, storage: Path) -> FoundNode | None:
    row = connection.execute(
        f"{_COLUMNS} WHERE n.id = CASE WHEN c.id = :id THEN c.root_id ELSE :id END",
        {"id": node_id},
    ).fetchone()
    if row is None or _is_hidden(row):
        return None
    place = {"tree": row["tree_id"], "lft": row["lft"], "rght": row["rght"]}
    above = connection.execute(
        f"{_COLUMNS} WHERE n.tree_id = :tree AND n.lft < :lft AND n.rght > :rght ORDER BY n.lft",
        place,
    ).fetchall()
    is_topic = row["kind"] == TOPIC
    topic = row["id"] if is_topic else row["parent_id"]
    missing = _find_missing(connection, topic, storage)
    listed = tuple(_children(connection, topic, missing))
    number = next((number for number, node in enumerate(listed) if node.id == row["id"]), None)
    return FoundNode(
        node=_node(row),
        above=tuple(map(_node, above)),
        children=listed if is_topic else (),
        before=listed[number - 1] if number else None,
        after=listed[number + 1] if number is not None and number + 1 < len(listed) else None,
        is_here=row["id"] not in missing,
    )


def _find_missing(connection: sqlite3.Connection, topic: str, storage: Path) -> set[str]:
    """Return the lessons directly below a topic that lack a file without which they do not open."""
    files = connection.execute(
        "SELECT n.id AS node, l.id, l.extension FROM content_contentnode n"
        " JOIN content_file f ON f.contentnode_id = n.id"
        " JOIN content_localfile l ON l.id = f.local_file_id"
        " WHERE n.parent_id = ? AND NOT f.supplementary",
        [topic],
    )
    return {row["node"] for row in files if not (storage / _stored_path(row)).is_file()}


def _stored_path(row: sqlite3.Row) -> str:
    md5 = _id(row["id"])
    return f"{md5[0]}/{md5[1]}/{md5}.{row['extension']}"


def _children(connection: sqlite3.Connection, node_id: str, missing: set[str]) -> Iterator[Node]:
    rows = connection.execute(f"{_COLUMNS} WHERE n.parent_id = ? ORDER BY n.lft", [node_id])
    return (_node(row) for row in rows if not _is_hidden(row) and row["id"] not in missing)


def _is_hidden(row: sqlite3.Row) -> bool:
    """Tell whether a node is for coaches only, as Kolibri hides it from learners."""
    return "coach_content" in row.keys() and bool(row["coach_content"])  # noqa: SIM118 - a Row has no `in`


def _node(row: sqlite3.Row) -> Node:
    is_root = row["id"] == row["root_id"]
    duration = row["duration"] if "duration" in row.keys() else 0  # noqa: SIM118
    return Node(
        id=_id(row["of_channel"] if is_root else row["id"]),
        title=_text(row["name"] if is_root else row["title"]),
        kind=_text(row["kind"]),
        description=_text((is_root and row["about"]) or row["description"]),
        language=_text(row["lang_code"]),
        author=_text(row["author"]),
        duration_s=duration if isinstance(duration, int) and duration > 0 else 0,
        resources=row["resources"],
        kolibri_id=_id(row["id"]),
    )


def _id(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise ValueError(f"expected the id of a node, got {value!r:.80}")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
