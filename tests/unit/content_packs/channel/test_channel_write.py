"""A folder of lessons becomes a pack source: the same one each time, and a good one."""

import os
import sqlite3
from pathlib import Path

import pytest

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from content_packs.check import check_source
from content_packs.errors import BadSourceError, UsageError
from content_packs.source import open_source
from support.lessons import mp3, mp4, pdf, write_folder
from support.sources import read_tree


def rows(source: Path, query: str) -> list[tuple[object, ...]]:
    (database,) = (source / "content" / "databases").iterdir()
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_made_source_has_no_faults_and_says_what_is_in_it(tmp_path):
    made = make_channel(write_folder(tmp_path / "lessons"), tmp_path / "source")
    assert (made.pack_id, made.version, made.topics, made.resources) == ("maths-grade4", 1, 2, 5)
    assert made.left_out == ()
    assert made.to_dict()["left_out"] == []
    assert check_source(open_source(tmp_path / "source")) == []


def test_same_folder_gives_same_bytes_whenever_and_wherever(tmp_path):
    make_channel(write_folder(tmp_path / "lessons"), tmp_path / "one")
    folder = write_folder(tmp_path / "elsewhere" / "copy")
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))
    make_channel(folder, tmp_path / "two")
    assert read_tree(tmp_path / "one") == read_tree(tmp_path / "two")


def test_lessons_keep_their_ids_in_a_new_version(tmp_path):
    ids = "SELECT title, id, content_id FROM content_contentnode WHERE kind != 'topic' ORDER BY title"
    make_channel(write_folder(tmp_path / "lessons"), tmp_path / "one")
    make_channel(write_folder(tmp_path / "lessons", version=2, extra=" corrected"), tmp_path / "two")
    assert rows(tmp_path / "one", ids) == rows(tmp_path / "two", ids)
    assert rows(tmp_path / "two", "SELECT id, version FROM content_channelmetadata") == [
        (channel_id("maths-grade4"), 2)
    ]


def test_nodes_are_nested_sets_in_the_order_of_their_numbers(tmp_path):
    make_channel(write_folder(tmp_path / "lessons"), tmp_path / "source")
    found = rows(tmp_path / "source", "SELECT title, lft, rght, level FROM content_contentnode ORDER BY lft")
    assert found == [
        ("Математика, 4 клас", 1, 16, 0),
        ("Дроби", 2, 9, 1),
        ("Вступ до дробів", 3, 4, 2),
        ("Частини цілого", 5, 6, 2),
        ("Гра в дроби", 7, 8, 2),  # "10 Гра.zip" comes after "2 Частини.mp4"
        ("Додатки", 10, 15, 1),
        ("Казки про числа", 11, 12, 2),
        ("Пісня", 13, 14, 2),
    ]


def test_files_have_the_presets_that_players_look_for(tmp_path):
    make_channel(write_folder(tmp_path / "lessons"), tmp_path / "source")
    found = rows(
        tmp_path / "source",
        "SELECT n.title, f.preset, f.supplementary, f.thumbnail, f.lang_id, l.extension FROM content_file f"
        " JOIN content_contentnode n ON n.id = f.contentnode_id"
        " JOIN content_localfile l ON l.id = f.local_file_id ORDER BY n.lft, f.priority",
    )
    assert found == [
        ("Математика, 4 клас", "topic_thumbnail", 1, 1, None, "png"),
        ("Дроби", "topic_thumbnail", 1, 1, None, "png"),
        ("Вступ до дробів", "document", 0, 0, None, "pdf"),
        ("Частини цілого", "high_res_video", 0, 0, None, "mp4"),
        ("Частини цілого", "video_subtitle", 1, 0, "en", "vtt"),
        ("Частини цілого", "video_subtitle", 1, 0, "uk", "vtt"),
        ("Частини цілого", "video_thumbnail", 1, 1, None, "png"),
        ("Гра в дроби", "html5_zip", 0, 0, None, "zip"),
        ("Казки про числа", "epub", 0, 0, None, "epub"),
        ("Пісня", "audio", 0, 0, None, "mp3"),
    ]


def test_licence_tags_and_activity_are_in_words_that_kolibri_knows(tmp_path):
    make_channel(write_folder(tmp_path / "lessons"), tmp_path / "source")
    assert rows(
        tmp_path / "source",
        "SELECT n.license_name, n.author, n.learning_activities, n.lang_id, t.tag_name"
        " FROM content_contentnode n JOIN content_contentnode_tags m ON m.contentnode_id = n.id"
        " JOIN content_contenttag t ON t.id = m.contenttag_id WHERE n.kind = 'video'",
    ) == [("CC BY", "Школа № 5", "UD5UGM0z", "uk", "відео")]
    (thumbnail,) = rows(tmp_path / "source", "SELECT thumbnail FROM content_channelmetadata")[0]
    assert str(thumbnail).startswith("data:image/png;base64,")


def test_folder_without_channel_toml_takes_its_names(tmp_path):
    folder = tmp_path / "biology_grade7"
    folder.mkdir()
    (folder / "02_Клітина.mp3").write_bytes(mp3())
    made = make_channel(folder, tmp_path / "source")
    assert (made.pack_id, made.title, made.version) == ("biology-grade7", "biology grade7", 1)
    assert [str(finding) for finding in made.left_out] == [
        "channel.toml: no licence is given: all rights count as reserved."
        ' Write for example: licence = "CC-BY-4.0"'
    ]
    found = rows(
        tmp_path / "source", "SELECT title, license_name FROM content_contentnode WHERE kind = 'audio'"
    )
    assert found == [("Клітина", "All Rights Reserved")]


def test_faults_name_every_file_and_leave_nothing_behind(tmp_path):
    folder = write_folder(tmp_path / "lessons")
    (folder / "Підручник.pdf").write_bytes(b"<html>")
    (folder / "Відео.mp4").write_bytes(b"RIFF....AVI ")
    with pytest.raises(BadSourceError) as caught:
        make_channel(folder, tmp_path / "source")
    assert "2 faults" in caught.value.message
    assert "Підручник.pdf: not a PDF" in caught.value.message
    assert "Відео.mp4: not an MP4" in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["lessons"]


def test_earlier_result_is_replaced_and_other_folders_are_not(tmp_path):
    folder = write_folder(tmp_path / "lessons")
    make_channel(folder, tmp_path / "source")
    (folder / "3 Ще.mp4").write_bytes(mp4())
    assert make_channel(folder, tmp_path / "source").resources == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lessons", "source"]
    with pytest.raises(UsageError, match="not made by"):
        make_channel(folder, write_folder(tmp_path / "precious"))
    with pytest.raises(UsageError, match="lies in the folder"):
        make_channel(folder, folder / "out")
    with pytest.raises(UsageError, match="no such folder"):
        make_channel(tmp_path / "nowhere", tmp_path / "x")


def test_title_in_a_pdf_is_used_and_its_rubbish_is_not(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(pdf("Справжня назва"))
    (folder / "Назва файлу.pdf").write_bytes(pdf("Microsoft Word - Документ1.doc"))
    make_channel(folder, tmp_path / "source")
    found = rows(
        tmp_path / "source", "SELECT title FROM content_contentnode WHERE kind = 'document' ORDER BY lft"
    )
    assert found == [("Справжня назва",), ("Назва файлу",)]
