"""/reports: the numbers of a month, for all and for each school, to be printed and as a table."""

from collections import Counter
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request

from provisioning.central.fleetview.month import COLUMNS, Month, MonthReport, SchoolMonth, read_month, to_rows
from provisioning.central.reports import open_reports
from provisioning.central.web.chart import Chart, day_chart
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.kept import Kept
from provisioning.central.web.known import find_school
from provisioning.central.web.packs_known import pack_titles
from provisioning.central.web.paging import page_of
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
    incidents = Counter[str]()
    for school in report.schools:
        incidents.update(list(school.incidents))
    heard = [school for school in report.schools if school.days_in_contact]
    return render_template(
        "reports/month.html",
        section="/reports",
        report=report,
        titles=pack_titles(),
        heard=len(heard),
        incidents=incidents.most_common(),
        page=page_of(report.schools, request.args.get("page", ""), _ROWS),
        most=max(report.opens.values(), default=0),
    )


@bp.get("/reports/<month>.csv")
@needs("viewer")
def table(month: str) -> Response:
    """The same as a table: a row for each school; the heads are those of `central report --csv`."""
    report = _read(month)
    return csv_file(f"report-{report.month}.csv", COLUMNS, to_rows(report))


@bp.get("/schools/<hub_id>/report/<month>")
@needs("viewer")
def school(hub_id: str, month: str) -> str:
    """One school in one month."""
    asked = Month.parse(month)
    report = read_month(this_office(), asked, now=now(), hub_id=hub_id)
    [numbers] = report.schools
    return render_template(
        "reports/school.html",
        section="/reports",
        report=report,
        numbers=numbers,
        titles=pack_titles(),
        view=find_school(hub_id),
        chart=_chart(numbers, asked),
        most=max(numbers.opens.values(), default=0),
    )


def _read(text: str) -> MonthReport:
    office, month, moment = this_office(), Month.parse(text), now()
    return _KEPT.get(office, str(month), lambda: read_month(office, month, now=moment), now=moment)


def _chart(numbers: SchoolMonth, month: Month) -> Chart | None:
    """Return what was opened by day; None where days are no longer kept, or nothing was told."""
    with open_reports(this_office().reports_db) as reports:
        rows = reports.tallies.list_opens(numbers.hub.hub_id, month.first, month.last)
    by_day = Counter[str]()
    for day, _pack, opens in rows:
        by_day[day] += opens
    days = [month.first + timedelta(days=each) for each in range((month.last - month.first).days + 1)]
    known = [(day, by_day[date.isoformat(day)]) for day in days]
    return day_chart(known) if any(value for _day, value in known) else None
