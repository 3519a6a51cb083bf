"""`hub jobs`: do what was asked, one job after another, and say what came of it.

Killed in the middle, the job counts as interrupted at the next start; nothing is done twice by itself. What
was asked before the machine was switched off is not begun: who asked to restart it does not want that twice.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from content_packs.console import note
from content_packs.durable import locked
from content_packs.errors import Error, local_error
from hub.clock import read_boot_id
from hub.jobs import ASK_AGAIN, DONE, FAILED, INTERRUPTED, RUNNING
from hub.jobvalues import without_secrets
from hub.runner.queue import Asked, Queue, open_queue
from hub.runner.task import GaveWay, Machine, Outcome, Task, Work, failure_words
from hub.services import ServiceFile
from hub.settings import HubPaths
from hub.wording import later

_ROOT_LOCK = Path("/run/hub/jobs.lock")  # root follows no name in a folder of another account
_STEP = 0.01  # of progress; less is not told


def run_jobs(paths: HubPaths, machine: Machine, table: Mapping[str, Work]) -> int:
    """Run what waits until nothing does, and return how many jobs that were.

    Raises:
        BusyError: another process runs them.
        LocalError: the folder of jobs is not what it should be, or the disk refuses.
    """
    lock = _ROOT_LOCK if machine.is_card else paths.lock("job-runner")
    with locked(lock, doing="hub jobs"), open_queue(paths) as queue:
        try:
            return _run_all(queue, paths, machine, table)
        except OSError as error:
            raise local_error(error, "keeping what came of a job") from error


def _run_all(queue: Queue, paths: HubPaths, machine: Machine, table: Mapping[str, Work]) -> int:
    for job_id, said in queue.list_interrupted():
        _end(queue, job_id, said, FAILED, INTERRUPTED, ASK_AGAIN)
    count = 0
    while True:
        for line in queue.take_away_strangers():
            note(line)
        waiting = queue.list_asked()
        if not waiting:
            queue.prune()
            return count
        for job_id in waiting:
            outcome = _run_one(queue, queue.read_asked(job_id), paths, machine, table)
            count += 1
            if outcome is not None and outcome.then is not None:
                queue.prune()
                outcome.then()
                return count  # nothing more is begun: the machine goes down


def _run_one(
    queue: Queue, asked: Asked, paths: HubPaths, machine: Machine, table: Mapping[str, Work]
) -> Outcome | None:
    said = {
        "name": asked.name,
        "values": without_secrets(asked.name, asked.values),
        "asked_at": asked.asked_at,
        "boot": read_boot_id(),
    }
    if asked.refused is not None:
        note(f"job {asked.id} is refused: {asked.refused.message}")
        _fail(queue, asked.id, said, asked.refused)
        return None
    if asked.boot != read_boot_id():
        why = later("The hub was switched off before this was begun.")
        _end(queue, asked.id, said, FAILED, why, later("Ask for it again, if it is still wanted."))
        return None
    queue.write(asked.id, {**said, "state": RUNNING})
    queue.forget_asked(asked.id)
    shown = _Progress(paths, asked.id)
    try:
        outcome = table[asked.name](Task(paths, machine, asked.values, shown.tell, queue.is_end_asked))
    except GaveWay:
        _end(queue, asked.id, said, FAILED, later("It gave way to the restart or the end."), ASK_AGAIN)
        return None
    except Error as error:
        note(f"job {asked.id}: {error.message}")
        _fail(queue, asked.id, said, error)
        return None
    except OSError as error:
        _fail(queue, asked.id, said, local_error(error, asked.name))
        return None
    finally:
        shown.end()
    _end(queue, asked.id, said, DONE, outcome.message, outcome.hint, outcome.result)
    return outcome


def _fail(queue: Queue, job_id: str, said: Mapping[str, object], error: Error) -> None:
    message, hint, values = failure_words(error)
    _end(queue, job_id, said, FAILED, message, hint, values)


def _end(
    queue: Queue,
    job_id: str,
    said: Mapping[str, object],
    state: str,
    message: str,
    hint: str = "",
    result: Mapping[str, object] | None = None,
) -> None:
    kept = {key: said[key] for key in ("name", "values", "asked_at", "boot") if key in said}
    ended = {"state": state, "message": message, "hint": hint, "result": dict(result or {})}
    queue.write(job_id, {**kept, **ended})
    queue.forget_asked(job_id)


class _Progress:
    """Tells how far a job is, in memory only (hub/services.py): run/job.json, with

    pid, id    of the runner, of the job
    progress   0 to 1
    result     what pages may say of it meanwhile, as the pack that comes
    """

    def __init__(self, paths: HubPaths, job_id: str) -> None:
        self._file = ServiceFile(paths, "job")
        self._id = job_id
        self._told = -1.0

    def tell(self, share: float, **words: object) -> None:
        """Say that so much is done, 0 to 1."""
        if abs(share - self._told) >= _STEP:
            self._told = share
            state = {"pid": os.getpid(), "id": self._id, "progress": round(min(share, 1.0), 3)}
            self._file.write({**state, "result": words})

    def end(self) -> None:
        """Say nothing more."""
        self._file.remove()
