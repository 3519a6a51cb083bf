"""A pack of format 1 as it was first written: every later version reads it, and writes it the same."""

from pathlib import Path

from content_packs.build import build_pack
from content_packs.built import open_built, verify_built
from support.sources import read_tree

GOLDEN = Path(__file__).parents[2] / "golden" / "pack-v1"


def test_reads_the_golden_pack():
    built = open_built(GOLDEN / "built")
    verify_built(built)
    assert built.index.pack.title == "Зразок"
    assert [e.path for e in built.index.files] == sorted(
        p.relative_to(GOLDEN / "source").as_posix()
        for p in (GOLDEN / "source").rglob("*")
        if p.is_file() and p.name != "pack.toml"
    )


def test_writes_the_golden_pack_to_the_byte(tmp_path):
    again = build_pack(GOLDEN / "source", tmp_path / "built")
    assert read_tree(again.folder) == read_tree(GOLDEN / "built")
