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
from provisioning.central.fleetview.findings import FINDINGS, UNKNOWN
from provisioning.central.office import Office
from provisioning.central.people_db import open_people_db

EVERY_HUB = ANYTHING = "*"
MAX_TEXT = 2000  # characters
_KEY = ("code", "hub_id", "about")
_CODES = frozenset(
    {
        *(alert.code for alert in FINDINGS.values()),
        *("card-worn", "clock-wrong", "copied-card", "disk-full", "needs-space", "never", "overdue"),
        *("overheating", "pack-fails", "reports-dropped", "sync-failed", "too-many-opens", "too-slow"),
        "update-failed",
    }
)


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
        UsageError: no alert of a school has this code, a hub is not enrolled, or a text is too long.
    """
    asked = list(mutes)
    _check_hubs(office, {mute.hub_id for mute in asked} - {EVERY_HUB})
    for mute in asked:
        _check_code(mute.code)
        _check_about(mute.code, mute.about)
        _check_text("a note", mute.note)
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


def to_mute(alerts: Iterable[Alert], code: str, about: Iterable[str], *, is_until: bool) -> tuple[str, ...]:
    """Return what one mutes of the alerts that a school has now: these things, or all that it is about.

    What has not begun can only be quiet until a day (`is_until`): else its beginning is news.

    Raises:
        UsageError: the school has no such alert now.
    """
    _check_code(code)
    found = {each: None for alert in alerts if alert.code == code for each in alert.subjects}
    things = tuple(about) or tuple(found)
    if is_until and (things or code not in SUBJECTS):
        return things or ("",)
    strange = [each for each in things if each not in found]
    if strange or not things:
        which = f" of {', '.join(strange)}" if strange else ""
        named = " and --about maths@3" if code in SUBJECTS else ""
        raise UsageError(
            f"{code}: this school has no such alert{which} now",
            hint=f"`central alerts` lists them; --until DAY{named} quietens one that may come.",
        )
    return things


def _check_code(code: str) -> None:
    """Raise UsageError for what no alert of a school is called: who mistyped it would believe it quiet."""
    if code not in _CODES and not code.startswith(UNKNOWN):
        raise UsageError(
            f"{code!r:.60}: no alert of a school is called so", hint="`central alerts --json` names them."
        )


def _check_about(code: str, about: str) -> None:
    if about in ("", ANYTHING):
        return
    if code not in SUBJECTS:
        raise UsageError(
            f"{code}: is about no version of a pack, got {about!r:.60}", hint="Leave --about out."
        )
    _check_text("what it is about", about)
    if not about.isprintable():
        raise UsageError(f"{about!r:.60}: expected a version of a pack", hint="As in maths@3.")


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
