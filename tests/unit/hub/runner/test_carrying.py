"""A restore: who stops before a byte is moved, and what happens where one of them does not."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from content_packs.errors import LocalError
from hub.runner import carrying, mounts
from hub.runner.task import Machine, Task
from hub.settings import HubPaths
from hub.sticks import Stick


class Card(Machine):
    """A card that notes what runs on it."""

    ran: list[str]
    refuses = ""

    def run(self, *command, timeout_s=120.0):
        self.ran.append(command[-1])
        if command[-1] == self.refuses:
            raise LocalError("systemctl: timed out")
        return ""


@pytest.fixture
def task(tmp_path, monkeypatch):
    stick = Stick("s", "S", str(tmp_path), "vfat", 0, 0, is_writable=True, has_depot=False)
    (tmp_path / "b.hubbackup").write_bytes(b"")
    Card.ran, Card.refuses = [], ""
    found = SimpleNamespace(header=SimpleNamespace(taken_at="2026", hub_id="h-1"), files=())
    monkeypatch.setattr(mounts, "in_use", lambda *_args, **_more: nullcontext(stick))
    monkeypatch.setattr(carrying, "stage", lambda *_args, **_more: found)
    monkeypatch.setattr(carrying, "finish", lambda *_args, **_more: Card.ran.append("finish"))
    return Task(HubPaths(tmp_path), Card(True, ("hub",)), {"stick": "s", "file": "b.hubbackup"})


def test_nothing_runs_that_would_take_a_backup_s_word_for_who_the_office_is(task):
    carrying.restore(task)
    assert Card.ran[-1] == "finish"
    assert {"hub-update", "hub-update.path", "hub-update.timer", "hub-sync", "hub-portal"} <= {*Card.ran}


def test_where_a_service_does_not_stop_the_next_start_finishes_it(task):
    Card.refuses = "hub-portal"
    carrying.restore(task)
    assert Card.ran[-1] == "hub-portal"
