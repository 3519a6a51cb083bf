import subprocess
import zipfile
from pathlib import Path

import pytest

from image.steps.software import make_environment
from image.steps.wheels import choose, pins

PINS = """\
deprecated==1.3.1 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via limits
deprecated==3.0.1 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
    # via limits
colorama==0.4 ; sys_platform == 'win32' \\
    --hash=sha256:dd
arm-only==1 ; platform_machine == 'aarch64' \\
    --hash=sha256:ee
flask==3.1.3 \\
    --hash=sha256:ff
"""


def test_pins_are_chosen_for_the_card_and_not_for_this_machine():
    chosen = choose(PINS)
    assert [line.split()[0] for line in chosen.splitlines() if not line.startswith(" ")] == [
        "deprecated==3.0.1",
        "arm-only==1",
        "flask==3.1.3",
    ]
    assert "--hash=sha256:cc" in chosen
    assert "aa" not in chosen
    assert ";" not in chosen


@pytest.mark.parametrize("environment", ["hub", "kolibri"])
def test_every_pin_of_ours_is_seen(config, environment):
    text = pins(config, environment).read_text()
    names = {
        line.split("==")[0] for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))
    }
    chosen = {line.split("==")[0] for line in choose(text).splitlines() if not line.startswith(" ")}
    assert chosen
    assert chosen <= names
    assert len(names - chosen) <= 3, "more than a few markers that do not hold: is the file read right?"


def make_wheel(folder: Path) -> Path:
    path = folder / "greet-1-py3-none-any.whl"
    files = {
        "greet.py": "def main():\n    print('good day')\n",
        "greet-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: greet\nVersion: 1\n",
        "greet-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "greet-1.dist-info/entry_points.txt": "[console_scripts]\ngreet = greet:main\nother = greet:main\n",
    }
    record = "".join(f"{name},,\n" for name in files) + "greet-1.dist-info/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, "greet-1.dist-info/RECORD": record}.items():
            wheel.writestr(zipfile.ZipInfo(name), text)
    return path


def test_an_environment_runs_its_program_and_names_no_path_of_this_machine(tmp_path):
    wheel = make_wheel(tmp_path)
    for name in ("one", "two"):
        make_environment(Path("/opt/greet"), tmp_path / name, [wheel], {"greet"})
    place = tmp_path / "one/opt/greet"
    assert sorted(path.name for path in (place / "bin").iterdir()) == ["greet", "python", "python3"]
    assert (place / "bin/greet").read_text().startswith("#!/opt/greet/bin/python\n")
    packages = place / "lib/python3.13/site-packages"
    done = subprocess.run(
        ["python3", "-B", "-c", "import greet; greet.main()"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(packages), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    assert done.stdout == "good day\n"
    subprocess.run(
        ["diff", "--recursive", "--no-dereference", tmp_path / "one", tmp_path / "two"], check=True
    )
    for path in place.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert str(tmp_path).encode() not in path.read_bytes(), path
