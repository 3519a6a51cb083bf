"""What can be wrong with a folder of lessons is said in words, each with its file."""

import os
import zipfile
from pathlib import Path

import pytest

from content_packs.channel.folder import FolderContent, read_folder
from support.lessons import epub, html5, mp3, mp4, pdf, png, zipped


def read(folder: Path, **files: bytes | str) -> FolderContent:
    """Read a folder with these files; `__` in a name stands for `/`, the last `_` for `.`."""
    folder.mkdir()
    for name, data in files.items():
        path = folder / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_folder(folder)


def faults(content: FolderContent) -> str:
    return "\n".join(map(str, content.faults))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a_pdf", b"", "a.pdf: not a PDF"),
        ("a_pdf", b"%PDF-1.4 cut off", "a.pdf: not a PDF that can be read"),
        ("a_mp4", b"\x1aE\xdf\xa3 matroska", "a.mp4: not an MP4"),
        ("a_mp3", b"OggS", "a.mp3: not an MP3"),
        ("a_zip", b"PK nothing", "a.zip: not a zip file"),
        ("a_zip", zipped({"game.html": "x"}), "a.zip: no index.html at the top of the zip"),
        ("a_zip", zipped({"game/index.html": "x"}), "zip what is in that folder, not the folder"),
        ("a_zip", zipped({"index.html": "x", "../../etc/passwd": "x"}), "a path that leads out of it"),
        ("a_zip", zipped({"index.html": "x", "C:\\evil.js": "x"}), "a path that leads out of it"),
        ("a_zip", html5()[:-40], "a.zip: not a zip file that can be read"),
        ("a_epub", zipped({"mimetype": "text/plain"}), "a.epub: is not an EPUB"),
    ],
)
def test_file_that_is_not_what_it_says_is_named(tmp_path, name, data, expected):
    assert expected in faults(read(tmp_path / "course", **{name: data}))


def test_zip_with_a_link_is_refused(tmp_path):
    target = tmp_path / "a.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("index.html", "x")
        link = zipfile.ZipInfo("out")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "holds a link, 'out'" in faults(read(tmp_path / "course", a_zip=target.read_bytes()))


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    bomb = zipped({"index.html": "x", "zeros.bin": b"\0" * (60 * 1024 * 1024)})
    assert len(bomb) < 100_000
    assert "a zip bomb" in faults(read(tmp_path / "course", a_zip=bomb))


def test_damaged_file_in_a_zip_is_named(tmp_path):
    whole = bytearray(zipped({"index.html": "<title>A</title>" + "lesson " * 99}))
    whole[60] ^= 0xFF
    assert "the zip's file 'index.html' is damaged" in faults(read(tmp_path / "course", a_zip=bytes(whole)))


def test_unknown_fields_come_with_what_was_meant(tmp_path):
    text = 'titel = "A"\nversion = 1\n[files."a.mp3"]\nauthr = "B"\n'
    content = read(tmp_path / "course", a_mp3=mp3(), channel_toml=text)
    assert "channel.toml:1: unknown field 'titel'. Did you mean 'title'?" in faults(content)
    assert "channel.toml:4: a.mp3: unknown field 'authr'. Did you mean 'author'?" in faults(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = ", "not valid TOML"),
        ('id = "Математика"', "id: expected kebab-case"),
        ("version = 0", "version: expected a whole number from 1"),
        ('language = "українська"', "language: expected a BCP 47 code"),
        (f'title = "{"а" * 201}"', "title: Kolibri holds 200 characters, got 201"),
        (f'tags = ["{"а" * 31}"]', "tags: Kolibri holds 30 characters"),
        ("description = 5", "description: expected text"),
        ("tags = 5", "tags: expected a list of words"),
        ("tags = [5]", "tags: expected a list of words"),
        ("title = {}", "title: expected text"),
        ('[files."a.mp3"]\ndescription = 5', "a.mp3: description: expected text"),
        ('[files."a.mp3"]\ntags = 5', "a.mp3: tags: expected a list"),
        ("files = 3", "files: expected tables"),
        ('[files."b.mp3"]\ntitle = "B"', "there is no lesson or folder 'b.mp3'"),
        ('[files."a.mp3"]\ntitle = 5', "a.mp3: title: expected text"),
        ('[files."a.mp3"]\ntags = "x"', "a.mp3: tags: expected a list"),
    ],
)
def test_bad_channel_toml_is_explained(tmp_path, text, expected):
    assert expected in faults(read(tmp_path / "course", a_mp3=mp3(), channel_toml=text))


def test_folder_name_that_is_no_id_asks_for_one(tmp_path):
    assert 'Write for example: id = "maths-grade4"' in faults(read(tmp_path / "Математика", a_mp3=mp3()))


def test_empty_folder_is_refused_and_an_empty_topic_left_out(tmp_path):
    assert "no lesson in this folder" in faults(read(tmp_path / "empty"))
    content = read(tmp_path / "course", a_mp3=mp3(), Порожня__readme_txt="x")
    assert faults(content) == ""
    assert [node.title for node in content.channel.root.children] == ["a"]
    assert "Порожня: no lesson in this folder: left out." in map(str, content.warnings)


def test_other_types_are_left_out_by_name_and_system_files_in_silence(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "course" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "course" / "~").mkdir()
    content = _read_more(
        tmp_path / "course", {"a.mp3": mp3(), "b.docx": b"x", "c.html": b"x", "d.png": png()}
    )
    left_out = [str(finding) for finding in content.warnings if finding.path != "channel.toml"]
    assert left_out == [
        "~: no lesson in this folder: left out.",
        "b.docx: Kolibri has no player for 'docx': left out.",
        "c.html: Kolibri has no player for 'html': left out. Zip pages with their index.html.",
        "d.png: no lesson of this name is beside it: left out.",
    ]


def _read_more(folder: Path, files: dict[str, bytes]) -> FolderContent:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return read_folder(folder)


def test_links_are_refused(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "a.mp3").symlink_to("/etc/passwd")
    assert "a.mp3: is a link. Put the file itself here." in faults(read_folder(tmp_path / "course"))


def test_names_that_differ_only_in_unicode_form_are_refused(tmp_path):
    (tmp_path / "course").mkdir()
    for name in ("\u0439.mp3", "\u0438\u0306.mp3"):
        (tmp_path / "course" / name).write_bytes(mp3())
    assert "differs from it only in Unicode form" in faults(read_folder(tmp_path / "course"))


def test_srt_becomes_webvtt_in_any_encoding(tmp_path):
    srt = "1\r\n00:00:01,500 --> 00:00:02,000\r\nПривіт\r\n".encode("cp1251")
    content = read(tmp_path / "course", a_mp4=mp4(), a_srt=srt)
    (video,) = content.channel.root.children
    subtitle = video.files[1]
    assert subtitle.data is not None
    assert subtitle.data.decode() == "WEBVTT\n\n1\n00:00:01.500 --> 00:00:02.000\nПривіт\n"
    assert (subtitle.language, subtitle.extension) == ("uk", "vtt")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.uk.vtt", b"1\n00:01 --> 00:02\n", "not WebVTT"),
        ("a.vtt", "WEBVTT\nі".encode("cp1251"), "not UTF-8"),
        ("a.srt", b"hello", "not SubRip"),
    ],
)
def test_bad_subtitles_are_named(tmp_path, name, data, expected):
    (tmp_path / "course").mkdir()
    content = _read_more(tmp_path / "course", {"a.mp4": mp4(), name: data})
    assert f"{name}: {expected}" in faults(content)


def test_thumbnail_that_is_no_picture_or_too_large_is_refused(tmp_path):
    content = read(
        tmp_path / "course", a_mp3=mp3(), a_png=b"GIF89a", thumbnail_jpg=b"\xff\xd8\xff" + b"x" * 200_000
    )
    assert "a.png: not a PNG picture" in faults(content)
    assert "thumbnail.jpg: expected at most 200000 bytes, got 200003" in faults(content)


def test_name_too_long_for_a_title_asks_for_a_shorter_one(tmp_path):
    (tmp_path / "course").mkdir()
    content = _read_more(tmp_path / "course", {"a" * 210 + ".mp3": mp3()})
    assert "its title has 210 characters, Kolibri holds 200" in faults(content)


def test_titles_come_from_the_manifest_then_the_file_then_its_name(tmp_path):
    text = 'licence = "CC-BY-4.0"\n[files."1 Книга.epub"]\ntitle = "З таблиці"\n'
    (tmp_path / "course").mkdir()
    files = {
        "channel.toml": text.encode(),
        "1 Книга.epub": epub("З книги"),
        "2 Гра.zip": html5("З гри"),
        "3 Урок.pdf": pdf("З документа"),
        "4. Голос_друга.mp3": mp3(),
    }
    content = _read_more(tmp_path / "course", files)
    titles = [node.title for node in content.channel.root.children]
    assert titles == ["З таблиці", "З гри", "З документа", "Голос друга"]
    assert content.faults == content.warnings == ()


def test_folders_in_folders_without_end_are_refused(tmp_path):
    folder = tmp_path / "course"
    folder.joinpath(*["d"] * 60).mkdir(parents=True)  # of 1,100, Python could not even tidy up
    (folder / "a.mp3").write_bytes(mp3())
    content = read_folder(folder)
    assert faults(content) == "/".join("d" * 33) + ": lies more than 32 folders deep. Move it further up."


def test_name_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "course").mkdir()
    content = _read_more(tmp_path / "course", {"a.mp3": mp3(), os.fsdecode(b"\xf0.mp3"): mp3()})
    assert faults(content) == "\\udcf0.mp3: its name is not valid UTF-8. Rename it."


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("kind", ["zip", "epub"])
def test_damage_in_a_zip_of_any_method_is_named(tmp_path, method, kind):
    whole = zipped({"index.html": "<title>A</title>" + "lesson " * 999}, method)
    (tmp_path / "course").mkdir()
    for place in range(40, 90, 7):
        data = bytearray(whole)
        data[place : place + 4] = b"\xff\xff\xff\xff"
        content = _read_more(tmp_path / "course", {f"a.{kind}": bytes(data)})
        assert faults(content).startswith(f"a.{kind}: ")


def test_zip_with_a_method_that_nobody_knows_is_named(tmp_path):
    data = zipped({"index.html": "x" * 99}).replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0")
    assert "a.zip: the zip's file 'index.html' is damaged" in faults(read(tmp_path / "course", a_zip=data))


def test_order_is_that_of_the_ukrainian_alphabet(tmp_path):
    (tmp_path / "course").mkdir()
    names = ["Арифметика", "Ґанок", "Дім", "Їжак", "Яблуко"]
    content = _read_more(tmp_path / "course", {f"{name}.mp3": mp3() for name in reversed(names)})
    assert [node.title for node in content.channel.root.children] == names
