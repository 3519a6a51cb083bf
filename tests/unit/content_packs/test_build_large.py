"""Large files in a built pack: as they are, or packed in blocks where that is smaller."""

import pytest

from content_packs.built import open_built, verify_built
from content_packs.contents import contents_of
from content_packs.depot import PACKED_BYTES
from content_packs.errors import BadDataError
from content_packs.index import pack_index, read_index
from content_packs.kinds import KINDS
from support.built import MIB, build, database, random_bytes
from support.deltas import try_delta
from support.sources import PAGE, read_tree

SIZE = PACKED_BYTES + 2 * MIB + 300  # two blocks
FILES = {
    "index.html": PAGE.format("Урок", "текст").encode(),
    "a.sqlite3": database(SIZE, 1),
    "film.mp4": random_bytes(2 * MIB + 9, 2),
    "z.json": database(MIB, 3),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return build(tmp_path_factory.mktemp("large"), FILES)


@pytest.fixture
def built(shared, tmp_path):
    """Its own copy, to be damaged."""
    for path, data in read_tree(shared.folder).items():
        (tmp_path / "pack" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / path).write_bytes(data)
    return open_built(tmp_path / "pack")


def object_of(built, path):
    return built.index.objects[next(e.sha256 for e in built.index.all_files() if e.path == path)]


def test_what_compresses_lies_in_blocks_and_a_film_as_it_is(shared):
    index = shared.index
    assert len(index.blocks_of(object_of(shared, "a.sqlite3"))) == 2
    assert len(index.blocks_of(object_of(shared, "z.json"))) == 1
    assert object_of(shared, "film.mp4").first_block is None
    assert index.travel_bytes(object_of(shared, "a.sqlite3")) < 0.3 * SIZE
    assert index.download_bytes < 2 * MIB + 9 + 0.3 * (SIZE + MIB) + 1000
    assert [path.name for path in (shared.folder / "objects").rglob("*") if path.is_file()] == ["000"]
    assert not list(shared.folder.glob("incoming*"))


def test_its_index_is_read_as_it_was_written_and_its_bytes_as_they_were(shared):
    assert read_index(shared.index_bytes, kinds=KINDS) == shared.index
    contents = contents_of(shared)
    for number, entry in enumerate(contents.entries):
        assert contents.read(number) == FILES[entry.path]
    number = next(n for n, entry in enumerate(contents.entries) if entry.path == "a.sqlite3")
    middle = FILES["a.sqlite3"][PACKED_BYTES - 5 : PACKED_BYTES + MIB + 7]
    assert contents.read(number, PACKED_BYTES - 5, MIB + 12) == middle


def test_a_file_that_compresses_in_a_few_places_only_stays_as_it_is(tmp_path):
    files = FILES | {"a.sqlite3": random_bytes(2 * MIB, 1), "z.json": random_bytes(3 * MIB) + bytes(50_000)}
    assert all(obj.first_block is None for obj in build(tmp_path, files).index.objects.values())


def test_equal_large_files_lie_there_once(tmp_path):
    built = build(tmp_path, FILES | {"again.json": FILES["z.json"]})
    assert len(built.index.blocks_of(object_of(built, "again.json"))) == 1
    assert len(built.index.objects) == 3
    verify_built(built)


def test_verify_reads_packed_files_to_the_last_byte_and_counts_what_lies_there(built):
    read = []
    verify_built(built, advance=read.append)
    assert sum(read) == built.index.download_bytes


@pytest.mark.parametrize("which", [0, 1])
def test_verify_finds_a_changed_byte_of_a_packed_file(built, which):
    block = built.index.blocks_of(object_of(built, "a.sqlite3"))[which]
    path = built.folder / "blocks.000"
    data = bytearray(path.read_bytes())
    data[block.start + block.size // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadDataError, match=rf"blocks\.000: block at {block.start}"):
        verify_built(built)


def test_verify_finds_an_index_whose_slices_are_not_those_of_its_blocks(built):
    obj = object_of(built, "a.sqlite3")
    lying = built.index.to_json().replace(obj.slices[4].encode(), b"0" * 64)
    (built.folder / "index.zst").write_bytes(pack_index(lying))
    with pytest.raises(BadDataError, match="slice 4"):
        verify_built(open_built(built.folder))


def test_a_change_in_a_packed_file_changes_its_line_only(tmp_path, shared):
    changed = bytearray(FILES["z.json"])
    changed[5000:5010] = b"0123456789"
    later = build(tmp_path, FILES | {"z.json": bytes(changed)}, version=1)
    before, after = (built.index.to_json().splitlines() for built in (shared, later))
    [line] = [new for old, new in zip(before, after, strict=True) if old != new]
    assert b"z.json" in line


def test_a_delta_of_a_packed_file_is_weighed_against_what_its_blocks_take(tmp_path, shared):
    inserted = FILES["a.sqlite3"][:MIB] + random_bytes(100, 9) + FILES["a.sqlite3"][MIB:]
    later = build(tmp_path, FILES | {"a.sqlite3": inserted, "z.json": database(MIB, 33)}, version=2)
    tried = try_delta(shared, later, tmp_path / "delta")
    assert tried.files["a.sqlite3"] == inserted
    assert "z.json" not in tried.files, "nothing of it is in the former version"
    assert tried.made.size < 50_000
    assert tried.made.rest == later.index.travel_bytes(object_of(later, "z.json"))
