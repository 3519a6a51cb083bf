"""/reports: the numbers of a month, for all and for each school, to be printed and as a table."""

from datetime import timedelta

from flask import Blueprint, Response, render_template, request

from provisioning.central.fleetview.month import COLUMNS, Month, MonthReport, read_month, to_rows
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.kept import Kept
from provisioning.central.web.packs_known import pack_titles
from provisioning.central.web.paging import page_of
from provisioning.central.web.paper import chart_of, write_paper
from provisioning.central.web.signin import needs
from provisioning.central.web.tables import csv_file

bp = Blueprint("reports", __name__)
_MONTHS = 13  # as long as reports are kept
_ROWS = 100
_KEPT = Kept[MonthReport]()


@bp.get("/reports")
@needs("viewer")
def index() -> str:
    """The months."""
    months, day = [], now().date()
    for _number in range(_MONTHS):
        months.append(Month.of(day))
        day = day.replace(day=1) - timedelta(days=1)
    return render_template("reports/index.html", section="/reports", months=months)


@bp.get("/reports/<month>")
@needs("viewer")
def show(month: str) -> str:
    """All schools in one month."""
    report = _read(month)
    return render_template(
        "reports/month.html",
        section="/reports",
        report=report,
        titles=pack_titles(),
        page=page_of(report.schools, request.args.get("page", ""), _ROWS),
        most=max(report.opens.values(), default=0),
    )


@bp.get("/reports/<month>.csv")
@needs("viewer")
def table(month: str) -> Response:
    """The same as a table: a row for each school; the heads are those of `central report --csv`."""
    report = _read(month)
    return csv_file(f"report-{report.month}.csv", COLUMNS, to_rows(report))


@bp.get("/reports/<month>/paper")
@needs("viewer")
def paper(month: str) -> str:
    """The same for the printer: the municipality, and with `schools` a page for each of them."""
    return write_paper(_read(month), each="schools" in request.args)


@bp.get("/schools/<hub_id>/report/<month>")
@needs("viewer")
def school(hub_id: str, month: str) -> str:
    """One school in one month."""
    report = _read_school(hub_id, month)
    [numbers] = report.schools
    return render_template(
        "reports/school.html",
        section="/reports",
        report=report,
        numbers=numbers,
        titles=pack_titles(),
        chart=chart_of(numbers, report.month),
        most=max(numbers.opens.values(), default=0),
    )


@bp.get("/schools/<hub_id>/report/<month>/paper")
@needs("viewer")
def school_paper(hub_id: str, month: str) -> str:
    """One school in one month, for the printer."""
    return write_paper(_read_school(hub_id, month), summed=False)


def _read(text: str) -> MonthReport:
    office, month, moment = this_office(), Month.parse(text), now()
    return _KEPT.get(office, str(month), lambda: read_month(office, month, now=moment), now=moment)


def _read_school(hub_id: str, month: str) -> MonthReport:
    return read_month(this_office(), Month.parse(month), now=now(), hub_id=hub_id)
