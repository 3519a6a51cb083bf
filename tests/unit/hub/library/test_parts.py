"""A large file that comes in pieces, in any order, with cuts and power cuts between them."""

import hashlib
import os
import random

import pytest

from content_packs.depot import MIB
from hub.library import parts
from hub.library.parts import SlicedPart
from hub.library.store import Store
from support.built import random_bytes

SIZE = 5 * MIB + 17
FILM = random_bytes(SIZE, 9)
SLICES = tuple(hashlib.sha256(FILM[at : at + MIB]).hexdigest() for at in range(0, SIZE, MIB))
NAME = hashlib.sha256(FILM).hexdigest()


def open_part(folder, **options):
    return SlicedPart(folder / f"{NAME}.part", SIZE, SLICES, **options)


def bring(part, most=SIZE, step=40_000):
    """Write what is missing as it comes over a link; return how many bytes came."""
    came = 0
    for start, length in list(part.missing()):
        while length and came < most:
            data = FILM[start : start + min(step, length, most - came)]
            assert part.write(start, data) == []
            start, length, came = start + len(data), length - len(data), came + len(data)
    part.close()
    return came


def test_any_number_of_cuts_costs_no_byte_twice(tmp_path):
    chance = random.Random(3)
    came = 0
    while not (part := open_part(tmp_path)).is_whole:
        came += bring(part, most=chance.randrange(1, 700_000))
    assert came == SIZE
    assert part.path.read_bytes() == FILM
    assert part.hash() == NAME


def test_only_the_holes_are_missing(tmp_path):
    part = open_part(tmp_path)
    assert part.write(MIB, FILM[MIB : 2 * MIB]) == []
    assert part.write(5 * MIB, FILM[5 * MIB :]) == []
    part.close()
    assert list(part.missing()) == [(0, MIB), (2 * MIB, 3 * MIB)]
    assert list(part.missing(but=frozenset({3}))) == [(0, MIB), (2 * MIB, MIB), (4 * MIB, MIB)]


def test_whole_slices_from_a_patch_do_not_disturb_the_slice_under_way(tmp_path):
    part = open_part(tmp_path)
    bring(part, most=MIB + 1000)
    part = open_part(tmp_path)
    assert part.write(3 * MIB, FILM[3 * MIB : 4 * MIB]) == []
    part.close()
    again = open_part(tmp_path)
    assert next(iter(again.missing())) == (MIB + 1000, 2 * MIB - MIB - 1000 + MIB)
    bring(again)
    assert again.hash() == NAME


def test_a_wrong_slice_is_named_and_missing_again_and_no_other(tmp_path):
    part = open_part(tmp_path)
    wrong = bytearray(FILM[: 3 * MIB])
    wrong[MIB + 5] ^= 1
    assert part.write(0, bytes(wrong)) == [1]
    part.close()
    assert list(part.missing()) == [(MIB, MIB), (3 * MIB, SIZE - 3 * MIB)]


@pytest.mark.parametrize("swap", [False, True])
def test_after_a_power_cut_only_what_was_lost_comes_again(tmp_path, swap):
    bring(open_part(tmp_path), most=4 * MIB + 100_000)
    with (tmp_path / f"{NAME}.part").open("r+b") as file:
        file.seek(2 * MIB + 8192)
        file.write(FILM[:4096] if swap else bytes(4096))
    part = open_part(tmp_path, unsure=True)
    assert bring(part) == SIZE - 4 * MIB - 100_000 + MIB
    assert part.hash() == NAME


def test_a_damaged_start_of_a_slice_costs_that_slice_only(tmp_path):
    bring(open_part(tmp_path), most=4 * MIB + 100_000)
    with (tmp_path / f"{NAME}.part").open("r+b") as file:
        file.seek(4 * MIB + 10)
        file.write(bytes(4096))
    part = open_part(tmp_path, unsure=True)
    came = bring(part)
    assert not part.is_whole
    came += bring(part)
    assert part.hash() == NAME
    assert came == SIZE - 4 * MIB - 100_000 + MIB


@pytest.mark.parametrize("left", [0, 1, 5, 12, 40, None])
def test_a_map_that_a_power_cut_has_torn_or_taken_costs_nothing(tmp_path, left):
    bring(open_part(tmp_path), most=4 * MIB)
    place = tmp_path / f"{NAME}.map"
    if left is None:
        place.unlink()
    else:
        os.truncate(place, left)
    part = open_part(tmp_path, unsure=True)
    assert bring(part) == SIZE - 4 * MIB
    assert part.hash() == NAME


def test_garbage_in_the_map_makes_nothing_right(tmp_path):
    bring(open_part(tmp_path), most=2 * MIB)
    (tmp_path / f"{NAME}.map").write_bytes(random_bytes(500))
    part = open_part(tmp_path, unsure=True)
    assert part.good == {0, 1}


def test_a_large_part_is_not_read_as_a_whole_at_each_boot(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_RECHECKED_SLICES", 2)
    bring(open_part(tmp_path), most=5 * MIB)
    path = tmp_path / f"{NAME}.part"
    with path.open("r+b") as file:
        for number in (0, 4):
            file.seek(number * MIB)
            file.write(bytes(4096))
    part = open_part(tmp_path, unsure=True)
    assert part.good == {0, 1, 2, 3}  # the damage to the first is older than what a card may have lost
    bring(part)
    assert part.hash() != NAME, "the whole is hashed before it is used"


def test_a_part_written_from_its_start_without_a_map_goes_on_where_it_stopped(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(FILM[: 2 * MIB + 500])
    open_part(tmp_path)
    part = open_part(tmp_path)
    assert bring(part) == SIZE - 2 * MIB - 500
    assert part.hash() == NAME


def test_the_store_counts_what_is_there_and_takes_it_over_at_the_next_boot(tmp_path):
    before = Store(tmp_path, "boot-1")
    part = before.open_sliced(NAME, SIZE, SLICES)
    part.write(3 * MIB, FILM[3 * MIB : 4 * MIB])
    bring(part, most=100_000)
    assert before.part_size(NAME) == MIB + 100_000
    after = Store(tmp_path, "boot-2")
    assert list(after.adopt_earlier_boots()) == []
    assert after.part_size(NAME) == MIB + 100_000
    part = after.open_sliced(NAME, SIZE, SLICES)
    assert bring(part) == SIZE - MIB - 100_000
    after.finish_part(NAME)
    assert [path.name for path in after.incoming.iterdir()] == [NAME]
