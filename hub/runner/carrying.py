"""Jobs with a stick: sync from it, back up to it, restore from it, let it go."""

import time
from datetime import UTC
from pathlib import Path

from content_packs.errors import LocalError, UsageError, local_error
from content_packs.owner import as_owner
from hub.backup.make import SUFFIX, make_backup
from hub.backup.restore import check_backup, finish, stage
from hub.card.places import CardPlaces
from hub.clock import hub_now
from hub.runner import mounts
from hub.runner.content import synced
from hub.runner.looking import BACKUPS, find_backup
from hub.runner.power import go_down_later
from hub.runner.task import CARD, Outcome, Task
from hub.settings import read_settings
from hub.wording import later

_STOPPED = (
    # First who would meet the backup's own office: until the next start puts the card's file above it.
    *("hub-update.timer", "hub-update.path", "hub-update"),
    *("hub-sync.timer", "hub-sync.path", "hub-sync", "hub-kolibri", "hub-portal", "hub-announce"),
)
_UNSEALED = later("It is not sealed: whoever has the stick can read it. Keep it locked away.")


def sync_from(task: Task) -> Outcome:
    """Bring what is on a stick, and put the reports for the office onto it."""
    task.machine.require_card("syncing from a stick")
    with mounts.in_use(task.paths, task.machine, task["stick"], writable=True) as stick:
        return synced(task, "--from", stick.mount)


def eject(task: Task) -> Outcome:
    """Let a stick go."""
    task.machine.require_card("letting a stick go")
    label = mounts.eject(task.paths, task.machine, task["stick"])
    return Outcome(later("The stick %(stick)s can be pulled out now."), result={"stick": label})


def back_up(task: Task) -> Outcome:
    """Write a backup to a stick and read it back; sealed with the given code, else with the label's."""
    task.machine.require_card("a backup to a stick")
    with as_owner(task.paths.dir):  # reading mends the spare copy
        settings = read_settings(task.paths)
    now = hub_now(task.paths.trust)
    code = task.values.get("password") or _label_code()
    with mounts.in_use(task.paths, task.machine, task["stick"], writable=True) as stick:
        if not stick.is_writable:
            raise UsageError(
                f"the stick {stick.label} cannot be written", hint="Take one with FAT32 or exFAT."
            )
        folder = Path(stick.mount) / BACKUPS
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise local_error(error, f"making {BACKUPS} on the stick") from error
        name = f"{settings.hub_id}-{now.astimezone(UTC):%Y-%m-%d-%H%M}{SUFFIX}"
        made = make_backup(
            *(task.paths, settings, folder / name),
            now=now,
            code=code,
            card_dir=CARD,
            advance=lambda share: task.progress(share * 0.7),
        )
        check_backup(made.path, task.paths, code=code, card_dir=CARD)
    return Outcome(
        later("The backup is on the stick and was read back: %(file)s, %(size_bytes)s."),
        "" if made.is_sealed else _UNSEALED,
        {"file": name, "size_bytes": made.size_bytes, "files": made.files, "sealed": made.is_sealed},
    )


def restore(task: Task) -> Outcome:
    """Bring back what a backup on a stick holds; the hub then starts again, as the one that it was."""
    task.machine.require_card("a restore from a stick")
    code = task.values.get("password") or _label_code()
    with mounts.in_use(task.paths, task.machine, task["stick"], writable=False) as stick:
        path = find_backup(Path(stick.mount), task["file"])
        if path is None:
            raise UsageError(
                f"{task['file']}: not on the stick {stick.label}", hint="Choose one of its backups."
            )
        found = stage(path, task.paths, code=code, card_dir=CARD)
    task.progress(0.8)
    for unit in _STOPPED:
        try:
            task.machine.run("systemctl", "stop", unit)
        except LocalError:  # then the next start finishes it, before anything of these runs
            break
    else:
        finish(task.paths, card_dir=CARD)
    return Outcome(
        later("Restored from %(taken_at)s. The hub starts again; packs come with the next sync or stick."),
        result={"taken_at": found.header.taken_at, "files": len(found.files), "hub_id": found.header.hub_id},
        then=lambda: _start_again(task),
    )


def _start_again(task: Task) -> None:
    time.sleep(2.0)  # a page that waits for the job reads how it ended
    go_down_later(task)


def _label_code() -> str:
    try:
        return CardPlaces().label_code.read_text(encoding="utf-8", errors="replace").strip()[:100]
    except OSError:
        return ""
