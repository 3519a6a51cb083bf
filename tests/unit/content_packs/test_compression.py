import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from content_packs.compression import decompress
from content_packs.errors import BadDataError


@given(st.binary(max_size=5000))
def test_gives_back_what_was_compressed(data):
    assert decompress(zstd.compress(data), max_bytes=len(data), what="x") == data


def test_refuses_a_bomb_before_it_fills_the_memory():
    bomb = zstd.compress(bytes(300 * 1024 * 1024))
    with pytest.raises(BadDataError, match="more than 1000 bytes"):
        decompress(bomb, max_bytes=1000, what="bomb")


@pytest.mark.parametrize("cut", [0, 1, 5, 20])
def test_refuses_a_frame_that_ends_too_early(cut):
    data = zstd.compress(bytes(range(256)) * 10)
    with pytest.raises(BadDataError):
        decompress(data[:cut], max_bytes=10_000, what="x")


def test_refuses_bytes_after_the_frame():
    with pytest.raises(BadDataError, match="follow"):
        decompress(zstd.compress(b"a") + b"b", max_bytes=10, what="x")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read_but_never_crash(data):
    try:
        decompress(data, max_bytes=1_000_000, what="x")
    except BadDataError:
        pass
