"""The bytes of a delta: read as they were written, and refused in words where they were not."""

import hashlib
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.compression import compress
from content_packs.delta import (
    MAX_NEW_BYTES,
    MAX_OLD_BYTES,
    Patch,
    Piece,
    read_head,
    stream_patch,
    write_head,
)
from content_packs.depot import MIB
from content_packs.errors import BadDataError
from content_packs.index import Block, FileEntry, Index
from content_packs.meta import PackMeta

META = PackMeta.from_dict(
    {"id": "a", "version": 1, "kind": "web", "title": "T", "language": "uk", "licence": "CC0-1.0"}
)


def index_json(sizes):
    """Return the index of files f00, f01, … of these sizes."""
    entries, offset = [], 0
    for n, size in enumerate(sizes):
        entries.append(FileEntry(f"f{n:02d}", size, hashlib.sha256(bytes([n])).hexdigest(), 0, offset))
        offset += size
    return Index(META, tuple(entries), blocks=(Block(0, 0, 9, offset, "ab" * 32, "zstd"),)).to_json()


OLD = index_json([10, 20, 30, 40, 0, 60])
NEW = index_json([10, 20, 30, 40, 50, MAX_OLD_BYTES + 1])


def read(head, *, old=OLD, new=NEW):
    digest = hashlib.sha256(new).hexdigest()
    return read_head(head, old_index_json=old, index_json_sha256=digest, index_json_size=len(new))


def head_of(table):
    """Return a head with this table, whatever it says."""
    text = table if isinstance(table, bytes) else json.dumps(table, separators=(",", ":")).encode()
    return compress(text + b"\n" + NEW, prefix=OLD)


PATCHES = [
    Patch(0, 7, (Piece(1, 0, 20), Piece(2, 0, 30), Piece(0, 0, 10)), (Piece(4, 0, 50),)),
    Patch(0, 0, (), (Piece(0, 0, 10), Piece(1, 0, 20))),
    Patch(0, 9, (Piece(3, 5, 30), Piece(3, 0, 2), Piece(4, 0, 0)), (Piece(5, 100, 1000), Piece(1, 0, 20))),
]


def test_reads_the_head_that_was_written():
    head = write_head(PATCHES, old_index_json=OLD, index_json=NEW)
    delta = read(head)
    assert delta.index_json == NEW
    assert [(p.size, p.old, p.new) for p in delta.patches] == [(p.size, p.old, p.new) for p in PATCHES]
    assert [p.start for p in delta.patches] == [len(head), len(head) + 7, len(head) + 7]


def test_files_in_a_row_take_one_entry():
    sizes = [5] * 90
    numbers = [Piece(n, 0, 5) for n in range(90)]
    index = index_json(sizes)
    one = write_head([Patch(0, 1, (), (numbers[0],))], old_index_json=index, index_json=index)
    many = write_head([Patch(0, 1, (), tuple(numbers))], old_index_json=index, index_json=index)
    assert len(many) <= len(one) + 4
    assert read(many, old=index, new=index).patches[0].new == tuple(numbers)


def test_refuses_another_base():
    head = write_head(PATCHES, old_index_json=OLD, index_json=NEW)
    with pytest.raises(BadDataError):
        read(head, old=OLD.replace(b'"size":10', b'"size":11'))


def test_refuses_another_index_than_the_signed_one():
    head = write_head(PATCHES, old_index_json=OLD, index_json=NEW)
    with pytest.raises(BadDataError, match="expected another index"):
        read(head, new=NEW.replace(b'"size":10', b'"size":11'))


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_refuses_a_head_that_was_cut(cut):
    with pytest.raises(BadDataError):
        read(write_head(PATCHES, old_index_json=OLD, index_json=NEW)[:cut])


def table(*patches):
    return {"format": 1, "patches": list(patches)}


@pytest.mark.parametrize(
    "hostile",
    [
        {"format": 2, "patches": []},
        {"patches": []},
        {"format": 1},
        [],
        7,
        b"",
        b"{" * 2000,
        b"\xff",
        b'{"format":1,"patches":NaN}',
        table([1, [], [[6, 1]]]),
        table([1, [], [[-1, 1]]]),
        table([1, [], [[5, 2]]]),
        table([1, [[0, 7]], [[0, 1]]]),
        table([1, [[0, -1]], [[0, 1]]]),
        table([1, [[0, 5, 6]], [[0, 1]]]),
        table([1, [[0, -1, 6]], [[0, 1]]]),
        table([1, [[0, 1, 2, 3]], [[0, 1]]]),
        table([1, [[0]], [[0, 1]]]),
        table([1, [["0", 1]], [[0, 1]]]),
        table([1, [[0.5, 1]], [[0, 1]]]),
        table([-1, [], [[0, 1]]]),
        table([True, [], [[0, 1]]]),
        table([1, [[5, 0, 60], *[[-1, 0, 60]] * (MAX_OLD_BYTES // 60)], [[0, 1]]]),
        table([1, [], [[5, 0, MAX_NEW_BYTES + 1]]]),
        table([1, [[4, 1], *[[-1, 1]] * 200_000], [[0, 1]]]),
        table(*[[1, [[4, 1], *[[-1, 1]] * 150_000], [[0, 1]]]] * 6),
        table(*[[1, [], []]] * 100_001),
    ],
)
def test_refuses_a_table_that_lies(hostile):
    with pytest.raises(BadDataError):
        read(head_of(hostile))


def test_takes_as_much_as_a_patch_may_hold():
    [patch] = read(head_of(table([1, [], [[5, 0, MAX_NEW_BYTES]]]))).patches
    assert patch.new == (Piece(5, 0, MAX_NEW_BYTES),)


@settings(max_examples=100)
@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_any_table_is_read_or_refused_in_words(values):
    try:
        read(head_of({"format": 1, "patches": values}))
    except BadDataError:
        pass


@settings(max_examples=100)
@given(start=st.integers(0, 400), new=st.binary(max_size=8))
def test_any_changed_head_is_read_or_refused_in_words(start, new):
    head = write_head(PATCHES, old_index_json=OLD, index_json=NEW)
    try:
        assert read(head[:start] + new + head[start + len(new) :]).index_json == NEW
    except BadDataError:
        pass


BEFORE = b"".join(b"line %d of the lesson\n" % n for n in range(2000))
AFTER = BEFORE[:9000] + b"and one more\n" + BEFORE[9000:]
PATCH = Patch(0, 0, (Piece(0, 0, len(BEFORE)),), (Piece(0, 0, 4000), Piece(1, 0, len(AFTER) - 4000)))
FRAME = compress(AFTER, prefix=BEFORE)


def applied(patch, data, old):
    return b"".join(stream_patch(patch, data, old))


def test_a_patch_makes_the_later_bytes_of_the_earlier_ones():
    assert len(FRAME) < 60
    assert applied(PATCH, FRAME, BEFORE) == AFTER


@pytest.mark.parametrize("old", [b"", b"short", AFTER, BEFORE[::-1]])
def test_a_patch_of_a_wrong_base_is_refused_or_makes_something_else(old):
    try:
        assert applied(PATCH, FRAME, old) != AFTER
    except BadDataError:
        pass


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        FRAME[:-1],
        FRAME + b"x",
        FRAME + FRAME,
        b"x" + FRAME,
        compress(AFTER + b"x", prefix=BEFORE),
        compress(AFTER[:-1], prefix=BEFORE),
    ],
)
def test_refuses_a_frame_that_is_damaged_or_of_another_length(frame):
    with pytest.raises(BadDataError):
        applied(PATCH, frame, BEFORE)


@pytest.mark.parametrize("prefix", [b"", b"1234567", b"12345678", BEFORE])
@pytest.mark.parametrize("data", [b"", b"x", AFTER])
def test_any_prefix_and_data_come_out_as_they_went_in(prefix, data):
    patch = Patch(0, 0, (), (Piece(0, 0, len(data)),))
    assert applied(patch, compress(data, prefix=prefix), prefix) == data


START = b'{"format":1,"patches":['
MANY = 4_000_000


@pytest.mark.parametrize(
    "hostile",
    [
        START + b"[]," * MANY + b"[]]}",
        START + b"9," * MANY + b"1]}",
        START[:-1] + b'[],"x":[' + b"{}," * MANY + b"1]}",
        START + b"[1,[],[]]," * 6000 + b"[1,[],[]]]}",
        START + b"[1,[],[" + b"[4,0,1],[-1,0,1]," * 3500 + b"[0,1]]]]}",
        START + b"[1,[],[" + b"[0,0]," * 10_000 + b"[6,1]]]]}",
    ],
)
def test_a_hostile_table_takes_no_more_memory_than_the_pack_justifies(hostile):
    head = compress(hostile + b"\n" + NEW, prefix=OLD, level=3)
    tracemalloc.start()
    try:
        with pytest.raises(BadDataError):
            read(head)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_equal_whole_files_of_many_patches_take_memory_once():
    one = b"[1,[[0,5]],[[0,5]]]"
    head = compress(START + b",".join([one] * 6) + b"]}\n" + NEW, prefix=OLD, level=3)
    patches = read(head).patches
    assert len({id(piece) for patch in patches for piece in (*patch.old, *patch.new)}) == 10


@pytest.mark.parametrize("end", [b"]} ", b"]}]", b",]}", b"", b"]"])
def test_refuses_a_table_that_ends_in_another_way(end):
    with pytest.raises(BadDataError):
        read(head_of(START + b"[1,[],[[0,1]]]" + end))


@pytest.mark.parametrize(
    "patch", [b",[1,[],[]]", b"[1,,[],[]]", b"[1,[,[0,1]],[]]", b"[1,[],[[0,1][1,1]]]", b"[1,[],[[00 ,1]]]"]
)
def test_refuses_a_table_with_a_comma_too_many_or_too_few(patch):
    with pytest.raises(BadDataError):
        read(head_of(START + patch + b"]}"))
