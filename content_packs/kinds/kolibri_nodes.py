"""Topics and lessons of installed Kolibri channels, one at a time: what a page shows of them.

Columns are those of Kolibri 0.19.5; older schemas lack some, which then count as unknown.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.kinds.kolibri import is_id, list_databases, open_channel

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


def find_node(content_dir: Path, node_id: str) -> FoundNode | None:
    """Return a channel, topic or lesson that learners may see; None where the pack has no such.

    Raises:
        BadDataError: a database, which is named, is damaged.
    """
    if not is_id(node_id):
        return None
    for database in list_databases(content_dir):
        with open_channel(database) as connection:
            found = _find(connection, node_id)
        if found is not None:
            return found
    return None


def _find(connection: sqlite3.Connection, node_id: str) -> FoundNode | None:
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
    siblings = list(_children(connection, row["parent_id"])) if row["kind"] != TOPIC else []
    number = next((number for number, node in enumerate(siblings) if node.id == row["id"]), 0)
    return FoundNode(
        _node(row),
        tuple(map(_node, above)),
        tuple(_children(connection, row["id"])),
        siblings[number - 1] if number else None,
        siblings[number + 1] if number + 1 < len(siblings) else None,
    )


def _children(connection: sqlite3.Connection, node_id: str | None) -> Iterator[Node]:
    rows = connection.execute(f"{_COLUMNS} WHERE n.parent_id = ? ORDER BY n.lft", [node_id])
    return (_node(row) for row in rows if not _is_hidden(row))


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
