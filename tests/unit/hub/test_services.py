"""run/*.json: what running processes say of themselves, and what a dead one's file is worth."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.services import ServiceFile, read_service, was_started
from hub.settings import HubPaths
from support.waiting import wait_for

ME = {"pid": os.getpid(), "port": 8080}


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path / "hub")


def test_says_what_a_running_process_wrote_until_it_takes_it_back(paths):
    file = ServiceFile(paths, "portal")
    assert read_service(paths, "portal") is None
    file.write(ME)
    assert read_service(paths, "portal").items() >= ({"format": 1} | ME).items()
    file.write(ME | {"port": 9090})
    assert read_service(paths, "portal")["port"] == 9090
    file.remove()
    assert read_service(paths, "portal") is None
    assert list(paths.run.iterdir()) == []


def test_that_a_process_was_started_outlives_its_end_but_not_the_machines(paths):
    file = ServiceFile(paths, "kolibri")
    assert not was_started(paths, "kolibri")
    file.write(ME)
    file.end()
    assert read_service(paths, "kolibri") is None
    assert was_started(paths, "kolibri")
    (paths.run / "kolibri.json").write_text(json.dumps(ME | {"boot": "another"}))
    assert not was_started(paths, "kolibri")


def test_writes_only_what_is_new(paths):
    file = ServiceFile(paths, "portal")
    file.write(ME)
    before = (paths.run / "portal.json").stat().st_ino
    file.write(dict(ME))
    assert (paths.run / "portal.json").stat().st_ino == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1e9}', '{"pid": 999999999}', '{"port": 1}'])
def test_the_file_of_a_dead_process_counts_as_none(paths, text):
    paths.run.mkdir(parents=True)
    (paths.run / "portal.json").write_text(text)
    assert read_service(paths, "portal") is None


def test_a_zombie_is_dead(paths):
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        stat = Path(f"/proc/{child.pid}/stat")
        wait_for(lambda: ") Z " in stat.read_text(), timeout_s=30)
        ServiceFile(paths, "kiwix").write({"pid": child.pid})
        assert read_service(paths, "kiwix") is None
    finally:
        child.wait()


def test_a_file_from_before_a_power_cut_names_another_process(paths):
    ServiceFile(paths, "portal").write(ME)
    file = paths.run / "portal.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"boot": "the one before"}))
    assert read_service(paths, "portal") is None


def test_a_disk_that_refuses_is_named_once_and_asked_again_later(paths, capsys, monkeypatch):
    (paths.run / "portal.json").mkdir(parents=True)
    file = ServiceFile(paths, "portal")
    file.write(ME)
    file.write(ME)
    assert capsys.readouterr().err.count("writing") == 1
    (paths.run / "portal.json").rmdir()
    file.write(ME)
    assert read_service(paths, "portal") is None
    monkeypatch.setattr("hub.services._RETRY_S", 0)
    file = ServiceFile(paths, "portal")
    (paths.run / "portal.json").mkdir()
    file.write(ME)
    (paths.run / "portal.json").rmdir()
    file.write(ME)
    assert read_service(paths, "portal")["port"] == 8080


def test_a_file_that_cannot_be_removed_stops_nobody(paths, capsys):
    (paths.run / "portal.json").mkdir(parents=True)
    ServiceFile(paths, "portal").remove()
    assert "portal.json" in capsys.readouterr().err
