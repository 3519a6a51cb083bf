"""A sync that a person asks for: now, whatever the timer's is waiting for."""

import pytest

from content_packs.errors import LocalError
from hub.runner import content
from hub.runner.task import Machine, Task
from hub.settings import HubPaths


class Ran(Machine):
    """A machine that notes what runs on it."""

    ran: list[str]

    def run(self, *command, timeout_s=120.0):
        self.ran.append(" ".join(command))
        if "stop" in command:
            raise LocalError("systemctl does not answer")
        return ""

    def run_hub(self, paths, *words, look=lambda: None):
        self.ran.append(" ".join(words))
        return {"done": ["install maths@1"]}


@pytest.mark.parametrize(("is_card", "before"), [(True, ["systemctl stop hub-sync.service"]), (False, [])])
def test_the_timer_s_sync_gives_way_to_that_of_a_person(tmp_path, is_card, before):
    Ran.ran = []
    task = Task(HubPaths(tmp_path), Ran(is_card, ("hub",)), {})

    assert content.synced(task, "--from", "/run/stick").result["packs"] == 1
    assert Ran.ran == [*before, "sync --json --from /run/stick"]
