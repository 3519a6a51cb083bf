"""Jobs about the machine: its clock, a restart, switching it off."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from content_packs.errors import Error, LocalError, UsageError
from hub.card.clock import CARD_DIR, keep_time, set_clock
from hub.clock import MAX_AHEAD, is_known, read_floor
from hub.runner.task import Outcome, Task
from hub.wording import later, local_text

_RTC = Path("/dev/rtc0")


def set_time(task: Task) -> Outcome:
    """Set the clock to what a browser says, where that can be; the clock of the board too, if it has one.

    Raises:
        UsageError: it cannot be that early or late: the office signed something newer.
    """
    moment = datetime.fromisoformat(task["iso"]).astimezone(UTC)
    check_moment(moment, read_floor(task.paths.trust))
    task.machine.require_card("setting the clock")
    set_clock(moment)
    with suppress(LocalError):  # the clock is right until the power goes, and the next save keeps it
        keep_time(CARD_DIR, task.paths.trust, now=moment)
    if _RTC.exists():
        with suppress(LocalError):
            task.machine.run("hwclock", "--systohc", "--utc")
    return Outcome(later("The clock is set: %(set_at)s."), result={"set_at": moment.isoformat()})


def check_moment(moment: datetime, floor: datetime) -> None:
    """Raise UsageError where `moment` cannot be now, by what the office signed last."""
    if is_known(moment, floor):
        return
    raise UsageError(
        f"{local_text(moment)} cannot be: it is after {local_text(floor)} and before "
        f"{local_text(floor + MAX_AHEAD)}",
        hint="Correct the clock of the phone or computer that you are using, then ask again.",
    )


def restart(task: Task) -> Outcome:
    """Start the machine again."""
    task.machine.require_card("starting again")
    return Outcome(
        later("The hub starts again. It is back in two minutes."), then=lambda: _go_down(task, "reboot")
    )


def power_off(task: Task) -> Outcome:
    """Switch the machine off."""
    task.machine.require_card("switching off")
    return Outcome(
        later("The hub switches itself off. Pull the plug when the green light has stopped blinking."),
        then=lambda: _go_down(task, "poweroff"),
    )


def go_down_later(task: Task) -> None:
    """Start the machine again, as the last thing of a job."""
    _go_down(task, "reboot")


def _go_down(task: Task, word: str) -> None:
    """Write everything to the disks; then systemd stops the services, the last started first."""
    os.sync()
    try:
        task.machine.run("systemctl", "--no-block", word)
    except Error:
        os.sync()
        task.machine.run("systemctl", "--force", "--no-block", word)
