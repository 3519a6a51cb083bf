import gzip
import os
from contextlib import closing
from pathlib import Path

import pytest

from hub.db import open_db
from hub.library import precompress as module
from hub.library.installed import list_packs
from hub.library.precompress import GZIP, drop, lacking, precompress
from hub.settings import HubPaths
from support.shelves import put_lesson

TEXT = b"Half an apple and a quarter more. " * 200


@pytest.fixture
def paths(tmp_path: Path) -> HubPaths:
    return HubPaths(tmp_path / "hub")


def put(paths: HubPaths, files: dict[str, bytes], version: int = 1) -> Path:
    content = put_lesson(paths, paths.dir.parent / "scratch", {"index.html": b"x"} | files, version=version)
    return content.parent


def made(folder: Path) -> dict[str, Path]:
    return {str(p.relative_to(folder / GZIP)): p for p in (folder / GZIP).rglob("*") if p.is_file()}


def lacks(paths: HubPaths) -> list[str]:
    with closing(open_db(paths.db)) as db:
        return [pack.pack.id for pack in lacking(list_packs(db, paths))]


def test_texts_get_a_form_that_holds_the_same(paths):
    folder = put(paths, {"a/b.HTML": TEXT, "c.css": TEXT})
    assert lacks(paths) == ["lesson"]
    assert precompress(paths, reserve_bytes=0) == 1
    forms = made(folder)
    assert set(forms) == {"a/b.HTML.z.gz", "c.css.z.gz"}
    for name, path in forms.items():
        source = folder / "files" / name.removesuffix(".z.gz")
        assert gzip.decompress(path.read_bytes()) == source.read_bytes()
        assert path.stat().st_mtime == source.stat().st_mtime
    assert lacks(paths) == []
    assert precompress(paths, reserve_bytes=0) == 0


def test_what_would_not_gain_stays_as_it_is(paths):
    noise = os.urandom(5000)
    folder = put(paths, {"noise.txt": noise, "small.txt": b"ab" * 200, "film.mp4": TEXT, "a.html.gz": TEXT})
    precompress(paths, reserve_bytes=0)
    assert made(folder) == {}
    assert (folder / GZIP).is_dir()


def test_what_has_not_changed_is_not_made_again(paths):
    first = put(paths, {"same.txt": TEXT, "other.txt": TEXT})
    precompress(paths, reserve_bytes=0)
    second = put(paths, {"same.txt": TEXT, "other.txt": TEXT + b"!"}, version=2)
    same = second / "files" / "same.txt"
    same.unlink()
    os.link(first / "files" / "same.txt", same)  # as the store does
    precompress(paths, reserve_bytes=0)
    assert made(second)["same.txt.z.gz"].samefile(made(first)["same.txt.z.gz"])
    assert gzip.decompress(made(second)["other.txt.z.gz"].read_bytes()) == TEXT + b"!"


def test_a_cut_leaves_nothing_that_is_taken_for_whole(paths, monkeypatch):
    folder = put(paths, {"a.txt": TEXT, "b.txt": TEXT, "c.txt": TEXT})
    real, calls = module.gzip.compress, []

    def cut(*arguments: object, **named: object) -> bytes:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(module.gzip, "compress", cut)
    with pytest.raises(KeyboardInterrupt):
        precompress(paths, reserve_bytes=0)
    assert not (folder / GZIP).exists()
    assert precompress(paths, reserve_bytes=0) == 1
    assert len(made(folder)) == 3
    assert not (folder / "gzip.part").exists()


def test_a_disk_that_is_nearly_full_is_left_alone(paths):
    folder = put(paths, {"a.txt": TEXT})
    assert precompress(paths, reserve_bytes=1 << 60) == 0
    assert not (folder / GZIP).exists() and not (folder / "gzip.part").exists()
    assert lacks(paths) == ["lesson"]


def test_they_can_be_thrown_away_and_go_with_their_version(paths):
    folder = put(paths, {"a.txt": TEXT})
    precompress(paths, reserve_bytes=0)
    drop(folder)
    assert lacks(paths) == ["lesson"]
    assert (folder / "files" / "a.txt").read_bytes() == TEXT
