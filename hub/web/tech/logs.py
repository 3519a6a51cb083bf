"""The log: what went wrong lately, to filter, copy and send; and the support file.

The hub's journal is root's and may hold what is nobody's business. What stands here the portal knows itself:
syncs and jobs that failed; with what the hub keeps of warnings over a restart, in the support file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request, send_file

from content_packs.errors import LocalError
from hub.db import open_db
from hub.jobs import DONE, FAILED, Job, read_job, read_jobs
from hub.machine import is_card
from hub.settings import HubPaths
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.qr import qr_code
from hub.web.signin import needs

bp = Blueprint("logs", __name__)
SHOWN = 100
_QR_BYTES = 300  # of text; a phone's camera reads that much from a screen
_RUNS = """
    select finished_at, source, result, message, hint from sync_runs where result != 'ok'
    order by id desc limit 100
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that went wrong. Text is English, as the office reads it."""

    at: str  # ISO 8601
    part: str  # "sync" or a job's name
    code: str
    text: str

    @property
    def line(self) -> str:
        """The entry as one line that can be copied and sent."""
        return " ".join(f"{self.at} {self.part} {self.code}: {self.text}".split())


@bp.get("/tech/logs")
@needs("admin")
def show() -> Response:
    """What went wrong, the newest first."""
    return _show()


@bp.get("/tech/logs.txt")
@needs("admin")
def as_text() -> Response:
    """The same as a file."""
    lines = [entry.line for entry in list_entries(this_portal().paths)]
    response = Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="hub-log.txt"'
    return response


@bp.get("/tech/support-file/<job_id>")
@needs("admin")
def support_file(job_id: str) -> Response:
    """The support file that a job made."""
    paths = this_portal().paths
    job = read_job(paths, job_id)
    if job is None or job.name != "support-file" or job.state != DONE:
        abort(404)
    path = find_support_file(paths, str(job.result.get("file", "")))
    if path is None:
        abort(404)
    return send_file(path, as_attachment=True, download_name=path.name, max_age=0)


def find_support_file(paths: HubPaths, name: str) -> Path | None:
    """Return the file of that name, where it is one of the hub's support files."""
    folder = paths.dir / "support"
    path = folder / Path(name).name
    return path if name and path.is_file() and not path.is_symlink() else None


@fresh_page
def _show() -> str:
    words, part = request.args.get("q", "").strip()[:100], request.args.get("part", "")
    entries = list(list_entries(this_portal().paths))
    fitting = filter_entries(entries, words, part)[:SHOWN]
    return render_template(
        "tech/logs.html",
        entries=fitting,
        parts=sorted({entry.part for entry in entries}),
        words=words,
        part=part,
        code=qr_code(entries[0].line.encode()[:_QR_BYTES].decode(errors="ignore")) if entries else "",
        is_card=is_card(),
    )


def list_entries(paths: HubPaths) -> list[Entry]:
    """Return what went wrong, the newest first; what cannot be read is left out, the status says why."""
    return sorted([*_list_syncs(paths), *_list_jobs(paths)], key=lambda entry: entry.at, reverse=True)


def filter_entries(entries: list[Entry], words: str, part: str) -> list[Entry]:
    """Return the entries of a part (empty: of all) that hold each of the words, in any case. Pure."""
    wanted = words.casefold().split()
    return [
        entry
        for entry in entries
        if part in ("", entry.part) and all(word in entry.line.casefold() for word in wanted)
    ]


def _list_syncs(paths: HubPaths) -> Iterator[Entry]:
    try:
        with closing(open_db(paths.db)) as db:
            runs = list(db.query(_RUNS))
    except (sqlite3.Error, LocalError):
        return
    for run in runs:
        yield Entry(run["finished_at"] or "", "sync", run["result"], f"{run['message']} {run['hint'] or ''}")


def _list_jobs(paths: HubPaths) -> Iterator[Entry]:
    for job in read_jobs(paths):
        if job.state == FAILED:
            yield Entry(job.asked_at, job.name, FAILED, _read_text(job))


def _read_text(job: Job) -> str:
    try:
        return f"{job.text} {job.advice}"
    except (KeyError, TypeError, ValueError):  # its file lacks what its text asks for
        return f"{job.message} {job.hint}"
