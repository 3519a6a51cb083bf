"""/alerts: what is wrong anywhere, the same thing of many schools together, with what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.central import read_office_alerts
from provisioning.central.fleetview.csvtext import Cell
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.known import known_fleet
from provisioning.central.web.signin import needs
from provisioning.central.web.state_words import LEVELS, alert_advice, alert_text
from provisioning.central.web.tables import csv_file

bp = Blueprint("alerts", __name__)
_SHOWN = 25  # schools of one alert; the list of schools shows the others


@dataclass(frozen=True, slots=True)
class Kind:
    """Alerts of one code, and whose they are."""

    code: str
    level: str
    found: Sequence[tuple[SchoolView, Alert]]


@bp.get("/alerts")
@needs("viewer")
def index() -> str:
    """All alerts."""
    fleet = known_fleet()
    return render_template(
        "alerts/index.html",
        section="/alerts",
        kinds=by_kind(fleet.schools),
        shown=_SHOWN,
        as_of=fleet.as_of.isoformat(),
        own=read_office_alerts(this_office(), now()),
    )


@bp.get("/alerts.csv")
@needs("viewer")
def table() -> Response:
    """The same as a file."""
    heads = (_("Level"), _("School"), _("Hub"), _("Ring"), _("What is so"), _("What to do"), _("Since"))
    return csv_file("alerts.csv", heads, _rows(by_kind(known_fleet().schools)))


def by_kind(schools: Iterable[SchoolView]) -> list[Kind]:
    """Return the alerts of these schools by what they are, the worst and most frequent first. Pure."""
    found: dict[tuple[str, str], list[tuple[SchoolView, Alert]]] = {}
    for view in schools:
        for alert in view.reasons:
            found.setdefault((alert.level, alert.code), []).append((view, alert))
    kinds = [Kind(code, level, pairs) for (level, code), pairs in found.items()]
    order: Mapping[str, int] = {level: number for number, level in enumerate(LEVELS)}
    return sorted(kinds, key=lambda kind: (order[kind.level], -len(kind.found), kind.code))


def _rows(kinds: Iterable[Kind]) -> Iterable[tuple[Cell, ...]]:
    for kind in kinds:
        for view, alert in kind.found:
            yield (
                *(_(LEVELS[kind.level].text), view.hub.school, view.hub.hub_id, view.ring),
                *(alert_text(alert), alert_advice(alert), alert.since),
            )
