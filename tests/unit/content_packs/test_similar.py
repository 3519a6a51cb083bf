"""Content finds its former place, wherever it moved."""

import random

import pytest

from content_packs.similar import (
    Places,
    anchor_keys,
    best_cells,
    find_anchors,
    group_by_name,
    name_key,
    nearest_size,
    rank_files,
)
from support.built import random_bytes

KIB = 1024
NOISE = random_bytes(512 * KIB, 1)
PROSE = " ".join(random.Random(2).choices(["дроби", "числа", "the lesson", "pages", "of", "and"], k=40_000))
ROWS = b"".join(b"\x00\x00%08d\x07row\xff" % random.Random(n).randrange(10**8) for n in range(20_000))


@pytest.mark.parametrize("data", [NOISE, PROSE.encode(), ROWS], ids=["noise", "prose", "rows"])
def test_anchors_lie_about_as_far_apart_as_was_asked(data):
    found = sum(1 for _ in anchor_keys(data, find_anchors(data, 256)))
    assert len(data) / 2000 < found < len(data) / 20


@pytest.mark.parametrize("data", [b"", b"a", b"ab", bytes(5000), b"\\]^-" * 50])
def test_any_data_has_a_pattern(data):
    list(anchor_keys(data, find_anchors(data, 64)))


def test_moved_content_is_found_at_its_former_place():
    places = Places(find_anchors(NOISE, 64))
    places.add(3, NOISE)
    found, count = places.find(random_bytes(1000, 5) + NOISE[100 * KIB : 164 * KIB])
    assert len(found) > 0.8 * count
    assert {offset // (64 * KIB) for _, offset in found} == {1, 2}
    assert best_cells(found, cell_bytes=64 * KIB, most=9, least_votes=1) == [(3, 64 * KIB), (3, 128 * KIB)]


def test_what_stands_everywhere_says_nothing():
    places = Places(find_anchors(NOISE, 64))
    for number in range(20):
        places.add(number, NOISE[: 16 * KIB])
    assert places.find(NOISE[: 16 * KIB])[0] == []


def test_cells_with_few_votes_are_not_worth_reading():
    votes = [(1, 0)] * 9 + [(1, 300)] * 2 + [(2, 100)] * 5
    assert best_cells(votes, cell_bytes=100, most=9, least_votes=3) == [(1, 0), (2, 100)]
    assert best_cells(votes, cell_bytes=100, most=1, least_votes=1) == [(1, 0)]


def test_files_are_ranked_by_how_often_they_were_found():
    assert rank_files([(7, 0), (2, 5), (2, 9), (4, 1)]) == [2, 4, 7]


@pytest.mark.parametrize(
    ("old", "new"),
    [("js/main.3f2a9c.js", "js/main.b81d0e77.js"), ("Maths-2023.html", "maths-2024.html")],
)
def test_what_builds_put_into_names_does_not_count(old, new):
    assert name_key(old) == name_key(new)
    assert group_by_name({4: old, 5: "other.js"})[name_key(new)] == [4]


def test_of_several_the_nearest_in_size_is_taken():
    assert nearest_size([2, 0, 1], [100, 300, 210], 205) == 2
    assert nearest_size([2, 0], [100, 0, 300], 200) == 0
