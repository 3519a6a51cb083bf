"""The environment that is made of a pack's wheels: whole, signed, of this Python, and one that starts."""

import subprocess
import sys

import pytest

from content_packs.build import build_pack
from content_packs.errors import BadDataError, HashMismatchError, LocalError
from hub.card.environment import make_environment, this_python
from hub.card.system_packs import SystemPack
from support.crashing import crash_at
from support.system_packs import BUILT_AT, software_source, wheel


def pack_of(folder, data=None, version=7):
    source = software_source(folder / "source", version, wheel_bytes=data or wheel("seven"))
    return SystemPack("software", build_pack(source, folder / "built").index, source)


def run(place):
    done = subprocess.run([place / "bin" / "hub", "status"], capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def test_it_starts_and_names_its_python(tmp_path):
    (tmp_path / "software").mkdir()
    place = make_environment(pack_of(tmp_path), tmp_path / "software", python=this_python())
    assert place == tmp_path / "software" / "7"
    assert run(place) == "seven status"
    assert (place / "built-at").read_text() == f"{BUILT_AT}\n"
    assert (place / "bin" / "python").readlink().name == f"python3.{sys.version_info.minor}"
    assert {path.name for path in (place / "bin").iterdir()} == {"hub", "python", "python3"}
    assert list(place.rglob("hub/cli/__pycache__/*.pyc"))
    assert [path.name for path in (tmp_path / "software").iterdir()] == ["7"]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (
            wheel("7", extra={"hub/serve.py": "import nothing_such"}),
            LocalError,
            "does not load.*nothing_such",
        ),
        (wheel("7", extra={"../../x": ""}), BadDataError, "leads out of it"),
        (wheel("7", extra={"/etc/x": ""}), BadDataError, "leads out of it"),
        (b"no zip", BadDataError, "no wheel"),
    ],
)
def test_what_cannot_run_leaves_nothing_in_its_place(tmp_path, data, error, said):
    (tmp_path / "software").mkdir()
    with pytest.raises(error, match=said):
        make_environment(pack_of(tmp_path, data), tmp_path / "software", python=this_python())
    assert not (tmp_path / "software" / "7").exists()
    assert not (tmp_path / "x").exists()


def test_a_wheel_that_was_changed_after_its_install_is_not_used(tmp_path):
    (tmp_path / "software").mkdir()
    pack = pack_of(tmp_path)
    next(pack.files_dir.glob("*.whl")).write_bytes(wheel("0wned"))
    with pytest.raises(HashMismatchError):
        make_environment(pack, tmp_path / "software", python=this_python())


def test_at_any_cut_the_version_is_whole_or_not_there(tmp_path):
    pack, moment = pack_of(tmp_path), 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        with crash_at(moment) as crashing:
            make_environment(pack, folder, python=this_python())
        assert not (folder / "7").exists() or run(folder / "7") == "seven status"
        if not crashing.has_crashed:
            break
        if moment % 8 == 1:  # a run takes half a second
            assert run(make_environment(pack, folder, python=this_python())) == "seven status"
    assert moment > 5
