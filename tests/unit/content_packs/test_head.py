"""The head container: the same bytes for the same files, and nothing hostile gets through."""

import json

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from content_packs import head
from content_packs.errors import BadDataError, Error, UnknownFormatError

NAMES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def packed(values):
    return zstd.compress(json.dumps(values).encode())


@given(st.dictionaries(NAMES, TEXTS))
def test_gives_back_what_was_put_in(texts):
    files = {name: text.encode() for name, text in texts.items()}
    assert head.decode_head(head.encode_head(files)) == files


def test_same_files_give_same_bytes():
    one = head.encode_head({"timestamp.json": b"{}", "1.snapshot.json": "Ґ".encode()})
    assert one == head.encode_head({"1.snapshot.json": "Ґ".encode(), "timestamp.json": b"{}"})


def test_any_changed_byte_is_noticed():
    good = head.encode_head({"timestamp.json": b'{"signed":1}' * 9})
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 0xFF
        with pytest.raises(BadDataError):
            head.decode_head(bytes(bad))


@given(st.binary(max_size=200))
def test_garbage_is_refused_as_bad_data(data):
    with pytest.raises(BadDataError):
        head.decode_head(data)


@pytest.mark.parametrize(
    "values",
    [
        [],
        {"format": 1},
        {"format": 1, "files": []},
        {"format": 1, "files": {"../x": "a"}},
        {"format": 1, "files": {"a/b": "a"}},
        {"format": 1, "files": {"a.json": 1}},
        {"format": 1, "files": {"a.json": "\ud800"}},
    ],
)
def test_malformed_container_is_refused(values):
    with pytest.raises(BadDataError):
        head.decode_head(packed(values))


@pytest.mark.parametrize(
    "text",
    [
        '{"format": 1, "files": {"a.json": "one", "a.json": "two"}}',
        '{"format": 1, "files": {}, "files": {"a.json": "one"}}',
    ],
)
def test_a_name_that_stands_there_twice_is_refused(text):
    with pytest.raises(BadDataError, match="stands there twice"):
        head.decode_head(zstd.compress(text.encode()))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": 1, "files": ' + '{"a":' * 100_000, "9" * 10_000])
def test_deep_or_endless_json_is_refused(text):
    with pytest.raises(BadDataError):
        head.decode_head(zstd.compress(text.encode()))


def test_newer_format_says_update():
    with pytest.raises(UnknownFormatError, match="format 1, got 2") as caught:
        head.decode_head(packed({"format": 2}))
    assert caught.value.hint == "Update this hub."


def test_bomb_is_refused():
    bomb = zstd.compress(b" " * (head.MAX_UNPACKED_BYTES + 1))
    with pytest.raises(Error, match="unpacks to more than"):
        head.decode_head(bomb)
