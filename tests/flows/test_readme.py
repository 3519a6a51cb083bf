"""The road of a lesson in the README, typed line by line as it stands there, does what the README says."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from hub.services import read_service
from hub.settings import HubPaths
from support.ports import free_port
from support.waiting import wait_for

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START_S = 60.0
KOLIBRI_S = 300.0

pytestmark = pytest.mark.timeout(600)


def road():
    """Return the lines of the section, block by block."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## The road of a lesson\n")[2].partition("\n## ")[0]
    return [block.splitlines() for block in BLOCK.findall(section)]


@pytest.fixture
def home(tmp_path):
    """A person's home, after the first block of the road; this test runs from an environment that is made."""
    lines = [line for line in road()[0] if not line.startswith("make ")]
    run("set -e\n" + "\n".join(lines), tmp_path, cwd=ROOT)
    return tmp_path


def environment(home):
    return os.environ | {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(line, home, *, cwd):
    done = subprocess.run(
        ["bash", "-c", line], cwd=cwd, env=environment(home), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@contextmanager
def running(line, home):
    command = ["bash", "-c", f"exec {line}"]
    process = subprocess.Popen(command, cwd=home / "classroom", env=environment(home), start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=START_S)


def answers(url):
    try:
        with urlopen(url) as answer:
            return answer.status == 200
    except OSError:
        return False


def kolibri_channels(school):
    """Return the packs whose channels the running Kolibri has taken."""
    said = read_service(HubPaths(school), "kolibri") or {}
    return [channel["pack"] for channel in said.get("channels", [])]


def stay_on_free_ports_of_loopback(school):
    with (school / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write('[portal]\nhost = "127.0.0.1"\n[kolibri]\nport = 0\nzip_port = 0\n')


def start_and_look(line, home):
    """Run what runs until Ctrl-C, until it shows what the road has brought."""
    school = home / "classroom/school"
    if line.endswith(" kolibri"):
        with running(line, home):
            wait_for(lambda: kolibri_channels(school) == ["first-lessons@1"], timeout_s=KOLIBRI_S)
        return
    port = free_port()
    with running(line.replace("8080", str(port)), home):
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/pack/fractions"), timeout_s=START_S)


def test_road_of_a_lesson_works_as_written(home):
    said = ""
    for line in [line for block in road()[1:] for line in block]:
        if re.search(r" (serve|kolibri)\b", line):
            start_and_look(line, home)
            continue
        said += run(line, home, cwd=home / "classroom")
        if line.startswith("hub init"):
            stay_on_free_ports_of_loopback(home / "classroom/school")
    assert "fractions: version 1 is shown again" in said
    fractions = home / "classroom/school/packs/fractions"
    assert (fractions / "current").readlink().name == "1"
    assert (fractions / "2/files/index.html").exists()


def test_road_leaves_nothing_in_the_project(home):
    setup = road()[0]
    assert any(re.search(r"mkdir ~/\S+ && cd ~/", line) for line in setup)
    typed = " ".join(line for block in road()[1:] for line in block)
    assert "$OLDPWD" not in typed
    assert " /" not in typed  # every path is below the folder outside
