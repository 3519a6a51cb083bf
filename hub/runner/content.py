"""Jobs about what is on the hub: sync, by the uplink or from a stick; versions; looking again and mending."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from content_packs.errors import Error, LocalError
from content_packs.owner import as_owner
from hub.card.hubdir import change_settings
from hub.runner import mounts
from hub.runner.task import Outcome, Task
from hub.services import read_service
from hub.sticks import list_sticks
from hub.wording import later

_NO_INDEX = (
    "--no-index"  # the portal asked, so it runs, and reads for the search by itself: that takes an hour
)


def sync(task: Task) -> Outcome:
    """Bring what the office assigned."""
    return synced(task)


def synced(task: Task, *more: str) -> Outcome:
    """Run `hub sync` and say what it brought; the timer's, which may wait for a link for long, gives way.

    Raises:
        Error: it brought nothing, or not all; the first reason of several.
    """
    if task.machine.is_card:
        with suppress(LocalError):  # then this one says that another runs
            task.machine.run("systemctl", "stop", "hub-sync.service")
    words = ("sync", "--json", _NO_INDEX, *more)
    return _outcome(task.machine.run_hub(task.paths, *words, look=lambda: _tell(task)))


def _tell(task: Task) -> None:
    """Say how far the sync is with the pack that it fetches."""
    task.give_way()
    now = read_service(task.paths, "sync") or {}
    total, done = now.get("total_bytes"), now.get("done_bytes")
    if isinstance(total, int) and isinstance(done, int) and total:
        task.progress(done / total, pack=now.get("pack"), version=now.get("version"))


def _outcome(said: Mapping[str, Any]) -> Outcome:
    done = said.get("done", [])
    result = {"packs": len(done), "received_bytes": said.get("received_bytes", 0), "done": done}
    waiting = len(said.get("waiting", []))
    if waiting:
        message = later("Packs that are new or changed: %(packs)s. Packs that wait: %(waiting)s.")
        return Outcome(message, later("They come by themselves later."), result | {"waiting": waiting})
    if not done:
        return Outcome(later("Everything is here already."), result=result)
    return Outcome(
        later("Packs that are new or changed: %(packs)s; received: %(received_bytes)s."), result=result
    )


def set_limits(task: Task) -> Outcome:
    """Set when syncs bring lessons, and how much; what is not given has no limit."""
    task.machine.require_card("changing when the hub syncs")
    budgets = {name: int(task.values.get(name, 0)) for name in ("session_mb", "day_mb", "month_mb")}
    with as_owner(task.paths.dir):
        change_settings(task.paths, "sync", {"quiet_hours": task.values.get("quiet_hours", ""), **budgets})
    return Outcome(later("Kept. The next sync goes by it."))


def roll_back(task: Task) -> Outcome:
    """Show the version of a pack that was here before."""
    said = task.machine.run_hub(task.paths, "packs", "--json", _NO_INDEX, "--rollback", task["pack"])
    version = next((pack["version"] for pack in said["packs"] if pack["id"] == task["pack"]), 0)
    return Outcome(
        later("%(pack)s: version %(version)s is shown again."),
        later("It stays so until the office has a newer version."),
        {"pack": task["pack"], "version": version},
    )


def follow(task: Task) -> Outcome:
    """Let the office's version of a pack come again that was rolled back."""
    task.machine.run_hub(task.paths, "packs", "--json", _NO_INDEX, "--follow", task["pack"])
    return Outcome(
        later("%(pack)s: the office's version comes again, with the next sync."),
        later("To have it at once, press “Sync now” on the page “Sync”, or plug in a stick of the office."),
        {"pack": task["pack"]},
    )


def repair(task: Task) -> Outcome:
    """Read all that is installed, and take away what is damaged."""
    words = ("repair", "--json", _NO_INDEX)
    dropped = len(task.machine.run_hub(task.paths, *words, look=task.give_way).get("dropped", []))
    result = {"dropped": dropped}
    if not dropped:
        return Outcome(later("Everything was read: nothing is damaged."), result=result)
    return Outcome(
        later("Everything was read. Damaged things that were taken away: %(dropped)s."),
        later("They come again with the next sync: press “Sync now”, or plug in a stick of the office."),
        result,
    )


def check_again(task: Task) -> Outcome:
    """Look at everything anew, the services too."""
    if task.machine.is_card:
        with suppress(Error):  # what it found is among the checks
            task.machine.run("systemctl", "start", "hub-health.service", timeout_s=300)
        for stick in list_sticks(task.paths):
            mounts.look_again(task.paths, task.machine, stick.name)
    said = task.machine.run_hub(task.paths, "status", "--json")
    wrong = sum(check["level"] in ("attention", "broken") for check in said["checks"])
    result = {"level": said["level"], "wrong": wrong}
    if wrong:
        return Outcome(later("Looked again. Things that need somebody: %(wrong)s."), result=result)
    return Outcome(later("Looked again: all is well."), result=result)
