"""The report of a month for the printer: one document, in the dashboard and by `central report --html`.

The municipality comes first, then each school on a page of its own. Of long lists only the beginning is on
paper, and how much more there is, so that a school is one page; all of it is in the table for spreadsheets.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import render_template
from markupsafe import Markup

from provisioning.central.fleetview.month import Month, MonthReport, SchoolMonth
from provisioning.central.web.chart import Chart, day_chart
from provisioning.central.web.packs_known import pack_titles

_STYLE = Path(__file__).parent / "static" / "paper.css"
_ROWS = 8  # of one list


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first rows of a list, and the others."""

    rows: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, int], ...]


def write_paper(report: MonthReport, *, summed: bool = True, each: bool = True, alone: bool = False) -> str:
    """Return the document: with `summed` the municipality's pages, with `each` one for each school.

    `alone`: a file that needs no other; a page of the dashboard names its stylesheet.
    """
    names = Counter(school.hub.school for school in report.schools)
    return render_template(
        "reports/paper.html",
        report=report,
        namesakes={name for name, count in names.items() if count > 1},
        summed=summed,
        schools=report.schools if each else (),
        titles=pack_titles(),
        chart_of=chart_of,
        begin=begin,
        rows=_ROWS,
        style=Markup(_STYLE.read_text(encoding="utf-8")) if alone else "",  # noqa: S704 - ours
    )


def begin(counts: Iterable[tuple[str, int]]) -> Beginning:
    """Return the beginning of a list; one row more takes no more room than saying so."""
    every = tuple(counts)
    at = _ROWS if len(every) > _ROWS + 1 else len(every)
    return Beginning(every[:at], every[at:])


def chart_of(school: SchoolMonth, month: Month) -> Chart | None:
    """Return what was opened by day; None where days are no longer kept, or nothing was told."""
    days = [month.first + timedelta(days=each) for each in range((month.last - month.first).days + 1)]
    known = [(day, school.opens_by_day.get(day, 0)) for day in days]
    return day_chart(known) if any(value for _day, value in known) else None
