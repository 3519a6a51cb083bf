"""What people noted of schools: alerts that they know of, and notes. In fleet.db, written here only."""

from dataclasses import asdict, dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.fleet import Fleet, iso

EVERY_HUB = "*"
_KEPT_NOTES = 200  # of one school
MAX_TEXT = 2000  # characters


@dataclass(frozen=True, slots=True)
class Mute:
    """An alert that somebody has taken note of: it is quiet until a time, or until it begins anew."""

    code: str
    hub_id: str  # or EVERY_HUB, as in the holidays
    who: str
    note: str
    at: str  # ISO 8601, UTC
    until: str | None

    def covers(self, code: str, since: str, *, now: datetime) -> bool:
        """Tell whether it quietens an alert of its school that is so since a time."""
        if self.code != code or (self.until is not None and now >= datetime.fromisoformat(self.until)):
            return False
        if self.until is not None or not since:
            return True
        return datetime.fromisoformat(since) <= datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class SchoolNote:
    """What somebody in the office wrote down of a school."""

    hub_id: str
    at: str  # ISO 8601, UTC
    who: str
    text: str


class Mutes:
    """Typed reading and writing of these tables."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._db = fleet, fleet.database

    def list_mutes(self, *, now: datetime) -> list[Mute]:
        """Return what is quiet now, by school and code."""
        rows = self._db.query("select * from alert_mutes order by hub_id, code")
        mutes = [Mute(**row) for row in rows]
        return [mute for mute in mutes if mute.until is None or datetime.fromisoformat(mute.until) > now]

    def mute(self, mute: Mute) -> None:
        """Quieten an alert, instead of what was said of it before.

        Raises:
            UsageError: its hub is not enrolled, or the note too long.
        """
        if mute.hub_id != EVERY_HUB:
            self._check(mute.hub_id)
        _check_text(mute.note)
        with self._fleet.transaction():
            self._db.table("alert_mutes").upsert(asdict(mute), pk=("code", "hub_id"))

    def unmute(self, code: str, hub_id: str) -> bool:
        """Let an alert be heard again; return whether it was quiet."""
        with self._fleet.transaction():
            query = "delete from alert_mutes where code = ? and hub_id = ?"
            return self._db.execute(query, [code, hub_id]).rowcount > 0

    def add_note(self, hub_id: str, text: str, *, who: str, now: datetime) -> SchoolNote:
        """Write something down of a school; the oldest beyond _KEPT_NOTES are forgotten.

        Raises:
            UsageError: the hub is not enrolled, or the text empty or too long.
        """
        self._check(hub_id)
        text = _check_text(text)
        if not text:
            raise UsageError("a note: expected text, got nothing", hint="Say what others should know.")
        note = SchoolNote(hub_id, iso(now), who, text)
        old = "select id from school_notes where hub_id = ? order by id desc limit -1 offset ?"
        with self._fleet.transaction():
            self._db.table("school_notes").insert(asdict(note))
            query = f"delete from school_notes where id in ({old})"  # noqa: S608
            self._db.execute(query, [hub_id, _KEPT_NOTES])
        return note

    def list_notes(self, hub_id: str) -> list[SchoolNote]:
        """Return what was written down of a school, the newest first."""
        query = "select hub_id, at, who, text from school_notes where hub_id = ? order by id desc"
        return [SchoolNote(**row) for row in self._db.query(query, [hub_id])]

    def _check(self, hub_id: str) -> None:
        if all(hub.hub_id != hub_id for hub in self._fleet.list_hubs()):
            raise UsageError(f"{hub_id}: no such hub", hint="`central hubs` lists them.")


def _check_text(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise UsageError(
            f"a note: expected at most {MAX_TEXT} characters, got {len(text)}", hint="Shorten it."
        )
    return text
