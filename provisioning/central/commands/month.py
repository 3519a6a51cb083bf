"""`central report`: the numbers of a month."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text, size_text
from content_packs.durable import write_durably
from content_packs.errors import local_error
from provisioning.central.commands.fleet import csv_option, plain
from provisioning.central.commands.layout import say, table
from provisioning.central.commands.options import json_option, minute_text, now, with_office
from provisioning.central.fleetview.csvtext import csv_text
from provisioning.central.fleetview.month import COLUMNS, Month, MonthReport, SchoolMonth, read_month, to_rows
from provisioning.central.office import Office
from provisioning.central.web.dashboard import LANGUAGES
from provisioning.central.web.paper_file import paper_file

_HEADER = ("SCHOOL", "DAYS", "STICK", "SYNCS", "FAILED", "RECEIVED", "CAME", "PACKS", "OPENS", "INCIDENTS")
_PACKS = 20  # of the most opened


@click.command()
@click.argument("month", metavar="YYYY-MM")
@click.option("--hub", "hub_id", metavar="HUB_ID", help="Only this school.")
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it for the printer, as a page for browsers: the municipality, then each school on a page.",
)
@click.option(
    "--language", type=click.Choice([*LANGUAGES]), default="uk", show_default=True, help="Of that page."
)
@csv_option
@json_option
@with_office
def report(
    office: Office,
    month: str,
    hub_id: str | None,
    page: Path | None,
    language: str,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Say what a month was like, by school and for all: contact, bytes, packs, use, incidents.

    DAYS are those on which reports came, by the office's clock; OPENS how often a page or file of a pack
    was opened, which hubs tell in whole fives and without anything of who did.
    """
    found = read_month(office, Month.parse(month), now=now(), hub_id=hub_id)
    if page is not None:
        text = paper_file(office, found, language=language, summed=hub_id is None)
        try:
            write_durably(page, text.encode())
        except OSError as error:
            raise local_error(error, f"writing {page}") from error
        console.note(f"{page}: open it in a browser and print it")
    if as_json:
        console.print_json({"format": 1, **to_dict(found)})
    elif as_csv:
        click.echo(csv_text(COLUMNS, to_rows(found)), nl=False)
    elif page is None:
        say(_describe(found))


def to_dict(found: MonthReport) -> dict[str, Any]:
    """Return the report as JSON: docs/reference/json.md."""
    return {
        "month": str(found.month),
        "name": found.name,
        "as_of": found.as_of,
        "total": {
            "schools": len(found.schools),
            "silent": [school.hub.hub_id for school in found.silent],
            "received_bytes": found.total("received_bytes"),
            "syncs_ok": found.total("syncs_ok"),
            "syncs_failed": found.total("syncs_failed"),
            "opens": dict(found.opens),
        },
        "schools": [_school_dict(school) for school in found.schools],
    }


def _school_dict(school: SchoolMonth) -> dict[str, Any]:
    return {
        "hub_id": school.hub.hub_id,
        "school": school.hub.school,
        "ring": school.hub.ring,
        "state": school.state,
        "days_in_contact": school.days_in_contact,
        "days_by_stick": school.days_by_stick,
        "syncs_ok": school.syncs_ok,
        "syncs_failed": school.syncs_failed,
        "received_bytes": school.received_bytes,
        "sent_bytes": school.sent_bytes,
        "installed": list(school.installed),
        "packs_wanted": school.packs_wanted,
        "packs_current": school.packs_current,
        "opens": dict(school.opens),
        "starts": school.starts,
        "hottest_c": school.hottest_c,
        "incidents": dict(school.incidents),
    }


def _describe(found: MonthReport) -> Iterable[str]:
    yield plain(f"{found.name or 'All schools'}, {found.month}, as of {minute_text(found.as_of)}")
    if found.schools:
        yield from table([_HEADER, *map(_cells, found.schools)])
    opens = list(found.opens.items())
    yield f"opened: {sum(found.opens.values())}"
    yield from (f"  {pack_id}: {count}" for pack_id, count in opens[:_PACKS])
    silent = ", ".join(school.hub.school for school in found.silent)
    if silent:
        yield plain(f"in no contact: {count_text(len(found.silent), 'school')}: {silent}")


def _cells(school: SchoolMonth) -> tuple[str, ...]:
    return (
        plain(f"{school.hub.school} ({school.hub.hub_id})"),
        str(school.days_in_contact),
        str(school.days_by_stick),
        str(school.syncs_ok),
        str(school.syncs_failed),
        size_text(school.received_bytes),
        str(len(school.installed)),
        f"{school.packs_current}/{school.packs_wanted}",
        str(school.opens_total),
        " ".join(f"{code}:{days}" for code, days in school.incidents.items()) or "-",
    )
