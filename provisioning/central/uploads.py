"""Packs that were sent to be published, a folder each in uploads/: what came, how far it is, what was found.

    uploads/<id>/upload.zip   as it came
    uploads/<id>/unpacked/    a pack source, or a built pack
    uploads/<id>/built/       what was built of a source
    uploads/<id>/state.json   what a page shows of it
    uploads/<id>/lock         held by the process that works on it

An id begins with the time, so that names sort by it.
"""

import json
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from content_packs.durable import locked, write_durably
from content_packs.errors import BusyError
from provisioning.central.fleet import iso
from provisioning.central.office import Office

MAX_UPLOAD_BYTES = 2 * 1024**3
RESERVE_BYTES = 1024**3  # of the office's disk, which no upload takes
_KEPT_FOR = timedelta(days=7)
_KEPT = 20
_STARTS_WITHIN = timedelta(seconds=20)  # a process has its lock by then
_ID = re.compile(r"[0-9]{14}-[0-9a-f]{8}")
_MODE = 0o600

Phase = Literal["checking", "checked", "publishing", "done", "failed"]
RUNNING: tuple[Phase, ...] = ("checking", "publishing")


@dataclass(frozen=True, slots=True)
class UploadState:
    """How far an upload is."""

    id: str
    who: str
    file: str  # as its sender called it
    size_bytes: int
    at: str  # when this state was written; ISO 8601, UTC
    phase: Phase
    kind: str = ""  # "source" or "built"; empty: not known yet
    pack: Mapping[str, Any] = field(default_factory=dict)  # its fields, as far as they can be read
    findings: tuple[Mapping[str, Any], ...] = ()  # as `packs check --json` has them
    step: str = ""  # what goes on: "building", "verifying", "publishing", …
    done_bytes: int = 0
    total_bytes: int = 0
    message: str = ""  # why it failed
    hint: str = ""
    code: str = ""  # the step at which it failed, and the code of the error: "unpacking/bad-data"
    published: tuple[str, ...] = ()
    changes: int = 0  # how many hubs get something else

    @property
    def has_errors(self) -> bool:
        """Whether a build would refuse it."""
        return any(finding["severity"] == "error" for finding in self.findings)

    @property
    def is_ready(self) -> bool:
        """Whether it may be published now: checked without errors, or its publishing failed."""
        return self.phase in ("checked", "failed") and bool(self.kind) and not self.has_errors

    @property
    def is_running(self) -> bool:
        """Whether a process works on it."""
        return self.phase in RUNNING


def new_upload(office: Office, *, now: datetime) -> Path:
    """Make the folder of a new upload, for its owner alone; old ones that nobody works on go."""
    office.uploads.mkdir(mode=0o700, exist_ok=True)
    tidy(office, now=now)
    folder = office.uploads / f"{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


def folder_of(office: Office, upload_id: str) -> Path | None:
    """Return the folder of an upload; None where there is none of this id."""
    folder = office.uploads / upload_id
    return folder if _ID.fullmatch(upload_id) and folder.is_dir() else None


def write_state(folder: Path, state: UploadState, *, now: datetime) -> UploadState:
    """Keep how far an upload is."""
    state = replace(state, at=iso(now))
    data = json.dumps({"format": 1, **asdict(state)}, ensure_ascii=False)
    write_durably(folder / "state.json", data.encode(), mode=_MODE)
    return state


def read_state(folder: Path, *, now: datetime) -> UploadState | None:
    """Return how far an upload is; one whose process is gone has failed. None: nothing is known of it."""
    try:
        values = json.loads((folder / "state.json").read_bytes())
        values.pop("format")
        values |= {"findings": tuple(values["findings"]), "published": tuple(values["published"])}
        state = UploadState(**values)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_old = now - datetime.fromisoformat(state.at) > _STARTS_WITHIN
    if state.is_running and is_old and not is_worked_on(folder):
        return replace(
            state, phase="failed", message="the work was cut short", hint="Begin it again.", code="cut-short"
        )
    return state


def list_uploads(office: Office, *, now: datetime) -> list[UploadState]:
    """Return all uploads, the newest first."""
    states = [read_state(folder, now=now) for folder in _folders(office)]
    return [state for state in reversed(states) if state is not None]


def remove_upload(folder: Path) -> None:
    """Forget an upload.

    Raises:
        BusyError: a process works on it.
    """
    with locked(folder / "lock", doing="removing an upload"):
        shutil.rmtree(folder, ignore_errors=True)


def tidy(office: Office, *, now: datetime) -> None:
    """Remove what is older than a week, and the oldest beyond 20, unless a process works on it."""
    folders = _folders(office)
    for number, folder in enumerate(reversed(folders)):
        began = datetime.strptime(folder.name[:14], "%Y%m%d%H%M%S").replace(tzinfo=now.tzinfo)
        if number < _KEPT - 1 and now - began < _KEPT_FOR:
            continue
        try:
            remove_upload(folder)
        except BusyError:
            continue


def is_worked_on(folder: Path) -> bool:
    """Whether a process has its lock."""
    try:
        with locked(folder / "lock", doing="looking"):
            return False
    except BusyError:
        return True


def _folders(office: Office) -> list[Path]:
    if not office.uploads.is_dir():
        return []
    return sorted(path for path in office.uploads.iterdir() if _ID.fullmatch(path.name) and path.is_dir())
