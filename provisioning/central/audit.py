"""Who did what: a line for each change, by the dashboard and the command line. Lines are never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from content_packs.errors import LocalError
from provisioning.central.fleet import iso
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

MAX_TEXT = 500  # characters of one value
_NO_LINE = 2**62  # none will ever have this number
_KEPT = 100_000  # lines; a municipality that changes fifty things a day has six years of them


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done."""

    id: int
    at: str  # ISO 8601, UTC
    who: str  # a person's name, or "cli:" and the login name of this machine
    action: str  # what a command line would begin with: "assign", "rollout start"
    detail: Mapping[str, Any]


def record(office: Office, who: str, action: str, detail: Mapping[str, object], now: datetime) -> None:
    """Note what somebody has just done. `detail` holds no secrets; long texts in it are cut.

    Raises:
        LocalError: the disk refuses, or another command holds the log: that it was done is said too.
    """
    text = json.dumps({name: _short(value) for name, value in detail.items()}, ensure_ascii=False)
    row = {"at": iso(now), "who": who[:MAX_TEXT], "action": action[:MAX_TEXT], "detail": text}
    try:
        with open_people_db(office) as db, db.atomic():
            db.table("audit").insert(row)
            db.execute("delete from audit where id <= (select max(id) from audit) - ?", [_KEPT])
    except LocalError as error:
        raise type(error)(
            f"{action}: this was done, but is not noted in the audit log: {error.message}",
            hint="Free some space or mend the disk before the next change; this one need not be run again.",
        ) from error


def list_entries(office: Office, *, limit: int = 100, before: int | None = None) -> tuple[Entry, ...]:
    """Return what was done, the newest first; with `before` what came before that line."""
    if not office.people_db.exists():
        return ()  # nothing is made by looking
    query = "select * from audit where id < ? order by id desc limit ?"
    first = _NO_LINE if before is None else min(before, _NO_LINE)
    with open_people_db(office) as db:
        rows = list(db.query(query, [first, limit]))
    return tuple(Entry(**row | {"detail": json.loads(row["detail"])}) for row in rows)


def _short(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_short(each) for each in value[:100]]
    text = str(value)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
