"""One school with its history: what its page and `central school` show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioning.central.fleetview.fleet import read_schools
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.office import Office
from provisioning.central.reports import Contact, open_reports
from provisioning.central.tallies import HealthDay, Traffic

HISTORY_DAYS = 90


@dataclass(frozen=True, slots=True)
class SchoolHistory:
    """How a school is, and what was heard of it in the last HISTORY_DAYS; the newest first."""

    view: SchoolView
    contacts: tuple[Contact, ...]
    traffic: tuple[Traffic, ...]
    syncs: tuple[Mapping[str, Any], ...]  # bodies of events: those that had something to tell, and one a day
    health: tuple[HealthDay, ...]
    opens: tuple[tuple[str, str, int], ...]  # day, pack, how often


def read_school(office: Office, hub_id: str, now: datetime) -> SchoolHistory:
    """Return one school with its history.

    Raises:
        UsageError: no such hub.
    """
    [view] = read_schools(office, now, only=hub_id)
    since = now - timedelta(days=HISTORY_DAYS)
    first, last = since.date(), (now + timedelta(days=1)).date()
    with open_reports(office.reports_db) as reports:
        tallies = reports.tallies
        return SchoolHistory(
            view,
            contacts=tuple(reports.list_contacts(hub_id, since=since)),
            traffic=tuple(reversed(tallies.list_traffic(hub_id, first, last))),
            syncs=tuple(reversed(reports.list_bodies(hub_id, "sync", first, last))),
            health=tuple(reversed(tallies.list_health(hub_id, first, last))),
            opens=tuple(reversed(tallies.list_opens(hub_id, first, last))),
        )
