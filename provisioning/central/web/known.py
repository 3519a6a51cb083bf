"""All schools, as the databases have them."""

from dataclasses import dataclass
from datetime import datetime

from provisioning.central.fleetview.fleet import read_as_of, read_fleet
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.office import Office
from provisioning.central.reports import open_reports
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.kept import Kept


@dataclass(frozen=True, slots=True)
class Fleet:
    """All enrolled schools, worst first, as of a time: silence after that is the office's own."""

    as_of: datetime
    schools: tuple[SchoolView, ...]


_KEPT = Kept[Fleet]()


def known_fleet() -> Fleet:
    """Return the fleet as the databases have it."""
    office, moment = this_office(), now()
    return _KEPT.get(office, "", lambda: _read(office, moment), now=moment)


def find_school(hub_id: str) -> SchoolView | None:
    """Return one school, by the id of its hub."""
    return next((view for view in known_fleet().schools if view.hub.hub_id == hub_id), None)


def _read(office: Office, moment: datetime) -> Fleet:
    with open_reports(office.reports_db) as reports:
        as_of = read_as_of(reports, moment)
    return Fleet(as_of, read_fleet(office, moment))
