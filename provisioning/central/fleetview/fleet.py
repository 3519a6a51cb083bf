"""Read what is known of every school in a few queries, and look at each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from content_packs.errors import UsageError
from provisioning.central.fleet import DeltaRow, Hub, Published, open_fleet
from provisioning.central.fleetview.known import Known
from provisioning.central.fleetview.mutes import EVERY_HUB, Mute, list_mutes
from provisioning.central.fleetview.view import SchoolView, look_at, rank
from provisioning.central.office import Office
from provisioning.central.overview import PackState, list_states
from provisioning.central.release import read_wanted
from provisioning.central.reports import Reports, open_reports
from provisioning.central.tallies import Failure

_USE_DAYS = 7
_PACE_DAYS = 60
_PACE_BYTES = 1_000_000  # less in a day is metadata and reports, and no pace
_Version = tuple[str, int]


def read_fleet(office: Office, now: datetime) -> tuple[SchoolView, ...]:
    """Return how each enrolled school is, the worst first; as of when reports were taken in last.

    Raises:
        LocalError: a database cannot be read.
    """
    return read_schools(office, now)


def read_schools(office: Office, now: datetime, *, only: str | None = None) -> tuple[SchoolView, ...]:
    """Return the same, or one school alone.

    Raises:
        UsageError: the hub is not enrolled.
        LocalError: a database cannot be read.
    """
    with open_fleet(office.fleet_db) as fleet:
        wanted = read_wanted(fleet).by_hub
        hubs = [hub for hub in fleet.list_hubs() if hub.revoked_at is None and only in (None, hub.hub_id)]
        sizes = _Sizes.of(fleet.list_packs(), fleet.list_deltas())
    if only is not None and not hubs:
        raise UsageError(f"{only}: no such hub is enrolled", hint="`central hubs` lists them.")
    with open_reports(office.reports_db) as reports:
        as_of = read_as_of(reports, now)
        mutes = list_mutes(office, now=now)
        known = _read_known(reports, hubs, wanted, sizes, mutes, now=as_of, only=only)
    return tuple(sorted((look_at(each, now=as_of) for each in known), key=rank))


def read_as_of(reports: Reports, now: datetime) -> datetime:
    """Return up to when the office has heard: silence after that is its own."""
    return min(reports.tallies.ingested_at() or now, now)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What a hub has to fetch for a version, at most."""

    packs: Mapping[_Version, int]
    deltas: Mapping[tuple[str, int, int], int]  # pack, version, from which

    @classmethod
    def of(cls, packs: Iterable[Published], deltas: Iterable[DeltaRow]) -> "_Sizes":
        return cls(
            {(pack.pack_id, pack.version): pack.download_bytes for pack in packs},
            {(each.pack_id, each.version, each.from_version): each.size for each in deltas},
        )

    def left(self, states: Iterable[PackState]) -> int:
        """Return how much is still to come for these packs."""
        return sum(self._of(state) for state in states if state.want not in (None, state.have))

    def _of(self, state: PackState) -> int:
        if state.want is None:
            return 0
        whole = self.packs.get((state.pack_id, state.want), 0)
        return self.deltas.get((state.pack_id, state.want, state.have or 0), whole)


def _read_known(
    reports: Reports,
    hubs: Iterable[Hub],
    wanted: Mapping[str, Mapping[str, int]],
    sizes: _Sizes,
    mutes: Iterable[Mute],
    *,
    now: datetime,
    only: str | None,
) -> list[Known]:
    tallies, today = reports.tallies, now.date()
    newest, notes = reports.read_all_newest(only), reports.all_notes()
    standing, failures = tallies.all_standing(), tallies.all_failures()
    opens = tallies.all_opens(today - timedelta(days=_USE_DAYS))
    paces = tallies.all_paces(today - timedelta(days=_PACE_DAYS), at_least=_PACE_BYTES)
    quiet: dict[str, list[Mute]] = {}
    for mute in mutes:
        quiet.setdefault(mute.hub_id, []).append(mute)
    found = []
    for hub in hubs:
        said = {  # by the card that it has now
            kind: heard
            for kind, heard in newest.get(hub.hub_id, {}).items()
            if heard.received_at >= hub.card_since
        }
        contacts = reports.list_last_contacts(hub.hub_id)
        states = list_states(wanted.get(hub.hub_id, {}), said)
        no_failures: list[Failure] = []
        found.append(
            Known(
                hub=hub,
                packs=states,
                newest=said,
                notes=tuple(notes.get(hub.hub_id, ())),
                contacts=tuple(datetime.fromisoformat(at) for at, _ in contacts),
                via=contacts[0][1] if contacts else None,
                opens_7d=opens.get(hub.hub_id, 0 if "usage" in said else None),
                bytes_left=sizes.left(states),
                bytes_a_day=paces.get(hub.hub_id),
                failures=tuple(failures.get(hub.hub_id, no_failures)) if "sync" in said else (),
                since=standing.get(hub.hub_id, {}),
                mutes=(*quiet.get(hub.hub_id, ()), *quiet.get(EVERY_HUB, ())),
            )
        )
    return found
