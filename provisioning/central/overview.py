"""How the hubs of the fleet are, by what they have reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.central.fleet import Hub, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import read_wanted
from provisioning.central.reports import Heard, Note, open_reports

NEVER = "never heard from"


@dataclass(frozen=True, slots=True)
class PackState:
    """One pack of one hub: the version that it shall have, and the one it said that it has."""

    pack_id: str
    want: int | None
    have: int | None
    state: str  # "current", "fetching", "needs-space", "waiting", "extra" or "unknown"


@dataclass(frozen=True, slots=True)
class HubOverview:
    """What the office knows of one hub."""

    hub: Hub
    heard_at: str | None  # by the office's clock, ISO 8601; None: never
    said_at: str | None  # the same by the hub's clock, which may be wrong
    packs: tuple[PackState, ...]
    newest: Mapping[str, Heard]
    notes: tuple[Note, ...]

    @property
    def is_copied(self) -> bool:
        """Whether two machines have reported as this hub since it was enrolled."""
        return any(note.kind == "two-cards" and note.at > self.hub.enrolled_at for note in self.notes)

    def body(self, kind: str) -> Mapping[str, Any] | None:
        """Return what the newest event of a kind says; None where there is none."""
        heard = self.newest.get(kind)
        return None if heard is None else heard.event.body


def read_overview(office: Office) -> list[HubOverview]:
    """Return what the office knows of each enrolled hub."""
    with open_fleet(office.fleet_db) as database:
        enrolled = [hub for hub in database.list_hubs() if hub.revoked_at is None]
        wanted = read_wanted(database).by_hub
    with open_reports(office.reports_db) as reports:
        return [
            look_at(
                hub,
                wanted.get(hub.hub_id, {}),
                reports.read_newest(hub.hub_id),
                reports.list_notes(hub.hub_id),
            )
            for hub in enrolled
        ]


def look_at(
    hub: Hub, wanted: Mapping[str, int], newest: Mapping[str, Heard], notes: Sequence[Note]
) -> HubOverview:
    """Return what the office knows of a hub that shall have `wanted`."""
    last = max(newest.values(), key=lambda h: (h.event.stream, h.event.seq), default=None)
    return HubOverview(
        hub,
        heard_at=last.received_at if last else None,
        said_at=last.event.at if last else None,
        packs=list_states(wanted, newest),
        newest=newest,
        notes=tuple(notes),
    )


def list_states(wanted: Mapping[str, int], newest: Mapping[str, Heard]) -> tuple[PackState, ...]:
    """Return how each pack of a hub is, of what it shall have and of what it said that it has."""
    body = newest["packs"].event.body if "packs" in newest else None
    have: Mapping[str, int] = body["have"] if body is not None else {}
    return tuple(
        PackState(pack_id, wanted.get(pack_id), have.get(pack_id), _state(pack_id, wanted.get(pack_id), body))
        for pack_id in sorted(wanted.keys() | have.keys())
    )


def _state(pack_id: str, want: int | None, body: Mapping[str, Any] | None) -> str:
    if body is None:
        return "unknown"
    if want is None:
        return "extra"
    if body["have"].get(pack_id) == want:
        return "current"
    if body["needs_space"].get(pack_id) == want:
        return "needs-space"
    return "fetching" if body["fetching"].get(pack_id) == want else "waiting"
