"""A log of writes is replayed to where the power went, and what had to be flushed is there."""

import struct

import pytest

from tests.image.power_cuts import points_of, read_log, replay

FLUSH, FUA, DISCARD = 1, 2, 4


def a_log(path, *entries):
    """Write a log as dm-log-writes has it: (sector, data or nothing, flags)."""
    sector = struct.pack("<QQQI", 0x6A736677736872, 1, 0, 512).ljust(512, b"\0")
    for place, data, flags in entries:
        sector += struct.pack("<QQQQ", place, len(data) // 512, flags, 0).ljust(512, b"\0")
        sector += b"" if flags & DISCARD else data
    path.write_bytes(sector)
    return path


@pytest.fixture
def log(tmp_path):
    block = [bytes([number]) * 512 for number in range(1, 6)]
    return a_log(
        tmp_path / "log",
        (0, block[0], 0),
        (1, block[1], 0),
        (0, b"", FLUSH),
        (2, block[2], 0),
        (3, block[3], FUA),
        (0, block[4], 0),
        (4, b"", DISCARD | 0),
        (0, b"", FLUSH),
    )


def test_every_flush_is_a_place_to_cut(log):
    writes = read_log(log)
    assert len(writes) == 8
    assert points_of(writes, 200) == [3, 5, 8]
    assert points_of(writes, 1) == [3]


def test_what_was_flushed_is_there_and_the_rest_in_part(log, tmp_path):
    base = tmp_path / "base.raw"
    base.write_bytes(bytes(512 * 8))
    seen = {}
    for seed in range(30):
        base.write_bytes(bytes(512 * 8))
        for point, cut in replay(base, log, [3, 5, 8], seed=seed):
            seen.setdefault(point, set()).add(bytes(cut.read_bytes()[::512]))
    assert seen[3] == {bytes([1, 2, 0, 0, 0, 0, 0, 0]), bytes([1, 2, 3, 0, 0, 0, 0, 0])}
    assert seen[5] == {bytes([1, 2, 3, 4, 0, 0, 0, 0]), bytes([5, 2, 3, 4, 0, 0, 0, 0])}
    assert seen[8] == {bytes([5, 2, 3, 4, 0, 0, 0, 0])}
