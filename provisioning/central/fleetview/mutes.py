"""Alerts that people have taken note of: table alert_mutes of fleet.db, which only this module writes."""

from dataclasses import asdict, dataclass
from datetime import datetime

from content_packs.errors import UsageError
from provisioning.central.fleet import Fleet

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


class Mutes:
    """Typed reading and writing of these tables."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._db = fleet, fleet.database

    def list_mutes(self, *, now: datetime) -> list[Mute]:
        """Return what is quiet now, by school and code."""
        rows = self._db.query("select * from alert_mutes order by hub_id, code")
        mutes = [Mute(**row) for row in rows]
        return [mute for mute in mutes if mute.until is None or datetime.fromisoformat(mute.until) > now]

    def mute(self, mute: Mute, *, keep: bool = True) -> None:
        """Quieten an alert, instead of what was said of it before; `keep` false: only try.

        Raises:
            UsageError: its hub is not enrolled, or the note too long.
        """
        if mute.hub_id != EVERY_HUB:
            self._check(mute.hub_id)
        _check_text(mute.note)
        with self._fleet.transaction(keep=keep):
            self._db.table("alert_mutes").upsert(asdict(mute), pk=("code", "hub_id"))

    def unmute(self, code: str, hub_id: str, *, keep: bool = True) -> bool:
        """Let an alert be heard again; return whether it was quiet."""
        with self._fleet.transaction(keep=keep):
            query = "delete from alert_mutes where code = ? and hub_id = ?"
            return self._db.execute(query, [code, hub_id]).rowcount > 0

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
