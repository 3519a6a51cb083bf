"""A dashboard that runs, `central serve`, with a fleet to show and somebody signed in."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provisioning.central import publish as publishing
from provisioning.central.filters.policies import set_policy
from provisioning.central.fleet import Fleet
from provisioning.central.office import Office
from provisioning.central.people import add_person, find_by_name, make_link
from provisioning.central.release import change, read_wanted
from provisioning.central.reports import open_reports
from provisioning.central.rollouts.stages import parse_stages
from provisioning.central.rollouts.work import Rules, start_all
from provisioning.central.school_notes import add_note
from provisioning.central.uploads import UploadState, new_upload, write_state
from support.fleet_of import FleetOf
from support.office import OfficeAtWork
from support.road import BIN

ADMIN, PASSWORD = "olena", "three red horses"
HUB = "h-7f3a0003"  # of a school with an alert
NEWCOMER = "petro"


@dataclass(frozen=True, slots=True)
class RunningDashboard:
    """Where it is, and what it is about."""

    url: str
    office: Office
    upload_id: str
    link: str

    @property
    def pages(self) -> dict[str, str]:
        """The addresses of its pages, by a name for pictures."""
        month = self.month
        return {
            "fleet": "/",
            "fleet-nothing": "/?q=nowhere",
            "school": f"/schools/{HUB}",
            "school-revoke": f"/schools/{HUB}/revoke",
            "school-report": f"/schools/{HUB}/report/{month}",
            "alerts": "/alerts",
            "packs": "/packs",
            "pack": "/packs/maths-grade4",
            "pack-assign": "/packs/history-grade8/assign?ring=wave-1",
            "pack-withdraw": "/packs/maths-grade4/3/withdraw",
            "publish": "/publish",
            "upload": f"/publish/{self.upload_id}",
            "rollouts": "/rollouts",
            "rollout": "/rollouts/1",
            "rollout-ask": "/rollouts/1/pause",
            "rollout-new": "/packs/history-grade8/rollout?stages=wave-1,all",
            "reports": "/reports",
            "month": f"/reports/{month}",
            "paper": f"/reports/{month}/paper",
            "school-paper": f"/schools/{HUB}/report/{month}/paper",
            "pending": "/pending",
            "people": "/people",
            "person": f"/people/{NEWCOMER}",
            "account": "/account",
            "audit": "/audit",
            "filter": "/filter",
            "filter-policy": "/filter/policy/primary",
            "missing": "/nope",
        }

    @property
    def month(self) -> str:
        """The month that was told of last."""
        with open_reports(self.office.reports_db) as reports:
            at = reports.tallies.ingested_at()
        assert at is not None
        return f"{at:%Y-%m}"


@contextmanager
def serving_dashboard(office: Office) -> Iterator[str]:
    """Run `central serve` on a free port; give its address."""
    command = [BIN / "central", "--dir", office.dir, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip().rstrip("/")
            assert url.startswith("http://"), url
            yield url
        finally:
            running.send_signal(signal.SIGTERM)


@contextmanager
def a_dashboard(folder: Path, schools: int = 20) -> Iterator[RunningDashboard]:
    """Run a dashboard of so many schools, with a bit of everything that pages show."""
    fleet = FleetOf.found(folder, schools)
    office, now = fleet.work.office, fleet.now
    add_person(office, ADMIN, role="admin", password=PASSWORD, now=now)
    newcomer = add_person(office, NEWCOMER, role="viewer", password=None, now=now)
    add_note(office, HUB, "Дзвонили: новий блок живлення їде поштою.", who=ADMIN, now=now)
    _roll_out(fleet.work, now)
    upload_id = _send(office, now)
    change(office, lambda fleet: _set_filter(fleet, now), doing="test", now=now)
    link = f"/link/{make_link(office, find_by_name(office, NEWCOMER) or newcomer, now=now)}"
    with serving_dashboard(office) as url:
        yield RunningDashboard(url, office, upload_id, link)


def _roll_out(work: OfficeAtWork, now: datetime) -> None:
    """Publish newer mathematics that go out in three stages."""
    built = work.build("maths-grade4", 4, title="Математика, 4 клас")

    def edit(fleet: Fleet) -> None:
        before = read_wanted(fleet)
        outcome = publishing.publish(work.office, fleet, [built], now=now)
        stages = parse_stages("pilot,wave-1,all")
        start_all(fleet, outcome.published, stages, Rules(deadline="2027-03-01"), before=before, now=now)

    change(work.office, edit, doing="test", now=now)


def _set_filter(fleet: Fleet, now: datetime) -> None:
    """Set a policy, which one school has asked to open a site of (fleet_of.py)."""
    set_policy(
        fleet,
        "primary",
        block="adult,gambling,malware",
        lesson_block="social,games",
        lesson_time="mon-fri 08:30-15:00",
        safe_search=True,
        allow_lists=(),
        now=now,
    )


def _send(office: Office, now: datetime) -> str:
    """Leave an upload in which faults were found."""
    folder = new_upload(office, now=now)
    found = {"severity": "error", "path": "index.html", "line": 7, "hint": "Take the link out."}
    state = UploadState(folder.name, ADMIN, "chemistry.zip", 1_400_000, "", "checked", kind="source")
    told = replace(
        state,
        pack={"id": "chemistry", "version": 1, "title": "Хімія, 7 клас", "kind": "web", "language": "uk"},
        findings=(
            {**found, "code": "broken-link", "message": "a link to 'gone.html', which is not in the pack"},
            {
                **found,
                "severity": "warning",
                "path": "Thumbs.db",
                "line": 0,
                "code": "left-over",
                "message": "was left by another program",
            },
        ),
    )
    write_state(folder, told, now=now)
    return folder.name
