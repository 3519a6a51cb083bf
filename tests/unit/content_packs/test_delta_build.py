"""What a delta holds: the least that makes the later version, whatever was renamed, moved or inserted."""

import random
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs import ahead
from content_packs.contents import contents_of
from content_packs.delta import MAX_NEW_BYTES, MAX_OLD_BYTES
from content_packs.delta_build import blocks_cost, write_delta
from content_packs.errors import BadDataError
from support.built import MIB, build, random_bytes
from support.deltas import try_delta


def prose(words, seed):
    """Return text that compresses about as prose does, and resembles no other seed's."""
    chance = random.Random(seed)
    known = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 9))) for _ in range(900)]
    return " ".join(chance.choices(known, k=words)).encode()


def page(seed, words=1200):
    return b"<!doctype html><title>%d</title><p>" % seed + prose(words, seed)


def edited(data, text=b" (corrected)"):
    middle = len(data) // 2
    return data[:middle] + text + data[middle:]


HOME = {"index.html": b"<!doctype html><title>home</title>"}


@pytest.fixture
def tried(tmp_path):
    """Return a function that makes and applies the delta between two sets of files."""

    def between(before, after):
        old = build(tmp_path, HOME | before, id="lesson", version=1)
        new = build(tmp_path, HOME | after, id="lesson", version=2)
        result = try_delta(old, new, tmp_path / "delta.1")
        assert all((HOME | after)[path] == data for path, data in result.files.items())
        return result

    return between


PAGES = {f"chapter/{n}.html": page(n) for n in range(8)}


def test_an_edited_page_costs_its_edit(tried):
    result = tried(PAGES, PAGES | {"chapter/3.html": edited(PAGES["chapter/3.html"])})
    assert list(result.files) == ["chapter/3.html"]
    assert result.made.size - result.made.head_size < 60
    assert result.made.rest == 0


def test_a_version_without_changes_has_a_head_only(tried):
    result = tried(PAGES, PAGES)
    assert result.delta.patches == ()
    assert result.made.size == result.made.head_size < 200


@pytest.mark.parametrize(
    ("old_path", "new_path"),
    [
        ("js/main.3f2a9c01.js", "js/main.b81d0e77.js"),
        ("lesson-1/intro.html", "part-one/welcome.html"),
        ("2023/maths.html", "2024/maths.html"),
    ],
)
def test_a_file_that_was_renamed_and_edited_is_found_again(tried, old_path, new_path):
    data = page(77)
    result = tried(PAGES | {old_path: data}, PAGES | {new_path: edited(data)})
    assert list(result.files) == [new_path]
    assert result.made.size - result.made.head_size < 90


def test_the_parts_of_a_page_that_was_split_are_found(tried):
    long = page(50, 6000)
    halves = {"a/first.html": long[: len(long) // 2], "b/second.html": long[len(long) // 2 :]}
    result = tried(PAGES | {"long.html": long}, PAGES | halves)
    assert result.files.keys() == halves.keys()
    assert result.made.size - result.made.head_size < 120


def test_pages_that_were_merged_are_all_found(tried):
    whole = b"".join(PAGES[f"chapter/{n}.html"] for n in range(3))
    result = tried(PAGES, HOME | {"whole-book.html": whole})
    assert result.made.size - result.made.head_size < 150


def test_a_new_picture_stays_a_block_of_its_own(tried):
    photo = random_bytes(60_000, 1)
    result = tried(PAGES, PAGES | {"photo.jpg": photo, "chapter/0.html": edited(PAGES["chapter/0.html"])})
    assert list(result.files) == ["chapter/0.html"]
    assert result.made.rest == len(photo)


def test_a_picture_with_new_details_is_patched(tried):
    photo = random_bytes(60_000, 1)
    result = tried(PAGES | {"photo.jpg": photo}, PAGES | {"photo.jpg": edited(photo)})
    assert list(result.files) == ["photo.jpg"]
    assert result.made.cost < 500


FILM = random_bytes(2 * MIB + 123, 2)


def test_a_large_file_is_followed_through_insertions_and_moves(tried):
    moved = FILM[MIB:] + random_bytes(5000, 3) + FILM[:MIB]
    result = tried({"film.mp4": FILM}, {"film.mp4": moved})
    assert result.files["film.mp4"] == moved
    assert result.made.size < 6500


def test_a_large_file_under_another_name_is_found(tried):
    result = tried({"film.mp4": FILM, "other.mp4": random_bytes(MIB, 4)}, {"film-v2.mp4": edited(FILM)})
    assert result.made.cost < 1000


def test_a_large_file_with_nothing_in_common_stays_an_object(tried):
    result = tried({"film.mp4": FILM}, {"film.mp4": random_bytes(MIB, 5)})
    assert result.files == {}
    assert result.made.rest == MIB


def test_a_large_file_that_gains_too_little_stays_an_object(tried):
    mostly_new = random_bytes(MIB, 6) + FILM[: MIB // 40]
    result = tried({"film.mp4": FILM}, {"film.mp4": mostly_new, "a.html": page(1)})
    assert list(result.files) == ["a.html"]


def test_windows_keep_to_what_a_small_computer_holds(tried, monkeypatch):
    monkeypatch.setattr("content_packs.delta_plan.MAX_NEW_BYTES", MIB)
    monkeypatch.setattr("content_packs.delta_plan.MAX_OLD_BYTES", 2 * MIB)
    changed = b"".join(FILM[n * MIB : (n + 1) * MIB] + b"x" * 9 for n in (1, 0))
    result = tried({"film.mp4": FILM}, {"film.mp4": changed})
    assert result.files["film.mp4"] == changed
    assert len(result.delta.patches) == 3
    for patch in result.delta.patches:
        assert sum(piece.length for piece in patch.new) <= MIB < MAX_NEW_BYTES
        assert sum(piece.length for piece in patch.old) <= 2 * MIB < MAX_OLD_BYTES
    assert result.made.cost < 2000


def test_a_vacuumed_database_with_new_rows_costs_its_rows(tried, tmp_path):
    words = prose(170_000, 1).decode().split()
    texts = [" ".join(words[n : n + 100]) for n in range(0, len(words), 100)]
    before, after = (make_database(tmp_path / f"{n}.db", texts, n) for n in (0, 1))
    result = tried({"lessons.db": before}, {"lessons.db": after})
    assert len(before) > MIB
    assert result.made.cost < len(after) * 0.08


def make_database(path, texts, edition):
    with sqlite3.connect(path) as db:
        db.execute("create table lesson (id integer primary key, body)")
        db.executemany("insert into lesson (id, body) values (?, ?)", enumerate(texts))
        if edition:
            db.execute("insert into lesson (id, body) values (-1, ?)", [prose(500, 99).decode()])
            db.execute("update lesson set body = body || ' more' where id % 1000 = 7")
            db.execute("delete from lesson where id % 500 = 3")
    db.execute("vacuum")
    db.close()
    return path.read_bytes()


def test_the_same_versions_give_the_same_bytes(tried, tmp_path, monkeypatch):
    after = {path: edited(data) for path, data in PAGES.items()} | {"film.mp4": edited(FILM)}
    first = tried(PAGES | {"film.mp4": FILM}, after)
    monkeypatch.setattr(ahead.os, "cpu_count", lambda: 1)
    assert tried(PAGES | {"film.mp4": FILM}, after).data == first.data


def test_tells_what_blocks_would_cost(tmp_path):
    old = build(tmp_path, HOME | {"a.jpg": random_bytes(5000, 1)}, id="lesson", version=1)
    new = build(tmp_path, HOME | {"a.jpg": random_bytes(6000, 2)}, id="lesson", version=2)
    assert blocks_cost(contents_of(old), contents_of(new)) == 6000


def test_a_damaged_earlier_version_is_refused_and_leaves_nothing(tmp_path):
    old = build(tmp_path, HOME | PAGES, id="lesson", version=1)
    new = build(tmp_path, HOME | {"chapter/0.html": edited(page(0))}, id="lesson", version=2)
    blocks = old.folder / "blocks.000"
    blocks.write_bytes(blocks.read_bytes()[:-9] + b"otherwise")
    folder = tmp_path / "deltas"
    folder.mkdir()
    with pytest.raises(BadDataError, match=r"blocks\.000"):
        write_delta(contents_of(old), contents_of(new), folder / "delta.1")
    assert list(folder.iterdir()) == []


NAMES = st.sampled_from(["a.html", "b/c.html", "b/d.js", "e.jpg", "text.txt", "Ї.css"])
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"x" * 5000, PAGES["chapter/0.html"], edited(PAGES["chapter/0.html"])]),
    st.integers(0, 3).map(lambda seed: random_bytes(5000, seed)),
    st.integers(0, 2).map(lambda seed: random_bytes(MIB, seed)[: MIB - seed] + b"tail" * seed),
)
TREES = st.dictionaries(NAMES, CONTENTS, max_size=6)


@settings(max_examples=10)
@given(TREES, TREES)
def test_whatever_changes_comes_from_the_delta_or_from_blocks(tmp_path_factory, before, after):
    folder = tmp_path_factory.mktemp("trees")
    old = build(folder, HOME | before, id="lesson", version=1)
    new = build(folder, HOME | after, id="lesson", version=2)
    result = try_delta(old, new, folder / "delta.1")
    assert all(after[path] == data for path, data in result.files.items())
    made = set(result.files.values()) | set((HOME | before).values())
    rest = sum(len(data) for data in set(after.values()) - made)
    assert (result.made.rest > 0) == (rest > 0)
