"""The database of a channel in content schema 5, as Kolibri 0.16 and later import it.

Tables, columns and their meaning: kolibri/core/content/contentschema/versions/content_schema_5.py of
Kolibri 0.19.5. Topics are nested sets (MPTT): a node's lft and rght enclose those of all below it.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from content_packs.channel.licences import kolibri_language, kolibri_licence
from content_packs.channel.media import ACTIVITIES
from content_packs.channel.tree import Channel, Node, StoredFile, derived_id, tag_id

SCHEMA_VERSION = "5"
_TREE_ID = 1  # one channel a database: Kolibri gives each tree a number of its own at import

_SCHEMA = """
CREATE TABLE content_language (
    id VARCHAR(14) NOT NULL PRIMARY KEY, lang_code VARCHAR(3) NOT NULL, lang_subcode VARCHAR(10),
    lang_name VARCHAR(100), lang_direction VARCHAR(3) NOT NULL);
CREATE TABLE content_contenttag (id CHAR(32) NOT NULL PRIMARY KEY, tag_name VARCHAR(30) NOT NULL);
CREATE TABLE content_localfile (
    id VARCHAR(32) NOT NULL PRIMARY KEY, extension VARCHAR(40) NOT NULL, available BOOLEAN NOT NULL,
    file_size INTEGER);
CREATE TABLE content_contentnode (
    id CHAR(32) NOT NULL PRIMARY KEY, license_name VARCHAR(50), license_description TEXT,
    title VARCHAR(200) NOT NULL, coach_content BOOLEAN NOT NULL, content_id CHAR(32) NOT NULL,
    channel_id CHAR(32) NOT NULL, description TEXT, sort_order FLOAT, license_owner VARCHAR(200) NOT NULL,
    author VARCHAR(200) NOT NULL, kind VARCHAR(200) NOT NULL, available BOOLEAN NOT NULL, options TEXT,
    grade_levels TEXT, resource_types TEXT, learning_activities TEXT, accessibility_labels TEXT,
    categories TEXT, learner_needs TEXT, duration INTEGER,
    lft INTEGER NOT NULL, rght INTEGER NOT NULL, tree_id INTEGER NOT NULL, level INTEGER NOT NULL,
    lang_id VARCHAR(14) REFERENCES content_language (id),
    parent_id CHAR(32) REFERENCES content_contentnode (id));
CREATE TABLE content_assessmentmetadata (
    id CHAR(32) NOT NULL PRIMARY KEY, assessment_item_ids TEXT NOT NULL,
    number_of_assessments INTEGER NOT NULL, mastery_model TEXT NOT NULL, randomize BOOLEAN NOT NULL,
    is_manipulable BOOLEAN NOT NULL,
    contentnode_id CHAR(32) NOT NULL REFERENCES content_contentnode (id));
CREATE TABLE content_channelmetadata (
    id CHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, description VARCHAR(400) NOT NULL,
    tagline VARCHAR(150), author VARCHAR(400) NOT NULL, version INTEGER NOT NULL, thumbnail TEXT NOT NULL,
    last_updated VARCHAR, min_schema_version VARCHAR(50) NOT NULL,
    root_id CHAR(32) NOT NULL REFERENCES content_contentnode (id));
CREATE TABLE content_contentnode_has_prerequisite (
    id INTEGER NOT NULL PRIMARY KEY, from_contentnode_id CHAR(32) NOT NULL,
    to_contentnode_id CHAR(32) NOT NULL);
CREATE TABLE content_contentnode_related (
    id INTEGER NOT NULL PRIMARY KEY, from_contentnode_id CHAR(32) NOT NULL,
    to_contentnode_id CHAR(32) NOT NULL);
CREATE TABLE content_contentnode_tags (
    id INTEGER NOT NULL PRIMARY KEY, contentnode_id CHAR(32) NOT NULL, contenttag_id CHAR(32) NOT NULL);
CREATE TABLE content_file (
    id CHAR(32) NOT NULL PRIMARY KEY, preset VARCHAR(150) NOT NULL, supplementary BOOLEAN NOT NULL,
    thumbnail BOOLEAN NOT NULL, priority INTEGER,
    contentnode_id CHAR(32) NOT NULL REFERENCES content_contentnode (id),
    lang_id VARCHAR(14) REFERENCES content_language (id),
    local_file_id VARCHAR(32) NOT NULL REFERENCES content_localfile (id));
CREATE INDEX node_content ON content_contentnode (content_id);
CREATE INDEX node_parent ON content_contentnode (parent_id);
CREATE INDEX node_tree ON content_contentnode (tree_id, lft);
CREATE INDEX file_node ON content_file (contentnode_id);
CREATE INDEX file_local_file ON content_file (local_file_id);
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A node's place in the nested sets."""

    node: Node
    parent: Node | None
    lft: int
    rght: int
    level: int
    order: int  # among its siblings, from 1


def place(root: Node) -> Iterator[Placed]:
    """Yield every node of a tree with its nested-set numbers, parents first. Pure."""
    yield from _place(root, None, 1, 0, 1)


def _place(node: Node, parent: Node | None, lft: int, level: int, order: int) -> Iterator[Placed]:
    size = sum(1 for _ in node.walk())
    yield Placed(node, parent, lft, lft + 2 * size - 1, level, order)
    cursor = lft + 1
    for number, child in enumerate(node.children, start=1):
        for placed in _place(child, node, cursor, level + 1, number):
            yield placed
            if placed.level == level + 1:
                cursor = placed.rght + 1


def node_id(channel: Channel, node: Node) -> str:
    """Return a node's id; the root has the channel's own, as everywhere in Kolibri."""
    return derived_id(channel.id, "node", node.path) if node.path else channel.id


def write_database(path: Path, channel: Channel, stored: Mapping[StoredFile, tuple[str, int]]) -> None:
    """Write the database of `channel` to `path`, which must not exist yet.

    `stored` gives the MD5 and the size in bytes of each file as it lies in storage.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        _insert_languages(connection, channel)
        for placed in place(channel.root):
            _insert_node(connection, channel, placed)
            _insert_tags(connection, channel, placed.node)
            for number, file in enumerate(placed.node.files, start=1):
                _insert_file(connection, node_id(channel, placed.node), number, file, *stored[file])
        _insert_channel(connection, channel)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()


def _insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    # Names come from the calls below, never from outside.
    connection.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608


def _insert_languages(connection: sqlite3.Connection, channel: Channel) -> None:
    used = {node.language for node in channel.root.walk()}
    used |= {file.language for node in channel.root.walk() for file in node.files if file.language}
    for tag in sorted(used):
        row = kolibri_language(tag)
        _insert(
            connection,
            "content_language",
            id=row.id,
            lang_code=row.code,
            lang_subcode=row.subcode,
            lang_name=row.name,
            lang_direction=row.direction,
        )


def _insert_node(connection: sqlite3.Connection, channel: Channel, placed: Placed) -> None:
    node = placed.node
    is_lesson = node.kind != "topic"
    licence, licence_description = kolibri_licence(node.licence)
    identity = node_id(channel, node)
    _insert(
        connection,
        "content_contentnode",
        id=identity,
        license_name=licence if is_lesson else None,
        license_description=licence_description if is_lesson else None,
        license_owner=(channel.publisher or node.author or channel.title) if is_lesson else "",
        title=node.title,
        coach_content=False,
        content_id=derived_id(channel.id, "content", node.path) if node.path else identity,
        channel_id=channel.id,
        description=node.description,
        sort_order=float(placed.order),
        author=node.author,
        kind=node.kind,
        available=False,
        options="{}",
        learning_activities=ACTIVITIES.get(node.kind),
        lft=placed.lft,
        rght=placed.rght,
        tree_id=_TREE_ID,
        level=placed.level,
        lang_id=kolibri_language(node.language).id,
        parent_id=None if placed.parent is None else node_id(channel, placed.parent),
    )


def _insert_tags(connection: sqlite3.Connection, channel: Channel, node: Node) -> None:
    for tag in dict.fromkeys(node.tags):
        _insert(connection, "content_contenttag", id=tag_id(tag), tag_name=tag)
        _insert(
            connection,
            "content_contentnode_tags",
            contentnode_id=node_id(channel, node),
            contenttag_id=tag_id(tag),
        )


def _insert_file(
    connection: sqlite3.Connection, node: str, number: int, file: StoredFile, md5: str, size_bytes: int
) -> None:
    _insert(
        connection,
        "content_localfile",
        id=md5,
        extension=file.extension,
        available=False,
        file_size=size_bytes,
    )
    _insert(
        connection,
        "content_file",
        id=derived_id(node, "file", f"{file.preset}:{file.language}:{md5}"),
        preset=file.preset,
        supplementary=file.supplementary,
        thumbnail=file.thumbnail,
        priority=number,
        contentnode_id=node,
        lang_id=kolibri_language(file.language).id if file.language else None,
        local_file_id=md5,
    )


def _insert_channel(connection: sqlite3.Connection, channel: Channel) -> None:
    _insert(
        connection,
        "content_channelmetadata",
        id=channel.id,
        name=channel.title,
        description=channel.description,
        tagline=None,
        author=channel.author,
        version=channel.version,
        thumbnail=channel.thumbnail,
        last_updated=None,  # Kolibri sets the time of import; any other would differ between two builds
        min_schema_version=SCHEMA_VERSION,
        root_id=channel.id,
    )


def file_md5(data: bytes) -> str:
    """Return the name that Kolibri gives to a file with these bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
