"""The report of a month for the printer as a file, without a dashboard."""

from provisioning.central.fleetview.month import MonthReport
from provisioning.central.office import Office
from provisioning.central.web.app import bare_app
from provisioning.central.web.dashboard import Dashboard
from provisioning.central.web.paper import write_paper


def paper_file(office: Office, report: MonthReport, *, language: str, summed: bool) -> str:
    """Return the report as one HTML file; with `summed` the municipality comes before the schools."""
    with bare_app(Dashboard(office)).test_request_context(headers={"Accept-Language": language}):
        return write_paper(report, summed=summed, alone=True)
