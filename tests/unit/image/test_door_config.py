"""The front door's configuration: made again only where what it is made of has changed, or it is spoiled."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "image/files/usr/lib/hub/door-config"
HUB = "#!/bin/sh\necho made >>{root}/calls\necho 'worker_processes 1;'\ncat $HUB_DIR/hub.toml\n"


@pytest.fixture
def root(tmp_path):
    """A card's folders below another root, with a stand-in for the program that makes the text."""
    text = SCRIPT.read_text()
    for folder in ("data/door", "data/hub", "run/hub/door", "opt/hub/lib/python3.13/site-packages"):
        (tmp_path / folder).mkdir(parents=True)
    record(tmp_path, "1")
    for word in ("/data/", "/run/hub", "/opt/hub", "/usr/bin/hub"):
        text = text.replace(word, f"{tmp_path}{word}")
    place(tmp_path / "door-config", text)
    (tmp_path / "usr/bin").mkdir(parents=True)
    place(tmp_path / "usr/bin/hub", HUB.format(root=tmp_path))
    (tmp_path / "data/hub/hub.toml").write_text("hub_id = 'h-1'\n")
    return tmp_path


def place(path, text):
    path.write_text(text)
    path.chmod(0o755)


def record(root, text):
    folder = root / "opt/hub/lib/python3.13/site-packages/classroom_hub-0.1.0.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "RECORD").write_text(text)


def start(root):
    """Run it as at a start, and return what nginx would read and how often Python was started so far."""
    (root / "run/hub/door/nginx.conf").unlink(missing_ok=True)
    env = {**os.environ, "HUB_DIR": str(root / "data/hub")}
    subprocess.run([root / "door-config"], check=True, env=env, timeout=30)
    lines = (root / "run/hub/door/nginx.conf").read_text().splitlines()
    return lines[1:], len((root / "calls").read_text().splitlines())


def test_a_start_with_the_same_settings_takes_what_was_made(root):
    text, _ = start(root)

    assert text == ["worker_processes 1;", "hub_id = 'h-1'"]
    assert start(root) == (text, 1)
    assert (root / "data/hub/run/nginx").is_dir()


CHANGES = {
    "settings": lambda root: (root / "data/hub/hub.toml").write_text("hub_id = 'h-2'\n"),
    "the image's software": lambda root: record(root, "2"),
    "a cut": lambda root: os.truncate(root / "data/door/nginx.conf", 90),
    "zeros": lambda root: (root / "data/door/nginx.conf").write_bytes(bytes(150)),
    "nothing kept": lambda root: (root / "data/door/nginx.conf").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_is_made_again(root, change):
    start(root)
    change(root)

    text, calls = start(root)

    assert calls == 2
    assert text == ["worker_processes 1;", (root / "data/hub/hub.toml").read_text().strip()]


def test_a_program_that_fails_leaves_nothing_that_counts(root):
    place(root / "usr/bin/hub", "#!/bin/sh\nexit 70\n")
    with pytest.raises(subprocess.CalledProcessError):
        start(root)

    assert not (root / "data/door/nginx.conf").exists()
    assert not (root / "run/hub/door/nginx.conf").exists()
