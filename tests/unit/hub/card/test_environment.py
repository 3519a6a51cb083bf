"""The environment that is made of a pack's wheels: whole, signed, of this Python, and one that starts."""

import importlib.util
import io
import marshal
import py_compile
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from content_packs.build import build_pack
from content_packs.errors import BadDataError, HashMismatchError, LocalError
from hub.card import environment
from hub.card.environment import make_environment, take_compiled, this_python
from hub.card.system_packs import SystemPack
from support.crashing import crash_at
from support.system_packs import BUILT_AT, software_source, wheel


def pack_of(folder, data=None, version=7):
    source = software_source(folder / "source", version, wheel_bytes=data or wheel("seven"))
    return SystemPack("software", build_pack(source, folder / "built").index, source)


def damaged_wheel():
    data = bytearray(wheel("7", extra={"hub/z.py": "".join(map(str, range(3000)))}))
    begin = zipfile.ZipFile(io.BytesIO(data)).getinfo("hub/z.py").header_offset + 100
    data[begin : begin + 100] = bytes(byte ^ 0xFF for byte in data[begin : begin + 100])
    return bytes(data)


def run(place):
    done = subprocess.run([place / "bin" / "hub", "status"], capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def ask(place, program):
    done = subprocess.run(
        [place / "bin" / "python", "-I", "-c", program], capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip() or done.stderr


def test_it_starts_and_names_its_python(tmp_path):
    (tmp_path / "software").mkdir()
    place = make_environment(pack_of(tmp_path), tmp_path / "software", python=this_python(), before=tmp_path)
    assert place == tmp_path / "software" / "7"
    assert run(place) == "seven status"
    assert (place / "built-at").read_text() == f"{BUILT_AT}\n"
    assert (place / "bin" / "python").readlink().name == f"python3.{sys.version_info.minor}"
    assert {path.name for path in (place / "bin").iterdir()} == {"hub", "python", "python3"}
    assert list(place.rglob("hub/cli/__pycache__/*.pyc"))
    assert [path.name for path in (tmp_path / "software").iterdir()] == ["7"]


def test_what_was_compiled_of_the_same_source_is_not_compiled_again(tmp_path):
    (tmp_path / "software").mkdir()
    extra = {"hub/same.py": "IT = 'compiled before'", "hub/other.py": "IT = 'old'"}
    first = make_environment(
        pack_of(tmp_path / "1", wheel("seven", extra=extra)),
        tmp_path / "software",
        python=this_python(),
        before=tmp_path,
    )
    before = next(first.glob("lib/*/site-packages"))
    for name in ("same", "other"):  # shows which file runs: the header stays that of the source
        compiled = next(before.glob(f"hub/__pycache__/{name}.*.pyc"))
        code = marshal.dumps(compile("IT = 'taken over'", f"{name}.py", "exec"))
        compiled.write_bytes(compiled.read_bytes()[:16] + code)

    extra["hub/other.py"] = "IT = 'new'"
    data = wheel("eight", extra=extra | {"hub/tests/long.py": "IT = 1"})
    second = make_environment(
        pack_of(tmp_path / "2", data, 8), tmp_path / "software", python=this_python(), before=before
    )
    packages = next(second.glob("lib/*/site-packages"))
    assert ask(second, "import hub.same, hub.other; print(hub.same.IT, hub.other.IT)") == "taken over new"
    assert ask(second, "import hub.same; print(hub.same.__file__)") == str(packages / "hub/same.py")
    assert ask(second, "import hub.other; print(hub.other.__cached__)").startswith(str(packages))
    assert run(second) == "eight status"
    assert not list(packages.glob("hub/tests/__pycache__"))
    assert take_compiled(before, packages) == 4  # hub, hub.same, hub.serve, hub.cli.card_update


def test_where_nothing_is_new_nothing_is_compiled(tmp_path, monkeypatch):
    """`compileall` that is told of no file compiles what Python itself has."""
    (tmp_path / "software").mkdir()
    first = make_environment(pack_of(tmp_path), tmp_path / "software", python=this_python(), before=tmp_path)
    ran, run_it = [], environment._run
    monkeypatch.setattr(environment, "_run", lambda words, **told: ran.append(words) or run_it(words, **told))
    before = next(first.glob("lib/*/site-packages"))
    make_environment(pack_of(tmp_path), tmp_path / "software", python=this_python(), before=before)
    assert ran
    assert not [words for words in ran if "compileall" in words]


def test_nothing_that_a_wheel_says_was_compiled_is_used(tmp_path):
    (tmp_path / "software").mkdir()
    name = importlib.util.cache_from_source("hub/odd.py")
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)  # never compared
    stale = header + marshal.dumps(compile("IT = 'stale'", "odd.py", "exec"))
    data = wheel("seven", extra={"hub/odd.py": "IT = 'source'", name: stale})
    place = make_environment(
        pack_of(tmp_path, data), tmp_path / "software", python=this_python(), before=tmp_path
    )
    assert ask(place, "import hub.odd; print(hub.odd.IT)") == "source"


def test_what_another_python_or_a_service_compiled_is_not_taken(tmp_path):
    before, packages = tmp_path / "before", tmp_path / "packages"
    for folder in (before, packages):
        folder.mkdir()
        (folder / "module.py").write_text("IT = 1")
    compiled = Path(py_compile.compile(str(before / "module.py")))  # checked by time: a service's own
    assert take_compiled(before, packages) == 0
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(before / "module.py"), invalidation_mode=mode)
    assert take_compiled(before, packages) == 1
    whole = compiled.read_bytes()
    for half in (whole[:20], whole[:-1], whole[:16]):  # of a card that wears out
        compiled.write_bytes(half)
        assert take_compiled(before, packages) == 0
    compiled.write_bytes(bytes(4) + whole[4:])
    assert take_compiled(before, packages) == 0


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
        (damaged_wheel(), BadDataError, "no wheel"),
    ],
)
def test_what_cannot_run_leaves_nothing_in_its_place(tmp_path, data, error, said):
    (tmp_path / "software").mkdir()
    with pytest.raises(error, match=said):
        make_environment(
            pack_of(tmp_path, data), tmp_path / "software", python=this_python(), before=tmp_path
        )
    assert not list((tmp_path / "software").iterdir()), "what filled a disk must not go on filling it"
    assert not (tmp_path / "x").exists()


def test_a_wheel_that_was_changed_after_its_install_is_not_used(tmp_path):
    (tmp_path / "software").mkdir()
    pack = pack_of(tmp_path)
    next(pack.files_dir.glob("*.whl")).write_bytes(wheel("0wned"))
    with pytest.raises(HashMismatchError):
        make_environment(pack, tmp_path / "software", python=this_python(), before=tmp_path)


def test_at_any_cut_the_version_is_whole_or_not_there(tmp_path):
    pack, moment = pack_of(tmp_path), 0
    while True:
        moment += 1
        folder = tmp_path / str(moment)
        folder.mkdir()
        with crash_at(moment) as crashing:
            make_environment(pack, folder, python=this_python(), before=tmp_path)
        assert not (folder / "7").exists() or run(folder / "7") == "seven status"
        if not crashing.has_crashed:
            break
        if moment % 8 == 1:  # a run takes half a second
            assert (
                run(make_environment(pack, folder, python=this_python(), before=tmp_path)) == "seven status"
            )
    assert moment > 5
