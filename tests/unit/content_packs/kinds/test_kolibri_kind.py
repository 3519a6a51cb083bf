"""An export tree that Kolibri could not import or play is refused, with what is wrong."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from content_packs.check import check_source
from content_packs.errors import BadDataError
from content_packs.kinds import kolibri
from content_packs.kinds.kind import InstalledTree
from content_packs.meta import PackMeta
from content_packs.source import open_source
from support.describing import describe
from support.lessons import write_folder

CHANNEL = channel_id("maths-grade4")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("channel")
    make_channel(write_folder(folder / "lessons"), folder / "source")
    return folder / "source"


@pytest.fixture
def source(made, tmp_path):
    return shutil.copytree(made, tmp_path / "source")


def database(source: Path) -> Path:
    return source / "content" / "databases" / f"{CHANNEL}.sqlite3"


def findings(source: Path) -> str:
    return "\n".join(map(str, check_source(open_source(source))))


def stored(source: Path, kind: str) -> Path:
    return next((source / "content" / "storage").rglob(f"*.{kind}"))


def execute(statement: str) -> Callable[[Path], None]:
    def change(source: Path) -> None:
        with closing(sqlite3.connect(database(source))) as connection:
            connection.execute(statement)
            connection.commit()

    return change


def _cut(source: Path) -> None:
    database(source).write_bytes(database(source).read_bytes()[:9000])


def _rename(source: Path) -> None:
    database(source).rename(database(source).with_name("0" * 32 + ".sqlite3"))


def _wal(source: Path) -> None:
    with closing(sqlite3.connect(database(source))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _change_lesson(source: Path) -> None:
    stored(source, "mp4").write_bytes(b"other")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda s: database(s).unlink(), "no databases/<channel id>.sqlite3 in the content"),
        (lambda s: database(s).write_bytes(b"x" * 5000), "not a channel's database: file is not a database"),
        (_cut, "database"),
        (_rename, f"expected the channel {'0' * 32}, as the file is called, got {CHANNEL}"),
        (_wal, "the database is in WAL mode"),
        (lambda s: Path(f"{database(s)}-wal").write_bytes(b"x"), "was open while it was copied"),
        (
            lambda s: database(s).with_name("notes.txt").write_bytes(b"x"),
            "not a channel's database: expected <32",
        ),
        (execute("UPDATE content_channelmetadata SET min_schema_version = '6'"), "got '6'"),
        (execute("DELETE FROM content_contentnode WHERE level = 0"), "its root, the node"),
        (execute("DELETE FROM content_channelmetadata"), "expected one channel in it, got 0"),
        (execute("DROP TABLE content_file"), "not a channel's database: no such table"),
        (
            execute("UPDATE content_localfile SET file_size = 7 WHERE extension = 'mp4'"),
            "expected 7 bytes, got",
        ),
        (
            execute("UPDATE content_channelmetadata SET name = ''"),
            "title: expected text of 1 to 200 characters",
        ),
        (execute("UPDATE content_channelmetadata SET version = 'x'"), "version: expected a whole number"),
        (lambda s: stored(s, "mp4").unlink(), "1 files are missing in storage:"),
        (_change_lesson, "expected the MD5"),
        (lambda s: (s / "content/storage/a.pdf").write_bytes(b"x"), "not a name that Kolibri looks for"),
    ],
)
def test_damage_is_named(source, damage, expected):
    damage(source)
    assert expected in findings(source)


def test_thumbnail_may_be_missing(source):
    stored(source, "png").unlink()
    assert findings(source) == ""


def test_export_of_kolibri_is_accepted_with_its_content_folder(source, tmp_path):
    toml = (source / "pack.toml").read_text().replace('content = "content"\n', "")
    (source / "pack.toml").write_text(toml)
    assert findings(source) == ""
    assert [c["id"] for c in describe(open_source(source), source.parent / "made").details["channels"]] == [
        CHANNEL
    ]


def test_export_of_a_part_needs_only_the_files_of_that_part(source):
    with closing(sqlite3.connect(database(source))) as connection:
        (topic,) = connection.execute("SELECT id FROM content_contentnode WHERE title = 'Дроби'").fetchone()
    stored(source, "mp3").unlink()
    assert "Пісня" in findings(source)
    manifest = {"channels": [{"id": CHANNEL, "version": 1, "include_node_ids": [topic]}]}
    (source / "content" / "manifest.json").write_text(json.dumps(manifest))
    assert findings(source) == ""
    stored(source, "mp4").unlink()
    assert "Частини цілого" in findings(source)


def test_details_say_which_channels_travel(source):
    assert describe(open_source(source), source.parent / "made").details == {
        "channels": [
            {"id": CHANNEL, "title": "Математика, 4 клас", "version": 1, "language": "uk", "resources": 5}
        ]
    }


def test_search_gets_every_node_with_its_topics_and_tags(source):
    meta = PackMeta("maths-grade4", 1, "kolibri", "Математика", "uk", "CC-BY-4.0")
    tree = InstalledTree(meta, {}, source / "content", source / "extras")
    found = {document.title: document for document in kolibri.KIND.documents(tree)}
    assert len(found) == 7
    assert found["Частини цілого"].headings == "Математика, 4 клас\nДроби"
    assert found["Частини цілого"].text == "Відео про частини яблука\nвідео"
    assert len(found["Дроби"].path) == 32
    assert {document.language for document in found.values()} == {"uk"}
    assert list(kolibri.KIND.documents(InstalledTree(meta, {}, source / "nowhere", source))) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: database(s).write_bytes(b"x" * 5000),
        _cut,
        execute("DROP TABLE content_contentnode"),
        execute("UPDATE content_contentnode SET title = x'ff' WHERE level = 2"),
        execute("UPDATE content_contentnode SET title = CAST(x'ff' AS TEXT) WHERE level = 2"),
        execute("UPDATE content_contentnode SET description = x'00' WHERE level = 2"),
        execute("UPDATE content_contentnode SET id = '../../x' || lft WHERE level = 2"),
        execute("UPDATE content_contenttag SET tag_name = x'00'"),
        execute("UPDATE content_language SET lang_code = x'00'"),
    ],
)
def test_search_hears_of_a_bad_database_by_its_name(source, damage):
    damage(source)
    meta = PackMeta("maths-grade4", 1, "kolibri", "Математика", "uk", "CC-BY-4.0")
    with pytest.raises(BadDataError, match=CHANNEL):
        list(kolibri.KIND.documents(InstalledTree(meta, {}, source / "content", source / "extras")))


GOOD = {"id": "ab" * 16, "title": "К", "version": 1, "language": "uk", "resources": 5}


def test_channels_are_read_as_they_were_described():
    assert [info.to_dict() for info in kolibri.read_channels({"channels": [GOOD, GOOD]})] == [GOOD, GOOD]
    assert list(kolibri.check_details({"channels": [GOOD | {"mood": "good"}]})) == []


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, "channels: expected a list of at most 1000, got None"),
        ({"channels": {"id": 1}}, "channels: expected a list"),
        ({"channels": [GOOD] * 1001}, "channels: expected a list"),
        ({"channels": [GOOD, "x"]}, "channels[1]: expected an object, got 'x'"),
        ({"channels": [GOOD | {"id": "../../pwned"}]}, "channels[0]: id: expected 32 hexadecimal digits"),
        ({"channels": [GOOD | {"id": "AB" * 16}]}, "channels[0]: id: expected 32 hexadecimal digits"),
        ({"channels": [GOOD | {"id": ["ab" * 16]}]}, "channels[0]: id: expected 32 hexadecimal digits"),
        (
            {"channels": [GOOD | {"title": 5}]},
            "channels[0]: title: expected text of 1 to 200 characters, got 5",
        ),
        ({"channels": [GOOD | {"title": "x" * 201}]}, "channels[0]: title: expected text"),
        ({"channels": [GOOD | {"version": True}]}, "channels[0]: version: expected a whole number"),
        ({"channels": [GOOD | {"resources": -1}]}, "channels[0]: resources: expected a whole number"),
        ({"channels": [{"id": "ab" * 16}]}, "channels[0]: title is missing"),
    ],
)
def test_malformed_channels_are_named_and_left_out(details, expected):
    assert next(kolibri.check_details(details)).startswith(expected)
    rest = len(details["channels"]) if isinstance(details.get("channels"), list) else 0
    assert len(list(kolibri.read_channels(details))) < max(rest, 1)
