"""What people of the office wrote down about a school: whom to call, who went there and when."""

from dataclasses import dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.fleet import iso
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

MAX_TEXT = 2000  # characters
_KEPT = 200  # of a school


@dataclass(frozen=True, slots=True)
class SchoolNote:
    """One note."""

    at: str  # ISO 8601, UTC
    who: str
    text: str


def add_note(
    office: Office, hub_id: str, text: str, *, who: str, now: datetime, dry_run: bool = False
) -> None:
    """Keep a note about a school; the oldest beyond 200 are forgotten.

    Raises:
        UsageError: it is empty or too long.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > MAX_TEXT or not all(c.isprintable() or c == "\n" for c in text):
        raise UsageError(
            f"note: expected 1 to {MAX_TEXT} characters, got {len(text)}", hint="Write a sentence."
        )
    if dry_run:
        return
    with open_people_db(office) as db, db.atomic():
        db.table("notes").insert({"hub_id": hub_id, "at": iso(now), "who": who, "text": text})
        oldest = "select id from notes where hub_id = ? order by id desc limit -1 offset ?"
        db.execute(f"delete from notes where id in ({oldest})", [hub_id, _KEPT])  # noqa: S608


def list_notes(office: Office, hub_id: str) -> tuple[SchoolNote, ...]:
    """Return the notes about a school, the newest first."""
    if not office.people_db.exists():
        return ()  # nothing is made by looking
    with open_people_db(office) as db:
        rows = db.query("select at, who, text from notes where hub_id = ? order by id desc", [hub_id])
        return tuple(SchoolNote(**row) for row in rows)
