"""Read what is known of every school, and look at each."""

from datetime import datetime

from provisioning.central.fleetview.known import Known
from provisioning.central.fleetview.rhythm import Way
from provisioning.central.fleetview.view import SchoolView, look_at, rank
from provisioning.central.office import Office
from provisioning.central.overview import HubOverview, read_overview


def read_fleet(office: Office, now: datetime) -> tuple[SchoolView, ...]:
    """Return how each enrolled school is, the worst first.

    Raises:
        LocalError: a database cannot be read.
    """
    views = [look_at(_known(hub), now=now) for hub in read_overview(office)]
    return tuple(sorted(views, key=rank))


def _known(hub: HubOverview) -> Known:
    contacts = (datetime.fromisoformat(hub.heard_at),) if hub.heard_at else ()
    sync = hub.body("sync")
    via: Way | None = None if not contacts else "stick" if sync and sync["road"] == "stick" else "link"
    return Known(hub.hub, hub.packs, hub.newest, hub.notes, contacts, via)
