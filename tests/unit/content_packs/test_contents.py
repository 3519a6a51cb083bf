"""Any bytes of any file of a version, checked, from a built pack and from a depot."""

import pytest

from content_packs import contents
from content_packs.contents import contents_in_depot, contents_of
from content_packs.errors import BadDataError, HashMismatchError, NotFoundError
from support.built import MIB, build, put_in_depot, random_bytes

FILM = random_bytes(2 * MIB + 77, 1)
FILES = {
    "index.html": b"<!doctype html><title>T</title>" + b"words " * 300,
    "photo.jpg": random_bytes(9000, 2),
    "film.mp4": FILM,
    "empty.txt": b"",
}


@pytest.fixture
def built(tmp_path):
    return build(tmp_path, FILES, id="lesson", version=1)


@pytest.fixture(params=["built pack", "depot"])
def version(request, tmp_path, built):
    if request.param == "built pack":
        return contents_of(built)
    put_in_depot(built, tmp_path / "depot")
    return contents_in_depot(tmp_path / "depot", "lesson", 1)


def number_of(version, path):
    return next(n for n, entry in enumerate(version.entries) if entry.path == path)


@pytest.mark.parametrize("path", FILES)
def test_reads_whole_files(version, path):
    assert version.read(number_of(version, path)) == FILES[path]


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 5), (MIB - 3, 6), (MIB, MIB), (2 * MIB, 500), (1, 2 * MIB + 76), (5, 0)]
)
def test_reads_pieces_of_large_files(version, offset, length):
    assert version.read(number_of(version, "film.mp4"), offset, length) == FILM[offset : offset + length]


def test_reads_pieces_of_small_files(version):
    assert version.read(number_of(version, "index.html"), 10, 7) == FILES["index.html"][10:17]


def test_forgets_blocks_but_reads_them_again(version, monkeypatch):
    monkeypatch.setattr(contents, "_KEPT_BYTES", 0)
    for path in [*FILES, *FILES]:
        assert version.read(number_of(version, path)) == FILES[path]


@pytest.mark.parametrize("path", ["index.html", "film.mp4"])
def test_damage_is_refused(version, path):
    for file in [*version.root.rglob("objects/*/*/000"), version.pack_dir / "blocks.000"]:
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        data[10] ^= 1
        file.write_bytes(data)
    with pytest.raises(HashMismatchError):
        version.read(number_of(version, path))


@pytest.mark.parametrize("path", ["index.html", "film.mp4"])
def test_what_is_missing_is_said(version, path):
    for file in [*version.root.rglob("objects/*/*/000"), version.pack_dir / "blocks.000"]:
        file.unlink()
    with pytest.raises(NotFoundError, match="is missing"):
        version.read(number_of(version, path))


def test_a_version_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFoundError, match=r"lesson/1/index\.zst: is missing"):
        contents_in_depot(tmp_path, "lesson", 1)


def test_a_damaged_index_is_refused(tmp_path, built):
    put_in_depot(built, tmp_path / "depot")
    (tmp_path / "depot/packs/lesson/1/index.zst").write_bytes(b"nonsense")
    with pytest.raises(BadDataError):
        contents_in_depot(tmp_path / "depot", "lesson", 1)
