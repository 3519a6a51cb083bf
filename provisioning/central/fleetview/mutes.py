"""Alerts that people have taken note of: table alert_mutes of fleet.db, which only this module writes."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.fleet import Fleet
from provisioning.central.fleetview.alert import SUBJECTS, Alert

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


class Mutes:
    """Typed reading and writing of these tables."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._db = fleet, fleet.database

    def list_mutes(self, *, now: datetime) -> list[Mute]:
        """Return what is quiet now, by school, code and what it is about."""
        rows = self._db.query("select * from alert_mutes order by hub_id, code, about")
        mutes = [Mute(**row) for row in rows]
        return [mute for mute in mutes if mute.until is None or datetime.fromisoformat(mute.until) > now]

    def mute(self, mutes: Iterable[Mute], *, keep: bool = True) -> None:
        """Quieten alerts, instead of what was said of them before; `keep` false: only try.

        Raises:
            UsageError: a hub is not enrolled, or a text too long.
        """
        with self._fleet.transaction(keep=keep):
            for mute in mutes:
                if mute.hub_id != EVERY_HUB:
                    self._check(mute.hub_id)
                for name, text in (("a note", mute.note), ("what it is about", mute.about)):
                    _check_text(name, text)
                self._db.table("alert_mutes").upsert(asdict(mute), pk=_KEY)

    def unmute(self, code: str, hub_id: str, about: Iterable[str] = (), *, keep: bool = True) -> bool:
        """Let an alert be heard again, of these things or of all; return whether it was quiet."""
        things = list(about)
        query = "delete from alert_mutes where code = ? and hub_id = ?"
        query += f" and about in ({', '.join('?' * len(things))})" if things else ""
        with self._fleet.transaction(keep=keep):
            return self._db.execute(query, [code, hub_id, *things]).rowcount > 0

    def _check(self, hub_id: str) -> None:
        if all(hub.hub_id != hub_id for hub in self._fleet.list_hubs()):
            raise UsageError(f"{hub_id}: no such hub", hint="`central hubs` lists them.")


def to_mute(alerts: Iterable[Alert], code: str) -> tuple[str, ...]:
    """Return what the alerts of a code are about that a school has now: who quietens them knows of these.

    Raises:
        UsageError: it has none, and nobody can know what the next one will be about.
    """
    found = {about: None for alert in alerts if alert.code == code for about in alert.subjects}
    if not found and code in SUBJECTS:
        raise UsageError(
            f"{code}: this school has no such alert now",
            hint="`central alerts` lists them; --about maths@3 names one that may come.",
        )
    return tuple(found) or ("",)


def _check_text(name: str, text: str) -> None:
    if len(text.strip()) > MAX_TEXT:
        raise UsageError(
            f"{name}: expected at most {MAX_TEXT} characters, got {len(text.strip())}", hint="Shorten it."
        )
