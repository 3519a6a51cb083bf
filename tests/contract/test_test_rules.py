"""What every tier holds to, in the parallel runs of `make test` too: no skip, no warning, no endless test."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREAKING = {
    "a skip": "def test_x():\n    import pytest\n    pytest.skip('not here')\n",
    "a marked skip": "import pytest\n\n@pytest.mark.skip\ndef test_x():\n    pass\n",
    "an expected failure": "import pytest\n\n@pytest.mark.xfail\ndef test_x():\n    assert False\n",
    "a module that skips itself": "import pytest\n\npytest.skip(allow_module_level=True)\n",
    "a warning": "import warnings\n\ndef test_x():\n    warnings.warn('old')\n",
    "a test without an end": "import threading\n\ndef test_x():\n    threading.Event().wait()\n",
    "an unknown mark": "import pytest\n\n@pytest.mark.aloe\ndef test_x():\n    pass\n",
    "a socket": "import socket\n\ndef test_x():\n    socket.create_connection(('127.0.0.1', 9))\n",
}
KEPT = "def test_kept():\n    pass\n"


@pytest.fixture
def project(tmp_path):
    """A project with the rules of this one and a unit test that keeps to them."""
    unit = tmp_path / "tests/unit"
    unit.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    (unit / "test_kept.py").write_text(KEPT)
    return tmp_path


def run(project):
    """Run its tests as `make test` does; one worker shows what two would."""
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-o", "timeout=3", "-n1", "tests"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", BREAKING)
def test_breaking_a_rule_fails_the_whole_run(project, what):
    (project / "tests/unit/test_breaking.py").write_text(BREAKING[what])
    done = run(project)
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout or "1 error" in done.stdout
    assert any(
        line.startswith(("FAILED", "ERROR")) and "test_breaking" in line for line in done.stdout.splitlines()
    )


def test_keeping_the_rules_fails_nothing(project):
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
