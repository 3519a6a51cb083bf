"""`make demo`, as a person would run it: the first time, again, and ended in the middle."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUSY_S = 20.0
LINES = ("portal: ", "its own origin: ", "kiwix-serve: ", "Kolibri: ", "Kolibri's channel: ")
START_S = 240.0
END_S = 60.0

pytestmark = pytest.mark.timeout(600)


def demo(folder, *options):
    """Start the demo in a folder of its own, on ports of its own."""
    command = [sys.executable, "-m", "tools.demo", "--port", "0", *options]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"DEMO_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_once(folder):
    process = demo(folder, "--once")
    said, _ = process.communicate(timeout=START_S)
    assert process.returncode == 0, said
    return said


def living(folder):
    """Return the command lines of the processes that the demo in `folder` has left behind."""
    found = []
    mark = f"DEMO_DIR={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def digest(folder):
    """Return every file below `folder` with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, run_once(folder)


def test_first_run_takes_the_whole_way(first_run):
    folder, said = first_run
    for line in LINES:
        assert line in said
    assert "sftp://" in said
    assert not living(folder)


def test_shown_commands_can_be_copied(first_run):
    folder, said = first_run
    shown = [line.strip() for line in said.splitlines() if line.strip().startswith("$ ")]
    ours = [line.split() for line in shown if re.search(r"(^\$ |/)(packs|central|hub) ", line)]
    assert all(words[1].startswith((".venv/bin/", f"{ROOT}/.venv/bin/")) for words in ours)
    places = {"hub": str(folder / "hub"), "central": str(folder / "central")}
    for _, program, *words in ours:
        name = Path(program).name
        assert name == "packs" or words[0] == "init" or words[:2] == ["--dir", places[name]]


def test_second_run_changes_nothing_and_takes_seconds(first_run):
    folder, _ = first_run
    before = digest(folder / "central"), digest(folder / "hub" / "packs"), digest(folder / "hub" / "store")
    began = time.monotonic()
    said = run_once(folder)
    assert time.monotonic() - began < START_S / 4
    assert "0 done, 0 failed" in said
    assert (
        digest(folder / "central"),
        digest(folder / "hub" / "packs"),
        digest(folder / "hub" / "store"),
    ) == before


def test_refuses_to_run_beside_another_and_leaves_it_alone(first_run):
    folder, _ = first_run
    with demo(folder) as process:
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        settings = (folder / "hub/hub.toml").read_bytes()
        second = demo(folder, "--once")
        said, _ = second.communicate(timeout=BUSY_S)
        assert second.returncode == os.EX_TEMPFAIL
        assert "runs in" in said
        assert (folder / "hub/hub.toml").read_bytes() == settings
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=END_S) == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ends_everything_it_started_when_stopped(first_run, sign):
    folder, _ = first_run
    with demo(folder) as process:
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        assert len(living(folder)) >= 5  # sshd, the portal, kiwix-serve, Kolibri, the announcement
        process.send_signal(sign)
        assert process.wait(timeout=END_S) == 0
    assert not living(folder)


def test_says_which_process_failed(first_run, tmp_path):
    folder, _ = first_run
    with demo(folder) as process:
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        portal = next(pid for pid in children_of(process.pid) if "serve" in command_of(pid).split())
        os.kill(portal, signal.SIGKILL)
        said = process.stdout.read()
        assert process.wait(timeout=END_S) == os.EX_IOERR
    assert "serve ended with exit code -9" in said
    assert not living(folder)


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
