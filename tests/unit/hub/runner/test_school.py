"""A page changes the school config: kept first, then the network, and at last what a boot does."""

import pytest

from content_packs.errors import LocalError
from hub.runner import school
from hub.runner.task import Machine, Task
from hub.settings import HubPaths
from support.school_config import make_school


class Card(Machine):
    """A card that notes what runs on it."""

    ran: list[str]

    def run(self, *command, timeout_s=120.0):
        self.ran.append(" ".join(command))
        return ""


@pytest.fixture
def task(tmp_path, monkeypatch):
    Card.ran = []
    monkeypatch.setattr(school, "change", lambda _places, values: Card.ran.append("keep") or make_school())
    return Task(HubPaths(tmp_path), Card(True, ("hub",)), {"ssid": "Школа-5"})


def test_the_network_is_changed_before_a_boot_writes_its_files(task, monkeypatch):
    monkeypatch.setattr(school, "change_network", lambda *_: Card.ran.append("network"))
    assert school.set_wifi(task).result["ssid"] == "Школа-5"
    assert Card.ran == ["keep", "network", "systemctl restart hub-boot.service"]


def test_a_network_that_does_not_take_it_is_told_and_the_rest_is_done(task, monkeypatch):
    def refuse(*_):
        raise LocalError("nft: no such file")

    monkeypatch.setattr(school, "change_network", refuse)
    with pytest.raises(LocalError, match="kept, but the network did not take it: nft"):
        school.set_school(task)
    assert Card.ran == ["keep", "systemctl restart hub-boot.service"]
