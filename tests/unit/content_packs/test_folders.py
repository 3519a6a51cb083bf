"""A folder is there as it was or as it shall be, also where the last step fails."""

import shutil

import pytest

from content_packs.folders import replacing_folder


def test_new_folder_takes_the_place_of_the_old(tmp_path):
    target = tmp_path / "deep" / "target"
    for word in ("one", "two"):
        with replacing_folder(target) as new:
            (new / word).touch()
        assert [path.name for path in target.iterdir()] == [word]
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_old_folder_comes_back_where_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), replacing_folder(target) as new:
        shutil.rmtree(new)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_failed_block_leaves_the_old_folder(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(KeyboardInterrupt), replacing_folder(target):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_folder_has_the_rights_of_any_other(tmp_path):
    with replacing_folder(tmp_path / "target"):
        pass
    (tmp_path / "other").mkdir()
    assert (tmp_path / "target").stat().st_mode == (tmp_path / "other").stat().st_mode
