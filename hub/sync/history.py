"""The history of syncs: one row of `sync_runs` each, for the status page and the office."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from content_packs.errors import Error
from hub.db import to_local_error

KEPT_RUNS = 200


def record_run(
    db: Database,
    *,
    started_at: datetime,
    finished_at: datetime,
    source: str,
    received_bytes: int,
    installed: Sequence[str],
    failure: BaseException | None,
) -> None:
    """Write down how a sync ended; the oldest beyond KEPT_RUNS are forgotten.

    Raises:
        LocalError: the disk refuses.
    """
    code, message, hint = _describe(failure)
    try:
        db.table("sync_runs").insert(
            {
                "started_at": started_at.isoformat(timespec="seconds"),
                "finished_at": finished_at.isoformat(timespec="seconds"),
                "source": source,
                "result": code,
                "message": message,
                "hint": hint,
                "received_bytes": received_bytes,
                "installed": json.dumps(list(installed)),
            }
        )
        db.execute("delete from sync_runs where id <= (select max(id) from sync_runs) - ?", [KEPT_RUNS])
    except sqlite3.Error as error:
        raise to_local_error(error, "hub.db") from error


def _describe(failure: BaseException | None) -> tuple[str, str, str]:
    """Return result, message and hint: "ok", an error's code, or what ended the program."""
    if failure is None:
        return "ok", "", ""
    if isinstance(failure, Error):
        return failure.code, failure.message, failure.hint or ""
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted", "somebody stopped the sync", "The next one goes on where it was."
    return (
        "failed",
        f"{type(failure).__name__}: {failure}",
        "Tell the office: this is a fault of the program.",
    )
