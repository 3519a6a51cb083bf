import pytest
from click.testing import CliRunner

from image.cli import build, plan
from image.config import ImageConfig


@pytest.fixture
def words(tmp_path):
    return ["--work", str(tmp_path), "--out", str(tmp_path / "out"), "--mirror", "http://debian.example"]


def test_a_plan_can_be_read_before_anything_was_built(words, tmp_path):
    done = CliRunner().invoke(plan, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "layer 40-hub: portal, door, ZIM reader, accounts" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_build_says_where_the_wheel_comes_from(words, tmp_path):
    done = CliRunner().invoke(build, words, catch_exceptions=False)
    assert done.exit_code == 64
    assert f"{tmp_path}/wheel/classroom_hub.whl: no such wheel" in done.output
    assert "make image builds it" in done.output


def test_who_is_not_root_is_told_before_anything_is_made(words, tmp_path, monkeypatch):
    wheel = tmp_path / "a.whl"
    wheel.touch()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    done = CliRunner().invoke(build, [*words, "--wheel", str(wheel)], catch_exceptions=False)
    assert (done.exit_code, "sudo make image" in done.output) == (64, True)
    assert list(tmp_path.iterdir()) == [wheel]


def test_a_file_of_no_layer_is_told_before_the_first_step(words, tmp_path, monkeypatch):
    (tmp_path / "files/etc").mkdir(parents=True)
    (tmp_path / "files/etc/lost").touch()
    monkeypatch.setattr(ImageConfig, "files", tmp_path / "files")
    done = CliRunner().invoke(plan, words, catch_exceptions=False)
    assert (done.exit_code, "no layer takes etc/lost" in done.output) == (65, True)
