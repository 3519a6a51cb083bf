import os
import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.check import check_source, require_good
from content_packs.errors import BadSourceError
from content_packs.source import open_source
from support.data import shared_data
from support.sources import PAGE, write_source

GOOD = PAGE.format("Урок", "текст").encode()


def findings(folder):
    return check_source(open_source(folder))


def lines(folder, severity="error"):
    return [str(finding) for finding in findings(folder) if finding.severity == severity]


def only(folder, severity="error"):
    (line,) = lines(folder, severity)
    return line


def test_good_source_has_no_findings(tmp_path):
    assert findings(write_source(tmp_path)) == []
    assert require_good(open_source(tmp_path)) == []


def test_broken_toml_is_shown_with_its_line(tmp_path):
    write_source(tmp_path)
    (tmp_path / "pack.toml").write_text('id = "lesson"\nversion = 1\ntitle = Урок\n')
    assert only(tmp_path).startswith("pack.toml:3: not valid TOML")


def test_pack_toml_that_is_not_utf8_is_bad_data(tmp_path):
    write_source(tmp_path)
    (tmp_path / "pack.toml").write_bytes('title = "Урок"'.encode("cp1251"))
    assert only(tmp_path) == "pack.toml:1: not UTF-8 at byte 9. Save it as UTF-8."
    with pytest.raises(BadSourceError, match="not UTF-8"):
        require_good(open_source(tmp_path))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"titel": "x"}, "pack.toml:8: unknown field 'titel'. Did you mean 'title'?"),
        ({"title": ""}, "pack.toml:4: title is empty"),
        ({"title": "   "}, "pack.toml:4: title is empty"),
        ({"title": None}, "pack.toml:1: the field 'title' is missing"),
        ({"kind": "webb"}, "pack.toml:3: unknown kind 'webb'. Did you mean 'web'?"),
        ({"id": "My Lesson"}, "pack.toml:1: id: expected kebab-case, got 'My Lesson'"),
        ({"version": 0}, "pack.toml:2: version: expected a whole number from 1, got 0"),
        ({"entry": None}, "pack.toml:1: the field 'entry' is missing"),
        ({"entry": "indx.html"}, "entry: 'indx.html' does not exist. Did you mean 'index.html'?"),
        ({"entry": "Index.html"}, "entry: 'Index.html' differs in case from 'index.html'"),
        ({"entry": "photo.jpg"}, "entry: 'photo.jpg' is not an HTML page"),
        ({"content": "/etc"}, "pack.toml:8: content: '/etc' is an absolute path"),
        ({"content": "C:\\book"}, "is an absolute path"),
        ({"content": "../other"}, "content: '../other' does not lie in the folder of pack.toml"),
        ({"content": "sit"}, "there is no folder 'sit'. Did you mean 'site'?"),
        ({"content": "photo.jpg"}, "content: 'photo.jpg' is a file"),
        ({"content": "a\0b"}, "content: control characters are not allowed"),
        ({"content": "site"}, "site: the content is empty"),
    ],
)
def test_each_wrong_field_is_explained(tmp_path, fields, expected):
    write_source(tmp_path, {"index.html": GOOD, "photo.jpg": b"x"}, **fields)
    (tmp_path / "site").mkdir()
    assert any(expected in line for line in lines(tmp_path)), lines(tmp_path)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"language": "ua"}, "language: 'ua' is no language that we know. Did you mean 'uk'?"),
        ({"licence": "CC BY 4.0"}, "licence: 'CC BY 4.0' is no SPDX identifier. Did you mean 'CC-BY-4.0'?"),
    ],
)
def test_odd_codes_are_only_warnings(tmp_path, fields, expected):
    write_source(tmp_path, **fields)
    assert expected in only(tmp_path, "warning")
    assert len(require_good(open_source(tmp_path))) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a:b.html", "Windows and FAT cannot hold ':'"),
        ("what?.html", "Windows and FAT cannot hold '?'"),
        ("con.txt", "reserved device name"),
        ("dot./a.txt", "drop the '.' at the end"),
        (os.fsdecode(b"\xff.txt"), "not valid UTF-8"),
    ],
)
def test_names_that_a_stick_cannot_hold_are_errors(tmp_path, name, expected):
    write_source(tmp_path, {"index.html": GOOD, name: b"x"})
    line = only(tmp_path)
    assert expected in line
    line.encode()  # a terminal can show it


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("Photo.jpg", "photo.jpg", "case"),
        ("Media/a.jpg", "media/b.jpg", "case"),
        ("урок й.txt", "урок и\u0306.txt", "the Unicode form of a letter"),
        ("notes", "Notes/a.txt", "case"),
    ],
)
def test_twins_are_errors(tmp_path, one, other, how):
    write_source(tmp_path, {"index.html": GOOD, one: b"1", other: b"2"})
    assert any(f"differs only in {how} from" in line for line in lines(tmp_path)), lines(tmp_path)


def test_links_are_errors_and_are_not_followed(tmp_path):
    write_source(tmp_path / "source")
    (tmp_path / "source" / "secret.html").symlink_to("/etc/passwd")
    (tmp_path / "source" / "loop").symlink_to(tmp_path / "source")
    assert [line.split(".")[0] for line in lines(tmp_path / "source")] == [
        "loop: is a link to '" + str(tmp_path / "source") + "'",
        "secret",
    ]


def test_content_folder_that_is_a_link_is_not_looked_into(tmp_path):
    write_source(tmp_path / "source", {}, content="site")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_bytes(GOOD)
    (tmp_path / "source" / "site").symlink_to(tmp_path / "other")
    assert "content: 'site' is a link" in only(tmp_path / "source")


def test_a_pipe_is_an_error_and_is_not_read(tmp_path):
    write_source(tmp_path)
    os.mkfifo(tmp_path / "pipe.html")
    assert "pipe.html: is neither a file nor a folder" in only(tmp_path)


def test_places_are_given_from_the_folder_of_pack_toml(tmp_path):
    write_source(tmp_path, {"site/index.html": b"\n<a href=no.html>x</a>"}, content="site")
    assert only(tmp_path).startswith("site/index.html:2: 'no.html' does not exist")


def test_left_overs_of_other_programs_are_warnings(tmp_path):
    write_source(tmp_path, {"index.html": GOOD, "Thumbs.db": b"x", "__MACOSX/a": b"x"})
    assert len(lines(tmp_path, "warning")) == 2


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("content_packs.check.MAX_FILES", 2)
    write_source(tmp_path, {"index.html": GOOD, "a.txt": b"", "b.txt": b""})
    assert "expected at most 2 files, got 3" in only(tmp_path)


def test_too_many_equal_files_are_refused_and_files_of_one_size_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr("content_packs.check.MAX_EQUAL_FILES", 3)
    write_source(
        tmp_path, {"index.html": GOOD} | {f"{n}.txt": b"same" for n in range(3)} | {"x.txt": b"else"}
    )
    assert findings(tmp_path) == []
    (tmp_path / "y.txt").write_bytes(b"same")
    assert only(tmp_path).startswith("0.txt: expected at most 3 files with the same content, got 4.")


def test_very_deep_folders_are_refused(tmp_path):
    write_source(tmp_path)
    tmp_path.joinpath(*["d" * 100] * 12).mkdir(parents=True)
    assert "longer than 1000 bytes" in only(tmp_path)


def test_refused_build_lists_what_is_wrong(tmp_path):
    write_source(tmp_path, {"index.html": GOOD, "a:b": b""}, title="", licence="CC BY")
    with pytest.raises(BadSourceError) as caught:
        require_good(open_source(tmp_path))
    assert "2 faults" in caught.value.message
    assert "title is empty" in caught.value.message
    assert "SPDX" not in caught.value.message


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_real_textbook_passes_within_two_seconds(tmp_path, version):
    shutil.copytree(shared_data("textbook", version), tmp_path / "site")
    write_source(tmp_path, {}, content="site", language="en")
    start = time.process_time()
    assert lines(tmp_path) == []
    assert time.process_time() - start < 2
    left_overs = lines(tmp_path, "warning")
    assert 5 <= len(left_overs) <= 9
    assert "(and on 12" in left_overs[0]


def test_twenty_thousand_files_are_checked_in_seconds(tmp_path):
    write_source(tmp_path)
    for folder in range(20):
        (tmp_path / f"f{folder}").mkdir()
        for number in range(1000):
            (tmp_path / f"f{folder}" / f"{number}.txt").touch()
    start = time.process_time()
    assert findings(tmp_path) == []
    assert time.process_time() - start < 4


_VALUES = st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.lists(st.integers(), max_size=3))


@settings(max_examples=150)
@given(
    data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
)
def test_no_bytes_in_pack_toml_crash_the_check(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("source")
    (folder / "pack.toml").write_bytes(data)
    assert findings(folder)


@settings(max_examples=150)
@given(
    name=st.sampled_from(
        ["id", "version", "kind", "title", "language", "licence", "entry", "content", "tags", "x"]
    ),
    value=_VALUES,
)
def test_no_value_of_a_field_crashes_the_check(tmp_path_factory, name, value):
    folder = write_source(tmp_path_factory.mktemp("source"), **{name: value})
    findings(folder)


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 3000, "version = 0x" + "f" * 6000, "version = " + "9" * 6000]
)
def test_hostile_toml_is_explained(tmp_path, text):
    (tmp_path / "pack.toml").write_text(text)
    assert lines(tmp_path)
