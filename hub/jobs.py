"""Jobs: how the portal asks for what it may not do itself, and what came of it. `hub jobs` runs them.

jobs/                   in the hub's folder
├── asked/<id>.json     written here, mode 0600; taken away by the runner as soon as it begins
└── <id>.json           written by the runner (hub/runner/): how far it is, and how it ended; no secrets

Ids are a number that only grows and the job's name, so that a listing reads as a diary: 000012-sync.
The runner takes every file here for hostile, and learns from the boot in it whether it is of today.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from content_packs.durable import locked, write_durably
from content_packs.errors import local_error
from hub.ballast import make_room
from hub.clock import hub_now, read_boot_id
from hub.jobvalues import check_job, without_secrets
from hub.services import read_service
from hub.settings import HubPaths
from hub.wording import later, typed

FORMAT = 1
KEPT = 20  # results; older ones are forgotten
ID = re.compile(r"([0-9]{6})-([a-z-]{1,20})")
ASKED, RUNNING, DONE, FAILED = "asked", "running", "done", "failed"
INTERRUPTED, ASK_AGAIN = later("It was interrupted."), later("Ask for it again.")
MAX_BYTES = 64 * 1024  # of a job's file


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `message` and `hint` are English with places for `result`'s values; pages translate them."""

    id: str
    name: str
    values: Mapping[str, str]  # what it was asked with, without secrets
    asked_at: str  # ISO 8601, UTC, as the hub knew it
    state: str  # asked, running, done or failed
    message: str = ""
    hint: str = ""
    progress: float | None = None  # 0 to 1; None: not known
    result: Mapping[str, Any] = field(default_factory=dict)  # sizes as `…_bytes`, times as `…_at`

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in (DONE, FAILED)

    @property
    def text(self) -> str:
        """What is to be said of it, in English."""
        return _fill(self.message, self.words)

    @property
    def advice(self) -> str:
        """What to do next, in English; empty where nothing needs doing."""
        return _fill(self.hint, self.words)

    @property
    def words(self) -> dict[str, Any]:
        """What fills the places of `message` and `hint`: sizes and times as such, for pages to write."""
        return typed(self.result)


def _fill(text: str, words: Mapping[str, Any]) -> str:
    try:
        return text % words
    except (KeyError, TypeError, ValueError):  # a runner of another version
        return text


def jobs_dir(paths: HubPaths) -> Path:
    """Return the folder of results."""
    return paths.dir / "jobs"


def asked_dir(paths: HubPaths) -> Path:
    """Return the folder of what was asked and not begun."""
    return jobs_dir(paths) / "asked"


def ask(paths: HubPaths, name: str, values: Mapping[str, str] | None = None) -> str:
    """Ask for a job and return its id. Asked twice while one waits or runs: that one's id.

    Raises:
        UsageError: no such job, or a value that it does not take; names it.
        LocalError: the disk refuses.
    """
    checked = check_job(name, values or {})
    make_room(paths)
    try:
        with locked(paths.lock("jobs"), doing="asking for a job", wait=True):
            for job in read_jobs(paths):
                if job.name == name and _is_same(paths, job, checked):
                    return job.id
            job_id = f"{_last_number(paths) + 1:06d}-{name}"
            asked = {
                "format": FORMAT,
                "id": job_id,
                "name": name,
                "values": checked,
                "asked_at": hub_now(paths.trust).astimezone(UTC).isoformat(timespec="seconds"),
                "boot": read_boot_id(),
            }
            asked_dir(paths).mkdir(parents=True, exist_ok=True)
            write_durably(asked_dir(paths) / f"{job_id}.json", json.dumps(asked).encode(), mode=0o600)
    except OSError as error:
        raise local_error(error, f"asking for {name}") from error
    return job_id


def _is_same(paths: HubPaths, job: Job, values: Mapping[str, str]) -> bool:
    """Whether a job does already what is asked: one that waits, with the same values; or one that runs."""
    if job.state == ASKED:
        return _asked_values(paths, job.id) == values
    return job.state == RUNNING and values == job.values


def _asked_values(paths: HubPaths, job_id: str) -> object:
    return (_read(asked_dir(paths) / f"{job_id}.json") or {}).get("values")


def read_jobs(paths: HubPaths) -> tuple[Job, ...]:
    """Return the jobs that wait, run or ended, the newest first; what cannot be read is left out."""
    names = {path.stem for folder in (jobs_dir(paths), asked_dir(paths)) for path in _list(folder)}
    found = (read_job(paths, name) for name in sorted(names, reverse=True))
    return tuple(job for job in found if job is not None)


def read_job(paths: HubPaths, job_id: str) -> Job | None:
    """Return one job; None where there is none, or it was long ago."""
    if not ID.fullmatch(job_id):
        return None
    ended = _read(jobs_dir(paths) / f"{job_id}.json")
    if ended is not None:
        return _with_progress(paths, _unless_interrupted(ended, _job(ended, job_id)))
    asked = _read(asked_dir(paths) / f"{job_id}.json")
    if asked is None:
        return None
    job = _job(asked | {"state": ASKED}, job_id)
    return dataclasses.replace(job, values=without_secrets(job.name, job.values))


def _unless_interrupted(said: Mapping[str, Any], job: Job) -> Job:
    """Return a job that ran when the machine went off as one that failed."""
    if job.state != RUNNING or said.get("boot") in (None, read_boot_id()):
        return job
    return dataclasses.replace(job, state=FAILED, message=INTERRUPTED, hint=ASK_AGAIN)


def _with_progress(paths: HubPaths, job: Job) -> Job:
    if job.state != RUNNING:
        return job
    said = read_service(paths, "job") or {}
    if said.get("id") != job.id:
        return job
    progress, result = said.get("progress"), said.get("result")
    return dataclasses.replace(
        job,
        progress=float(progress) if isinstance(progress, int | float) else None,
        result=result if isinstance(result, dict) else {},
    )


def _job(values: Mapping[str, Any], job_id: str) -> Job:
    match = ID.fullmatch(job_id)
    kept = values.get("values")
    result = values.get("result")
    return Job(
        id=job_id,
        name=match[2] if match else "",
        values={str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {},
        asked_at=str(values.get("asked_at", "")),
        state=str(values.get("state", FAILED)),
        message=str(values.get("message", "")),
        hint=str(values.get("hint", "")),
        result=result if isinstance(result, dict) else {},
    )


def _last_number(paths: HubPaths) -> int:
    numbers = [int(path.stem[:6]) for folder in (jobs_dir(paths), asked_dir(paths)) for path in _list(folder)]
    return max(numbers, default=0)


def _list(folder: Path) -> Iterator[Path]:
    try:
        names = list(folder.iterdir())
    except OSError:
        return
    yield from (path for path in names if path.suffix == ".json" and ID.fullmatch(path.stem))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None
