"""`make demo`, as a person would run it: the first time, again, and ended in the middle."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.ports import free_port
from tools.demo.hub_toml import set_values

ROOT = Path(__file__).parents[2]
BUSY_S = 60.0
LINES = ("portal: ", "its own origin: ", "kiwix-serve: ", "Kolibri: ", "Kolibri's channel: ")
START_S = 240.0
END_S = 60.0

pytestmark = pytest.mark.timeout(600)


def demo(folder, *options):
    """Start the demo in a folder of its own, on ports of its own."""
    command = [sys.executable, "-m", "tools.demo", "--port", str(free_port()), *options]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"DEMO_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def running(folder):
    """Start the demo and wait until it is up; a test that fails does not leave it running."""
    with demo(folder) as process:
        try:
            for line in process.stdout:
                if "Ctrl-C" in line:
                    break
            yield process
        except BaseException:
            process.terminate()
            raise


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
    """Return every file below `folder` with its hash; reports.db notes when reports were taken in."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != "reports.db"
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
    assert "front-door --run" in said
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
    with running(folder) as process:
        settings = (folder / "hub/hub.toml").read_bytes()
        second = demo(folder, "--once")
        said, _ = second.communicate(timeout=BUSY_S)
        assert second.returncode == os.EX_TEMPFAIL
        assert "runs in" in said
        assert (folder / "hub/hub.toml").read_bytes() == settings
        assert process.poll() is None
        ends_everything(folder, process, signal.SIGINT)


def ends_everything(folder, process, sign):
    assert len(living(folder)) >= 5  # sshd, the portal, kiwix-serve, Kolibri, the announcement
    process.send_signal(sign)
    assert process.wait(timeout=END_S) == 0
    assert not living(folder)


def test_ends_everything_it_started_when_terminated(first_run):
    folder, _ = first_run
    with running(folder) as process:
        ends_everything(folder, process, signal.SIGTERM)


def test_says_which_process_failed(first_run, tmp_path):
    folder, _ = first_run
    with running(folder) as process:
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


def look_at(folder):
    """Do what a demo does before anything else."""
    code = "from tools.demo import story; story.start_anew_where_needed()"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"DEMO_DIR": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def leave_demo(folder, schema):
    """Leave what a demo leaves, as far as it matters here."""
    names = (
        "built/lesson-1.pack/index.zst",
        "central/fleet.db",
        "hub/hub.toml",
        "done/central_enrol",
        "sshd/key",
    )
    for name in names:
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    if schema is not None:
        (folder / "made-by").write_text(schema)


@pytest.mark.parametrize("schema", [None, "1", "nonsense"])
def test_starts_anew_over_a_demo_of_an_earlier_version(tmp_path, schema):
    leave_demo(tmp_path, schema)
    assert "starts anew" in look_at(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made-by", "sshd"]
    assert look_at(tmp_path) == ""


def test_starts_anew_after_a_removal_that_was_cut_short(tmp_path):
    leave_demo(tmp_path, "1")
    (tmp_path / "built/lesson-1.pack/index.zst").unlink()
    (tmp_path / "built/lesson-1.pack").rmdir()
    assert "starts anew" in look_at(tmp_path)
    assert not (tmp_path / "hub").exists()


def test_goes_on_with_a_demo_of_this_version(tmp_path):
    look_at(tmp_path)
    leave_demo(tmp_path, None)
    assert look_at(tmp_path) == ""
    assert (tmp_path / "central/fleet.db").exists()


OF_A_PERSON = """# Mine.
depot_url = "sftp://a:1/"  # the demo's

[sync]
day_mb = 50

[portal]
port = 8080
name = "Школа"
"""


def test_a_second_demo_keeps_what_a_person_set_in_hub_toml():
    values = {("", "depot_url"): "sftp://a:2/", ("portal", "port"): 8080, ("kolibri", "port"): 8090}
    text, changed = set_values(OF_A_PERSON, values)
    assert changed == ["depot_url: sftp://a:1/ → sftp://a:2/"]
    assert text == OF_A_PERSON.replace('"sftp://a:1/"  # the demo\'s', '"sftp://a:2/"') + (
        "\n[kolibri]\nport = 8090\n"
    )
    assert set_values(text, values) == (text, [])


def test_a_value_that_a_person_wrote_in_another_form_is_not_spoilt():
    with pytest.raises(ValueError, match="port"):
        set_values("portal = {port = 80}\n", {("portal", "port"): 8080})


def test_a_folder_in_which_no_demo_has_been_stays_as_it_is(tmp_path):
    for name in ("hub/mine.txt", "built/house.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert look_at(tmp_path) == ""
    assert (tmp_path / "hub/mine.txt").exists()
    assert (tmp_path / "built/house.txt").exists()
