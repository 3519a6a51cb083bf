"""Alerts that people have taken note of: table alert_mutes of people.db, which only this module writes.

Not of fleet.db: that is locked while something is published, for hours perhaps.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.database import transaction
from provisioning.central.fleet import open_fleet
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

EVERY_HUB = "*"
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


def list_mutes(office: Office, *, now: datetime) -> list[Mute]:
    """Return what is quiet now, by school and code."""
    if not office.people_db.exists():
        return []  # nothing is made by looking
    with open_people_db(office) as db:
        mutes = [Mute(**row) for row in db.query("select * from alert_mutes order by hub_id, code")]
    return [mute for mute in mutes if mute.until is None or datetime.fromisoformat(mute.until) > now]


def mute_alert(office: Office, mute: Mute, *, dry_run: bool = False) -> None:
    """Quieten an alert, instead of what was said of it before.

    Raises:
        UsageError: its hub is not enrolled, or the note too long.
    """
    if mute.hub_id != EVERY_HUB:
        _check_hub(office, mute.hub_id)
    _check_text(mute.note)
    if not dry_run:
        with open_people_db(office) as db, transaction(db):
            db.table("alert_mutes").upsert(asdict(mute), pk=("code", "hub_id"))


def unmute_alert(office: Office, code: str, hub_id: str, *, dry_run: bool = False) -> bool:
    """Let an alert be heard again; return whether it was quiet."""
    if dry_run and not office.people_db.exists():
        return False
    with open_people_db(office) as db, transaction(db, keep=not dry_run):
        query = "delete from alert_mutes where code = ? and hub_id = ?"
        return db.execute(query, [code, hub_id]).rowcount > 0


def _check_hub(office: Office, hub_id: str) -> None:
    with open_fleet(office.fleet_db) as fleet:
        if all(hub.hub_id != hub_id for hub in fleet.list_hubs()):
            raise UsageError(f"{hub_id}: no such hub", hint="`central hubs` lists them.")


def _check_text(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise UsageError(
            f"a note: expected at most {MAX_TEXT} characters, got {len(text)}", hint="Shorten it."
        )
    return text
