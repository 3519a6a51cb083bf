import hashlib
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from backports import zstd

import content_packs.source
from content_packs.blocks import unpack_block
from content_packs.build import build_pack
from content_packs.built import entries_by_block, open_built, verify_built
from content_packs.errors import (
    BadDataError,
    BadIndexError,
    BadSourceError,
    DiskFullError,
    HashMismatchError,
    NotFoundError,
    UsageError,
)
from content_packs.index import Block
from support.built import MIB, build, random_bytes
from support.sources import PAGE, read_tree, write_source

FILES = {
    "index.html": PAGE.format("Урок", "див. <a href='a/two.html'>далі</a>").encode(),
    "a/two.html": PAGE.format("Друга", "текст " * 2000).encode(),
    "a/twin.html": PAGE.format("Друга", "текст " * 2000).encode(),
    "empty.txt": b"",
    "photo.jpg": random_bytes(90_000),
    "video.mp4": random_bytes(3 * MIB + 17),
    "Назва з пробілом #1.txt": "ґанок".encode(),
}


def test_two_builds_have_the_same_bytes(tmp_path):
    source = write_source(tmp_path / "source", FILES)
    one, two = build_pack(source, tmp_path / "one"), build_pack(source, tmp_path / "two")
    assert read_tree(one.folder) == read_tree(two.folder)
    verify_built(one)


def test_index_names_every_file_and_nothing_else(tmp_path):
    built = build(tmp_path, FILES)
    assert {e.path: e.size for e in built.index.files} == {p: len(d) for p, d in FILES.items()}
    assert built.index.extras == ()
    assert sorted(path for path, _ in built.list_files()) == sorted(
        ["packs/lesson/1/index.zst", "packs/lesson/1/blocks.000"]
        + [f"objects/{o[:2]}/{o}/000" for o in built.index.objects]
    )


def test_pictures_lie_alone_and_twins_lie_once(tmp_path):
    index = build(tmp_path, FILES).index
    photo = next(e for e in index.files if e.path == "photo.jpg")
    assert index.blocks[photo.block].codec == "raw"
    assert len(entries_by_block(index)[photo.block]) == 1
    places = {(e.block, e.offset) for e in index.files if e.path in ("a/two.html", "a/twin.html")}
    assert len(places) == 1


def test_large_files_are_objects_with_slices(tmp_path):
    index = build(tmp_path, FILES).index
    (obj,) = index.objects.values()
    assert obj.size == 3 * MIB + 17
    assert len(obj.slices) == 4


def test_many_small_pages_share_blocks_of_about_a_mebibyte(tmp_path):
    files = {f"p{n:04}.html": f"<p>{random_bytes(6000, n).hex()}</p>".encode() for n in range(300)}
    files["index.html"] = FILES["empty.txt"] + b"<title>x</title>"
    index = build(tmp_path, files).index
    assert 3 <= len(index.blocks) <= 6
    assert all(block.raw_size <= MIB for block in index.blocks)


@pytest.mark.parametrize("name", ["index.zst", "blocks.000", "object"])
def test_verify_finds_every_changed_byte(tmp_path, name):
    built = build(tmp_path, FILES)
    path = built.folder / name if name != "object" else next((built.folder / "objects").rglob("000"))
    whole = path.read_bytes()
    for position in {0, len(whole) // 2, len(whole) - 1}:
        broken = bytearray(whole)
        broken[position] ^= 1
        path.write_bytes(broken)
        with pytest.raises(BadDataError):
            verify_built(open_built(built.folder))


def test_verify_finds_what_is_missing_and_what_is_too_much(tmp_path):
    built = build(tmp_path, FILES)
    (built.folder / "stranger").write_text("?")
    with pytest.raises(BadDataError, match="stranger"):
        verify_built(built)
    (built.folder / "stranger").unlink()
    with (built.folder / "blocks.000").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadDataError, match="expected"):
        verify_built(built)
    next((built.folder / "objects").rglob("000")).unlink()
    with pytest.raises((NotFoundError, HashMismatchError)):
        verify_built(built)


def test_refuses_a_faulty_source_and_writes_nothing(tmp_path):
    source = write_source(tmp_path / "source", {"index.html": b"<a href='gone.html'>x</a>"}, title="")
    with pytest.raises(BadSourceError):
        build_pack(source, tmp_path / "built")
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_never_overwrites_what_is_not_a_built_pack(tmp_path):
    source = write_source(tmp_path / "source")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.odt").write_text("years of work")
    with pytest.raises(UsageError, match="not a built pack"):
        build_pack(source, precious)
    with pytest.raises(UsageError, match="inside"):
        build_pack(source, source / "built")
    assert (precious / "thesis.odt").read_text() == "years of work"


def test_refuses_a_place_that_holds_the_source(tmp_path):
    build_pack(write_source(tmp_path / "one"), tmp_path / "built")
    source = write_source(
        tmp_path / "built" / "source", {"precious.html": b"<title>x</title>"}, entry="precious.html"
    )
    with pytest.raises(UsageError, match="holds the pack source"):
        build_pack(source, tmp_path / "built")
    assert (source / "precious.html").exists()


def test_place_may_be_given_with_dots(tmp_path, monkeypatch):
    source = write_source(tmp_path / "source")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(UsageError, match="not a built pack"):
        build_pack(source, Path())
    with pytest.raises(UsageError, match="is there already"):
        build_pack(source, Path("../work"))
    build_pack(source, Path("../work/./built"))
    verify_built(open_built(tmp_path / "work" / "built"))
    again = build_pack(source, Path("built/../built"))
    assert str(again.folder) == "built/../built"
    monkeypatch.chdir(tmp_path / "work" / "built")
    build_pack(source, Path())
    verify_built(open_built(tmp_path / "work" / "built"))
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["built"]


def test_two_builds_to_one_place_do_not_harm_each_other(tmp_path):
    source, out = write_source(tmp_path / "source", FILES), tmp_path / "built"
    inner = []

    @contextmanager
    def other_build_meanwhile(label, total):
        def advance(count):
            if not inner:
                inner.append(True)
                verify_built(build_pack(source, out))

        yield advance

    verify_built(build_pack(source, out, progress=other_build_meanwhile))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["built", "source"]


def test_old_result_stays_until_the_new_one_is_whole(tmp_path):
    source, out = write_source(tmp_path / "source"), tmp_path / "built"
    before = read_tree(build_pack(source, out).folder)

    @contextmanager
    def failing_disk(label, total):
        yield lambda _: None
        assert read_tree(out) == before
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFullError):
        build_pack(source, out, progress=failing_disk)
    assert read_tree(out) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["built", "source"]


def test_nothing_of_a_faulty_source_is_walked_and_a_good_one_only_once(tmp_path, monkeypatch):
    walked = []
    walk = content_packs.source._walk
    monkeypatch.setattr("content_packs.source._walk", lambda f, p: walked.append(f) or walk(f, p))
    for content in ("/usr", "../source", "a\0b"):
        with pytest.raises(BadSourceError):
            build_pack(write_source(tmp_path / "bad", content=content), tmp_path / "built")
    assert walked == []
    sizes = []
    source = write_source(tmp_path / "good", {"index.html": FILES["index.html"], "a/two.html": b"x" * 100})
    build_pack(
        source, tmp_path / "built", progress=lambda _, size: sizes.append(size) or nullcontext(lambda _: 0)
    )
    assert walked == [source, source / "a"]
    assert sizes == [100 + len(FILES["index.html"])]


def test_index_with_details_of_another_shape_is_refused_before_it_is_published(tmp_path):
    built = build(tmp_path, FILES)
    text = zstd.decompress(built.index_bytes).replace(
        b'"details":{"entry":"index.html"}', b'"details":{"entry":5}'
    )
    (built.folder / "index.zst").write_bytes(zstd.compress(text))
    with pytest.raises(BadIndexError, match="details: entry: expected a path in the pack, got 5"):
        open_built(built.folder)


def test_damage_is_named_with_its_pack_and_its_file(tmp_path):
    built = build(tmp_path, FILES)
    obj = next((built.folder / "objects").rglob("000"))
    for path in (built.folder / "blocks.000", obj):
        whole = path.read_bytes()
        for data in (whole[:-1], b"x" + whole[1:], None):
            path.unlink(missing_ok=True) if data is None else path.write_bytes(data)
            with pytest.raises(BadDataError) as caught:
                verify_built(built)
            assert caught.value.message.startswith(f"lesson@1: {path}: ")
        path.write_bytes(whole)


def test_block_that_unpacks_to_less_than_the_index_says_is_refused():
    data = zstd.compress(b"short")
    block = Block(0, 0, len(data), 9, hashlib.sha256(data).hexdigest(), "zstd")
    with pytest.raises(BadDataError, match=r"blocks\.000: block at 0: expected to unpack to 9 bytes, got 5"):
        list(unpack_block(block, data, []))


def test_builds_again_over_its_own_result(tmp_path):
    source = write_source(tmp_path / "source")
    build_pack(source, tmp_path / "built")
    (source / "new.html").write_text("<title>n</title>")
    again = build_pack(source, tmp_path / "built")
    assert "new.html" in {e.path for e in again.index.files}
