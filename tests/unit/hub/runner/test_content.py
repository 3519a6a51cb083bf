"""What a person asks for about the lessons: now, whatever else is waiting or at work."""

import sys
from typing import ClassVar

import pytest

from content_packs.errors import LocalError
from hub import jobs
from hub.runner import content
from hub.runner.run import run_jobs
from hub.runner.table import TABLE
from hub.runner.task import Machine, Outcome, Task
from hub.settings import HubPaths, read_settings


class Ran(Machine):
    """A machine that notes what runs on it."""

    ran: list[str]
    says: ClassVar = {"done": ["install maths@1"]}

    def run(self, *command, timeout_s=120.0):
        self.ran.append(" ".join(command))
        if "stop" in command:
            raise LocalError("systemctl does not answer")
        return ""

    def run_hub(self, paths, *words, look=lambda: None):
        self.ran.append(" ".join(words))
        return self.says


@pytest.mark.parametrize(("is_card", "before"), [(True, ["systemctl stop hub-sync.service"]), (False, [])])
def test_the_timer_s_sync_gives_way_to_that_of_a_person(tmp_path, is_card, before):
    Ran.ran = []
    task = Task(HubPaths(tmp_path), Ran(is_card, ("hub",)), {})

    assert content.synced(task, "--from", "/run/stick").result["packs"] == 1
    assert Ran.ran == [*before, "sync --json --no-index --from /run/stick"]


@pytest.mark.parametrize(
    ("job", "values", "says", "command", "text"),
    [
        (
            "follow",
            {"pack": "maths"},
            {},
            "packs --json --no-index --follow maths",
            "maths: the office's version",
        ),
        ("repair", {}, {"dropped": []}, "repair --json --no-index", "nothing is damaged"),
        ("repair", {}, {"dropped": ["a", "b"]}, "repair --json --no-index", "taken away: 2"),
    ],
)
def test_what_is_mended_without_a_terminal(tmp_path, monkeypatch, job, values, says, command, text):
    monkeypatch.setattr(Ran, "says", says)
    Ran.ran = []

    outcome = TABLE[job](Task(HubPaths(tmp_path), Ran(True, ("hub",)), values))

    assert Ran.ran == [command]
    assert text in outcome.message % outcome.result


LIMITS = """\
# by hand
hub_id = "h-5"
depot_url = "/depot"
[sync]
share = false
session_mb = 7
"""


def test_pauses_and_budgets_are_kept_in_hub_toml_and_all_else_stays(tmp_path):
    paths = HubPaths(tmp_path)
    paths.settings.write_text(LIMITS)
    values = {"quiet_hours": "08:00-15:00, 20:00-22:00", "day_mb": "50"}

    TABLE["sync-limits"](Task(paths, Ran(True, ("hub",)), values))

    sync = read_settings(paths).sync
    assert (sync.quiet_hours, sync.session_mb, sync.day_mb, sync.month_mb) == (
        values["quiet_hours"],
        0,
        50,
        0,
    )
    assert not sync.share
    assert (paths.spare / paths.settings.name).read_bytes() == paths.settings.read_bytes()


def test_a_spoiled_hub_toml_is_not_made_of_budgets_alone(tmp_path):
    HubPaths(tmp_path).settings.write_text("hub_id = ")
    with pytest.raises(LocalError, match="cannot be read"):
        TABLE["sync-limits"](Task(HubPaths(tmp_path), Ran(True, ("hub",)), {}))


# While it is at work somebody asks to switch off, who does not want to wait for it.
BUSY = """
import sys, time
from pathlib import Path
from hub import jobs
from hub.settings import HubPaths
jobs.ask(HubPaths(Path(sys.argv[2])), "power-off")
time.sleep(60)
"""


@pytest.mark.parametrize("job", ["sync", "repair"])
def test_switching_off_waits_for_no_sync_and_no_repair(tmp_path, job):
    paths = HubPaths(tmp_path)
    jobs.ask(paths, job)
    jobs.ask(paths, "check-again")  # asked for before, so done before
    done: list[str] = []

    def note(name, then=None):
        return lambda task: done.append(name) or Outcome("Done.", then=then)

    table = {**TABLE, "check-again": note("check"), "power-off": note("off", lambda: done.append("down"))}
    machine = Machine(is_card=False, hub_command=(sys.executable, "-c", BUSY))

    assert run_jobs(paths, machine, table) == 3

    assert done == ["check", "off", "down"]
    (first,) = (each for each in jobs.read_jobs(paths) if each.name == job)
    assert (first.state, first.text) == ("failed", "It gave way to the restart or the end.")
