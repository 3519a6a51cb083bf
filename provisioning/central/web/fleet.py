"""/: every school, the worst first, and the same as a table for spreadsheets."""

from collections import Counter
from collections.abc import Iterable

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from provisioning.central.fleetview.csvtext import Cell
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.web.known import known_fleet
from provisioning.central.web.paging import page_of
from provisioning.central.web.signin import needs
from provisioning.central.web.state_words import STATES, alert_text, way_word
from provisioning.central.web.tables import csv_file

bp = Blueprint("fleet", __name__)
_ROWS = 100  # of a page
_FILTERS = ("q", "state", "ring", "pack")


@bp.get("/")
@needs("viewer")
def index() -> str:
    """All schools, or those that are asked for."""
    fleet = known_fleet()
    wanted = {name: request.args.get(name, "").strip() for name in _FILTERS}
    found = [view for view in fleet.schools if _fits(view, wanted)]
    counts = Counter[str](view.state for view in fleet.schools)
    return render_template(
        "fleet/index.html",
        section="/",
        page=page_of(found, request.args.get("page", ""), _ROWS),
        all_count=len(fleet.schools),
        action_count=sum(view.needs_action for view in fleet.schools),
        counts={state: counts[state] for state in STATES if counts[state]},
        wanted=wanted,
        said={name: value for name, value in wanted.items() if value},
        as_of=fleet.as_of.isoformat(),
        rings=sorted({view.ring for view in fleet.schools}),
        packs=sorted({pack.pack_id for view in fleet.schools for pack in view.packs}),
    )


@bp.get("/schools.csv")
@needs("viewer")
def table() -> Response:
    """The same schools as a file."""
    wanted = {name: request.args.get(name, "").strip() for name in _FILTERS}
    heads = (
        *(_("School"), _("Hub"), _("Ring"), _("State"), _("Reasons"), _("Last contact"), _("How")),
        *(_("Packs as they shall be"), _("Packs"), _("Bytes left"), _("Free bytes"), _("All bytes")),
        *(_("Software"), _("Opened in 7 days")),
    )
    return csv_file("schools.csv", heads, _rows(v for v in known_fleet().schools if _fits(v, wanted)))


def _rows(views: Iterable[SchoolView]) -> Iterable[tuple[Cell, ...]]:
    for view in views:
        free, total = view.disk or (None, None)
        yield (
            *(view.hub.school, view.hub.hub_id, view.ring, _(STATES[view.state].text)),
            *("; ".join(map(alert_text, view.reasons)), view.heard_at, way_word(view.way(view.via))),
            *(view.packs_current, view.packs_wanted, view.bytes_left, free, total),
            *(view.software, view.use_7d),
        )


def _fits(view: SchoolView, wanted: dict[str, str]) -> bool:
    words = wanted["q"].casefold().split()
    named = f"{view.hub.school} {view.hub.hub_id}".casefold()
    return (
        all(word in named for word in words)
        and wanted["state"] in ("", view.state)
        and wanted["ring"] in ("", view.ring)
        and (not wanted["pack"] or any(pack.pack_id == wanted["pack"] for pack in view.packs))
    )
