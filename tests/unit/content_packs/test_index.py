import copy
import json

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.errors import BadDataError, BadIndexError, UnknownFormatError
from content_packs.index import MAX_EQUAL_FILES, read_index

SHA = "ab" * 32
KINDS = ("web", "files")
GOOD = {
    "format": 1,
    "pack": {"id": "a-b", "version": 3, "kind": "web", "title": "T", "language": "uk", "licence": "CC0-1.0"},
    "details": {"entry": "index.html"},
    "blocks": [{"part": 0, "start": 0, "size": 90, "raw": 100, "sha256": SHA, "codec": "zstd"}],
    "objects": [{"sha256": "cd" * 32, "size": 1048577, "slices": [SHA, SHA]}],
    "files": [
        {"path": "index.html", "size": 60, "sha256": SHA, "block": 0, "offset": 40},
        {"path": "big.mp4", "size": 1048577, "sha256": "cd" * 32},
    ],
    "extras": [],
}


def packed(values):
    return zstd.compress(json.dumps(values).encode())


def changed(*path_and_value):
    *path, value = path_and_value
    values = copy.deepcopy(GOOD)
    place = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return values


def test_reads_what_it_wrote():
    index = read_index(packed(GOOD), kinds=KINDS)
    again = read_index(index.to_bytes(), kinds=KINDS)
    assert again == index
    assert again.pack.title == "T"
    assert again.unpacked_bytes == 60 + 1048577
    assert again.download_bytes == 90 + 1048577


def test_ignores_fields_of_later_writers():
    values = copy.deepcopy(GOOD)
    values["pack"]["mood"] = "good"
    assert read_index(packed(values), kinds=KINDS).pack.id == "a-b"


@pytest.mark.parametrize(
    "values",
    [
        changed("files", 0, "path", "../x"),
        changed("files", 0, "path", "/x"),
        changed("files", 1, "path", "INDEX.html"),
        changed("files", 1, "path", "index.html/x"),
        changed("files", 0, "path", 7),
        changed("files", 0, "block", 1),
        changed("files", 0, "block", -1),
        changed("files", 0, "offset", 41),
        changed("files", 0, "size", True),
        changed("files", 0, "sha256", "AB" * 32),
        changed("files", 1, "size", 1048578),
        changed("files", 1, "sha256", "ee" * 32),
        changed("blocks", 0, "codec", "lzma"),
        changed("blocks", 0, "codec", "raw"),
        changed("blocks", 0, "raw", 5 * 1024 * 1024),
        changed("blocks", 0, "start", 1024 * 1024 * 1024),
        changed("objects", 0, "slices", [SHA]),
        changed("objects", 0, "size", 5),
        changed("pack", "id", "Not Kebab"),
        changed("pack", "kind", "games"),
        changed("pack", "title", ""),
        changed("pack", "version", 0),
        changed("details", []),
        changed("files", "none"),
        {"format": 1},
    ],
)
def test_refuses_an_index_that_lies(values):
    with pytest.raises(BadIndexError):
        read_index(packed(values), kinds=KINDS)


@pytest.mark.parametrize("values", [changed("format", 2), [], 7])
def test_refuses_other_formats(values):
    with pytest.raises(UnknownFormatError):
        read_index(packed(values), kinds=KINDS)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_any_json_is_refused_in_words(values):
    with pytest.raises(BadDataError):
        read_index(packed(values), kinds=KINDS)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(data):
    with pytest.raises(BadDataError):
        read_index(data, kinds=KINDS)


TEXT = json.dumps(GOOD).encode()


@settings(max_examples=400, deadline=None)
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 40),
    new=st.binary(max_size=12)
    | st.sampled_from([b'"\\ud800"', b"[" * 990, b"NaN", b"1e999", b"-1", b"null", b"{}"]),
)
def test_any_changed_bytes_are_refused_or_read(start, length, new):
    try:
        read_index(zstd.compress(TEXT[:start] + new + TEXT[start + length :]), kinds=KINDS)
    except BadDataError:
        pass


@pytest.mark.parametrize(
    "values",
    [
        changed("files", 0, "path", "\ud800"),
        changed("files", 0, "path", "a/\udfff.html"),
        changed("pack", "title", "\ud800"),
        changed("pack", "tags", ["a\0"]),
        changed("pack", [["id", "a-b"]]),
        changed("details", {"entry": "\udc00"}),
        changed("details", {"n": float("nan")}),
        changed("blocks", 0, "part", 1000),
    ],
)
def test_what_no_database_would_take_is_refused(values):
    with pytest.raises(BadIndexError):
        read_index(packed(values), kinds=KINDS)


@pytest.mark.parametrize(
    "place",
    [("blocks", 0, "codec"), ("files", 0, "size"), ("files", 0, "path"), ("pack", "version"), ("details",)],
)
def test_any_depth_of_brackets_is_refused_in_words(place):
    text = json.dumps(changed(*place, "DEEP"))
    for levels in range(600, 1100, 3):
        with pytest.raises(BadIndexError):
            read_index(
                zstd.compress(text.replace('"DEEP"', "[" * levels + "]" * levels).encode()), kinds=KINDS
            )


def test_json_in_another_encoding_is_refused():
    with pytest.raises(BadIndexError, match="not JSON"):
        read_index(zstd.compress(json.dumps(GOOD).encode("utf-16")), kinds=KINDS)


@pytest.mark.parametrize("more", [0, 1])
def test_one_content_may_not_lie_at_more_places_than_a_disk_has_links_for(more):
    entry = GOOD["files"][0]
    values = changed("files", [entry | {"path": f"{n}.html"} for n in range(MAX_EQUAL_FILES)])
    values["extras"] = [entry] * more
    if more:
        with pytest.raises(BadIndexError, match=r"index\.html: more than 20000 files have its content"):
            read_index(packed(values), kinds=KINDS)
    else:
        assert len(read_index(packed(values), kinds=KINDS).files) == MAX_EQUAL_FILES


@given(st.sampled_from(sorted(GOOD)), st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_any_wrong_member_is_refused_or_read(name, value):
    try:
        read_index(packed(changed(name, value)), kinds=KINDS)
    except BadDataError:
        pass
