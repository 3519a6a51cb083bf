import copy
import json

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.errors import BadDataError, BadIndexError, UnknownFormatError
from content_packs.index import MAX_EQUAL_FILES, list_sizes, place_block, read_index

SHA = "ab" * 32
KINDS = ("web", "files")
FIRST = ("blocks", 0, "contents", 0)
GOOD = {
    "format": 1,
    "pack": {"id": "a-b", "version": 3, "kind": "web", "title": "T", "language": "uk", "licence": "CC0-1.0"},
    "details": {"entry": "index.html"},
    "blocks": [
        {
            "codec": "zstd",
            "contents": [
                {"paths": ["about.html"], "size": 40, "sha256": "12" * 32},
                {"paths": ["index.html"], "extras": ["text/index.txt"], "size": 60, "sha256": "34" * 32},
            ],
            "sha256": SHA,
            "size": 90,
        },
        {"codec": "raw", "contents": [{"paths": ["a.png"], "size": 5, "sha256": "56" * 32}]},
    ],
    "objects": [{"paths": ["big.mp4"], "sha256": "cd" * 32, "size": 1048577, "slices": [SHA, SHA]}],
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
    assert again.unpacked_bytes == 40 + 60 + 5 + 1048577
    assert again.download_bytes == 90 + 5 + 1048577


def test_works_out_what_the_json_leaves_out():
    index = read_index(packed(GOOD), kinds=KINDS)
    assert [entry.path for entry in index.all_files()] == [
        "a.png",
        "about.html",
        "big.mp4",
        "index.html",
        "text/index.txt",
    ]
    assert [(e.block, e.offset) for e in index.all_files()] == [(1, 0), (0, 0), (None, 0), (0, 40), (0, 40)]
    assert [(b.part, b.start, b.size, b.raw_size) for b in index.blocks] == [(0, 0, 90, 100), (0, 90, 5, 5)]
    assert index.blocks[1].sha256 == "56" * 32


def test_a_block_that_would_reach_beyond_its_part_begins_the_next_one():
    assert place_block(3, 1024**3 - 90, 90) == (3, 1024**3 - 90)
    assert place_block(3, 1024**3 - 90, 91) == (4, 0)


def test_an_object_of_one_slice_does_not_repeat_its_hash():
    values = changed("objects", [{"paths": ["big.mp4"], "sha256": "cd" * 32, "size": 1048576}])
    index = read_index(packed(values), kinds=KINDS)
    assert index.objects["cd" * 32].slices == ("cd" * 32,)
    assert b"slices" not in index.to_json()


BIG = {"paths": ["big.sqlite3"], "sha256": "ef" * 32, "size": 9 * 1024**2, "slices": [SHA] * 9}
BIG_BLOCKS = [{"size": 700, "sha256": "98" * 32}, {"size": 80, "sha256": "76" * 32}]


def with_packed(**members):
    """The good index with a large file in blocks before the film, some members of it changed."""
    return changed("objects", [BIG | {"blocks": BIG_BLOCKS} | members, *GOOD["objects"]])


def test_blocks_of_large_files_lie_after_those_of_small_ones():
    index = read_index(packed(with_packed()), kinds=KINDS)
    obj = index.objects[BIG["sha256"]]
    assert [(b.part, b.start, b.size, b.raw_size) for b in index.blocks_of(obj)] == [
        (0, 95, 700, 8 * 1024**2),
        (0, 795, 80, 1024**2),
    ]
    assert [obj.block_of(number) for number in range(9)] == [2] * 8 + [3]
    assert [list(obj.slices_of(block)) for block in (2, 3)] == [[0, 1, 2, 3, 4, 5, 6, 7], [8]]
    assert index.download_bytes == 90 + 5 + 780 + 1048577
    assert index.travel_bytes(obj) == 780
    assert read_index(index.to_bytes(), kinds=KINDS) == index


@pytest.mark.parametrize(
    "members",
    [
        {"blocks": []},
        {"blocks": BIG_BLOCKS[:1]},
        {"blocks": [*BIG_BLOCKS, BIG_BLOCKS[0]]},
        {"blocks": None},
        {"blocks": 2},
        {"blocks": [7, 8]},
        {"blocks": [BIG_BLOCKS[0], {"size": 80}]},
        {"blocks": [BIG_BLOCKS[0], {"size": -1, "sha256": "76" * 32}]},
        {"blocks": [BIG_BLOCKS[0], {"size": 80, "sha256": "76"}]},
        {"blocks": [{"size": 9 * 1024**2, "sha256": "98" * 32}, BIG_BLOCKS[1]]},
        {"blocks": [BIG_BLOCKS[0], BIG_BLOCKS[0]]},
        {"blocks": [BIG_BLOCKS[0], {"size": 91, "sha256": SHA}]},
        {"size": 10 * 1024**2},
        {"slices": [SHA] * 8},
        {"sha256": "34" * 32},
    ],
)
def test_refuses_blocks_that_are_not_those_of_the_large_file(members):
    with pytest.raises(BadIndexError):
        read_index(packed(with_packed(**members)), kinds=KINDS)


def test_equal_blocks_of_one_size_are_taken():
    blocks = [BIG_BLOCKS[0], BIG_BLOCKS[0]]
    values = with_packed(blocks=blocks, size=16 * 1024**2, slices=[SHA] * 16)
    assert len(read_index(packed(values), kinds=KINDS).blocks) == 4


def test_one_changed_file_changes_its_own_line_only():
    values = changed("blocks", 0, "contents", 1, "sha256", "78" * 32)
    before, after = (read_index(packed(v), kinds=KINDS).to_json().splitlines() for v in (GOOD, values))
    [line] = [new for old, new in zip(before, after, strict=True) if old != new]
    assert b"index.html" in line
    assert b"about.html" not in line


def test_lists_sizes_in_the_order_of_the_files():
    index = read_index(packed(GOOD), kinds=KINDS)
    assert list_sizes(index.to_json()) == [entry.size for entry in index.all_files()]


def test_ignores_fields_of_later_writers():
    values = copy.deepcopy(GOOD)
    values["pack"]["mood"] = "good"
    assert read_index(packed(values), kinds=KINDS).pack.id == "a-b"


@pytest.mark.parametrize(
    "values",
    [
        changed(*FIRST, "paths", ["../x"]),
        changed(*FIRST, "paths", ["/x"]),
        changed(*FIRST, "paths", ["BIG.mp4"]),
        changed(*FIRST, "paths", ["big.mp4/x"]),
        changed(*FIRST, "paths", [7]),
        changed(*FIRST, "paths", []),
        changed(*FIRST, "paths", "index.html"),
        changed(*FIRST, "size", True),
        changed(*FIRST, "size", -1),
        changed(*FIRST, "size", 5 * 1024 * 1024),
        changed(*FIRST, "sha256", "AB" * 32),
        changed(*FIRST, "sha256", "34" * 32),
        changed("blocks", 0, "size", 5 * 1024 * 1024),
        changed("blocks", 0, "codec", "lzma"),
        changed("blocks", 0, "codec", "raw"),
        changed("blocks", 1, "contents", []),
        changed("objects", 0, "size", 1048576),
        changed("objects", 0, "sha256", "34" * 32),
        changed("objects", 0, "slices", [SHA]),
        changed("objects", 0, "size", 5),
        changed("objects", 0, "paths", []),
        changed("pack", "id", "Not Kebab"),
        changed("pack", "kind", "games"),
        changed("pack", "title", ""),
        changed("pack", "version", 0),
        changed("details", []),
        changed("blocks", "none"),
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


@settings(max_examples=400)
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
        changed(*FIRST, "paths", ["\ud800"]),
        changed(*FIRST, "paths", ["a/\udfff.html"]),
        changed("pack", "title", "\ud800"),
        changed("pack", "tags", ["a\0"]),
        changed("pack", [["id", "a-b"]]),
        changed("details", {"entry": "\udc00"}),
        changed("details", {"n": float("nan")}),
    ],
)
def test_what_no_database_would_take_is_refused(values):
    with pytest.raises(BadIndexError):
        read_index(packed(values), kinds=KINDS)


@pytest.mark.parametrize(
    "place",
    [("blocks", 0, "codec"), (*FIRST, "size"), (*FIRST, "paths"), ("pack", "version"), ("details",)],
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
    values = changed(*FIRST, "paths", [f"{n}.html" for n in range(MAX_EQUAL_FILES)])
    values["blocks"][0]["contents"][0]["extras"] = ["text/0.txt"] * more
    if more:
        with pytest.raises(BadIndexError, match="expected 1 to 20000 files with its content, got 20001"):
            read_index(packed(values), kinds=KINDS)
    else:
        assert len(read_index(packed(values), kinds=KINDS).files) == MAX_EQUAL_FILES + 3


@given(st.sampled_from(sorted(GOOD)), st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_any_wrong_member_is_refused_or_read(name, value):
    try:
        read_index(packed(changed(name, value)), kinds=KINDS)
    except BadDataError:
        pass
