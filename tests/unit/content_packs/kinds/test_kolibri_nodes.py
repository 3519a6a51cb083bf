"""One node of a channel at a time, in its place, as a page shows it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from content_packs.errors import BadDataError
from content_packs.kinds.kolibri_nodes import FoundNode, find_node
from support.lessons import write_folder

CHANNEL = channel_id("maths-grade4")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channel")
    make_channel(write_folder(folder / "lessons"), folder / "source")
    return folder / "source" / "content"


@pytest.fixture
def content(made, tmp_path):
    return shutil.copytree(made, tmp_path / "content")


def change(content: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(content / "databases" / f"{CHANNEL}.sqlite3")) as connection:
        connection.execute(statement, values)
        connection.commit()


def find(content: Path, node_id: str) -> FoundNode:
    found = find_node(content, node_id)
    assert found is not None
    return found


def child(content: Path, title: str, of: str = CHANNEL) -> str:
    return next(node.id for node in find(content, of).children if node.title == title)


def test_the_channel_is_the_top_and_counts_its_lessons(content):
    found = find(content, CHANNEL)
    assert (found.node.id, found.node.title, found.node.resources) == (CHANNEL, "Математика, 4 клас", 5)
    assert found.node.is_topic
    assert found.above == ()
    assert [(node.title, node.resources) for node in found.children] == [("Дроби", 3), ("Додатки", 2)]


def test_a_root_with_an_id_of_its_own_is_reached_by_the_channels(content):
    root = "e" * 32
    change(content, "UPDATE content_contentnode SET parent_id = ? WHERE parent_id = ?", root, CHANNEL)
    change(content, "UPDATE content_contentnode SET id = ? WHERE id = ?", root, CHANNEL)
    change(content, "UPDATE content_channelmetadata SET root_id = ?", root)
    found = find(content, CHANNEL)
    assert (found.node.id, found.node.kolibri_id) == (CHANNEL, root)
    assert find(content, found.children[0].id).above[0].id == CHANNEL


def test_a_lesson_knows_what_is_above_and_beside_it(content):
    topic = child(content, "Дроби")
    found = find(content, child(content, "Частини цілого", topic))
    assert [node.title for node in found.above] == ["Математика, 4 клас", "Дроби"]
    assert found.before is not None
    assert found.after is not None
    assert (found.before.title, found.after.title) == ("Вступ до дробів", "Гра в дроби")
    assert (found.node.kind, found.children) == ("video", ())


def test_what_is_for_coaches_is_not_shown_to_learners(content):
    topic = child(content, "Дроби")
    lesson = child(content, "Частини цілого", topic)
    change(content, "UPDATE content_contentnode SET coach_content = 1 WHERE id = ?", lesson)
    assert find_node(content, lesson) is None
    assert "Частини цілого" not in [node.title for node in find(content, topic).children]


def test_a_duration_is_known_where_the_channel_says_it(content):
    lesson = child(content, "Частини цілого", child(content, "Дроби"))
    assert find(content, lesson).node.duration_s == 0
    change(content, "UPDATE content_contentnode SET duration = 90 WHERE id = ?", lesson)
    assert find(content, lesson).node.duration_s == 90


def test_a_lesson_whose_film_did_not_travel_is_known_but_not_listed(content):
    topic = child(content, "Дроби")
    lesson = child(content, "Частини цілого", topic)
    assert find(content, lesson).is_here
    next((content / "storage").rglob("*.mp4")).unlink()
    assert not find(content, lesson).is_here
    assert [node.title for node in find(content, topic).children] == ["Вступ до дробів", "Гра в дроби"]


def test_subtitles_that_did_not_travel_hide_nothing(content):
    for path in (content / "storage").rglob("*.vtt"):
        path.unlink()
    assert find(content, child(content, "Частини цілого", child(content, "Дроби"))).is_here


def test_older_schemas_lack_columns(content):
    change(content, "ALTER TABLE content_contentnode DROP COLUMN duration")
    change(content, "ALTER TABLE content_contentnode DROP COLUMN coach_content")
    assert len(find(content, CHANNEL).children) == 2


@pytest.mark.parametrize("node_id", ["f" * 32, "", "x", "../x", "' OR 1=1 --"])
def test_what_is_not_there_is_none(content, node_id):
    assert find_node(content, node_id) is None


def test_a_damaged_database_is_named(content):
    (content / "databases" / f"{CHANNEL}.sqlite3").write_bytes(b"x" * 2000)
    with pytest.raises(BadDataError, match=CHANNEL):
        find_node(content, CHANNEL)
