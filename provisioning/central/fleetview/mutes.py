"""Alerts that people have taken note of: table alert_mutes of people.db, which only this module writes.

Not of fleet.db: that is locked while something is published, for hours perhaps.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.database import transaction
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.alert import SUBJECTS, Alert
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

EVERY_HUB = ANYTHING = "*"
MAX_TEXT = 2000  # characters
_KEY = ("code", "hub_id", "about")


@dataclass(frozen=True, slots=True)
class Mute:
    """An alert that somebody has taken note of: it is quiet until a time, or until it begins anew."""

    code: str
    hub_id: str  # or EVERY_HUB, as in the holidays
    about: str  # the version of a pack; "" where the alert is about none; or ANYTHING
    who: str
    note: str
    at: str  # ISO 8601, UTC
    until: str | None

    def covers(self, code: str, about: str, since: str, *, now: datetime) -> bool:
        """Tell whether it quietens an alert of its school, about one thing, that is so since a time."""
        if self.code != code or self.about not in (about, ANYTHING):
            return False
        if self.until is not None and now >= datetime.fromisoformat(self.until):
            return False
        if self.until is not None or not since:
            return True
        return datetime.fromisoformat(since) <= datetime.fromisoformat(self.at)


def list_mutes(office: Office, *, now: datetime) -> list[Mute]:
    """Return what is quiet now, by school, code and what it is about."""
    if not office.people_db.exists():
        return []  # nothing is made by looking
    with open_people_db(office) as db:
        rows = db.query("select * from alert_mutes order by hub_id, code, about")
        mutes = [Mute(**row) for row in rows]
    return [mute for mute in mutes if mute.until is None or datetime.fromisoformat(mute.until) > now]


def mute_alerts(office: Office, mutes: Iterable[Mute], *, dry_run: bool = False) -> None:
    """Quieten alerts, instead of what was said of them before.

    Raises:
        UsageError: a hub is not enrolled, or a text too long.
    """
    asked = list(mutes)
    _check_hubs(office, {mute.hub_id for mute in asked} - {EVERY_HUB})
    for mute in asked:
        for name, text in (("a note", mute.note), ("what it is about", mute.about)):
            _check_text(name, text)
    if not dry_run:
        with open_people_db(office) as db, transaction(db):
            db.table("alert_mutes").upsert_all(map(asdict, asked), pk=_KEY)


def unmute_alerts(
    office: Office, code: str, hub_id: str, about: Iterable[str] = (), *, dry_run: bool = False
) -> bool:
    """Let an alert be heard again, of these things or of all; return whether it was quiet."""
    if dry_run and not office.people_db.exists():
        return False
    things = list(about)
    query = "delete from alert_mutes where code = ? and hub_id = ?"
    query += f" and about in ({', '.join('?' * len(things))})" if things else ""
    with open_people_db(office) as db, transaction(db, keep=not dry_run):
        return db.execute(query, [code, hub_id, *things]).rowcount > 0


def to_mute(alerts: Iterable[Alert], code: str, until: str | None) -> tuple[str, ...]:
    """Return what the alerts of a code are about that a school has now: who quietens them knows of these.

    Raises:
        UsageError: it has none, and nobody can know what the next one will be about; or that one would be
            heard, since without `until` only what is so already is quiet.
    """
    found = {about: None for alert in alerts if alert.code == code for about in alert.subjects}
    if not found and (code in SUBJECTS or until is None):
        more = "--about maths@3 names" if code in SUBJECTS else "--until DAY quietens"
        raise UsageError(
            f"{code}: this school has no such alert now",
            hint=f"`central alerts` lists them; {more} one that may come.",
        )
    return tuple(found) or ("",)


def _check_hubs(office: Office, hub_ids: set[str]) -> None:
    with open_fleet(office.fleet_db) as fleet:
        strangers = hub_ids - {hub.hub_id for hub in fleet.list_hubs()}
    for hub_id in strangers:
        raise UsageError(f"{hub_id}: no such hub", hint="`central hubs` lists them.")


def _check_text(name: str, text: str) -> None:
    if len(text.strip()) > MAX_TEXT:
        raise UsageError(
            f"{name}: expected at most {MAX_TEXT} characters, got {len(text.strip())}", hint="Shorten it."
        )
