"""The command `packs` as an author sees it."""

import sys

import pytest

from content_packs.cli import main
from support.sources import write_source


@pytest.fixture
def packs(monkeypatch, capsys):
    """Run `packs`; return what stands on stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["packs", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        return out, err

    return run


def test_building_over_another_version_says_what_was_replaced(packs, tmp_path):
    page = {"index.html": b"<html lang=uk><title>x</title><p>1</p>"}
    sources = [
        write_source(tmp_path / f"s{version}", page, id="maths", version=version) for version in (1, 2)
    ]
    out, err = packs("build", sources[0], "-o", tmp_path / "built")
    assert "1 file, " in out
    assert "warning" not in err
    assert "warning" not in packs("build", sources[0], "-o", tmp_path / "built")[1]
    assert "held maths@1, which is replaced" in packs("build", sources[1], "-o", tmp_path / "built")[1]
