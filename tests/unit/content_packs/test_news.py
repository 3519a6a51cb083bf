"""News: the way from one head to the next, and nothing damaged gets through."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.errors import BadDataError
from content_packs.head import head_text, state_of
from content_packs.news import MAX_STEPS, NewsStep, decode_news, encode_news, follow, make_step

TEXTS = [head_text({"timestamp.json": json.dumps({"version": n, "x": "y" * 500}).encode()}) for n in range(4)]
STEPS = [make_step(before, after) for before, after in pairwise(TEXTS)]


def test_leads_from_any_head_to_the_present_one():
    for start in range(4):
        assert follow(TEXTS[start], decode_news(encode_news(STEPS[start:]))) == TEXTS[-1]


def test_a_step_is_small():
    assert len(STEPS[0].patch) < 60 < len(TEXTS[0])


def test_no_steps_say_that_nothing_is_new():
    assert encode_news([]) == b"news 1\n"
    assert follow(TEXTS[0], decode_news(b"news 1\n")) == TEXTS[0]


@pytest.mark.parametrize("lost", [b"", b"\0" * 7, b"news 2\n", b"<html>"])
def test_a_file_that_a_disk_has_lost_does_not_say_that_nothing_is_new(lost):
    with pytest.raises(BadDataError):
        decode_news(lost)


def test_any_changed_byte_is_noticed_or_changes_nothing():
    good = encode_news(STEPS[:2])
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 0xFF
        with pytest.raises(BadDataError):
            follow(TEXTS[0], decode_news(bytes(bad)))


def test_a_file_that_is_cut_is_noticed_unless_whole_steps_remain():
    good = encode_news(STEPS[:2])
    first = encode_news(STEPS[:1])
    for end in range(len(good)):
        if good[:end] in (encode_news([]), first):
            continue
        with pytest.raises(BadDataError):
            decode_news(good[:end])


def test_steps_of_another_head_are_refused():
    with pytest.raises(BadDataError):
        follow(b"z" * len(TEXTS[0]), STEPS[:1])


def test_more_steps_than_anybody_writes_are_refused():
    with pytest.raises(BadDataError):
        decode_news(encode_news(STEPS[:1] * (MAX_STEPS + 1)))


def test_a_bomb_is_refused():
    from backports import zstd

    from content_packs.head import MAX_UNPACKED_BYTES

    bomb = zstd.compress(b" " * (MAX_UNPACKED_BYTES + 1))
    with pytest.raises(BadDataError, match="unpacks to more than"):
        follow(TEXTS[0], [NewsStep(state_of(TEXTS[1]), bomb)])


@given(st.binary(max_size=200))
def test_garbage_is_bad_data(data):
    with pytest.raises(BadDataError):
        follow(TEXTS[0], decode_news(b"news 1\n0" + data))
