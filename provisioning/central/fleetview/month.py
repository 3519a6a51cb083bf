"""The numbers of one month, by school and for all: for the printed report, as JSON and as CSV.

Days in contact are those of the office's clock; what was opened, carried and wrong is by the hub's.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from content_packs.errors import UsageError
from provisioning.central.fleet import Hub, open_fleet
from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.csvtext import Cell
from provisioning.central.fleetview.fleet import read_as_of, read_schools
from provisioning.central.fleetview.view import SchoolView, State
from provisioning.central.office import Office
from provisioning.central.reports import Reports, open_reports
from provisioning.central.tallies import KEPT_FOR, HealthDay

COLUMNS = (
    "hub_id",
    "school",
    "ring",
    "month",
    "days_in_contact",
    "days_by_stick",
    "syncs_ok",
    "syncs_failed",
    "received_bytes",
    "packs_installed",
    "packs_wanted",
    "packs_current",
    "opens",
    "starts",
    "hottest_c",
    "incidents",
)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month `2026-11`.

        Raises:
            UsageError: it is none.
        """
        try:
            day = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
        except ValueError as error:
            raise UsageError(f"{text!r}: expected a month", hint="As in 2026-11.") from error
        return cls.of(day)

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month of a day."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class SchoolMonth:
    """One school in one month."""

    hub: Hub
    state: State  # now, not then
    days_in_contact: int
    days_by_stick: int  # of them
    syncs_ok: int
    syncs_failed: int
    received_bytes: int
    sent_bytes: int
    installed: tuple[str, ...]  # id@version
    packs_wanted: int  # now
    packs_current: int  # now
    opens: Mapping[str, int]  # pack → how often something of it was opened
    starts: int  # of the machine, between the first and the last report
    hottest_c: float | None
    incidents: Mapping[str, int]  # code of an alert → on how many reported days; long past: in how many weeks
    opens_by_day: Mapping[date, int]  # of the days that are still known
    to_do: tuple[Alert, ...]  # now

    @property
    def opens_total(self) -> int:
        """What was opened, of all packs."""
        return sum(self.opens.values())


@dataclass(frozen=True, slots=True)
class MonthReport:
    """All schools in one month, by name."""

    month: Month
    as_of: str  # up to when reports were taken in, ISO 8601
    schools: tuple[SchoolMonth, ...]
    name: str = ""  # whose office it is

    @property
    def opens(self) -> Mapping[str, int]:
        """What was opened in all schools, the most opened pack first."""
        total = Counter[str]()
        for school in self.schools:
            total.update(school.opens)
        return dict(total.most_common())

    @property
    def incidents(self) -> Mapping[str, int]:
        """Return what was wrong, and at how many schools, the most frequent first."""
        total = Counter(code for school in self.schools for code in school.incidents)
        return dict(total.most_common())

    @property
    def silent(self) -> tuple[SchoolMonth, ...]:
        """The schools that were in no contact."""
        return tuple(school for school in self.schools if not school.days_in_contact)

    def total(self, name: str) -> int:
        """Return the sum of one number of all schools."""
        return sum(int(getattr(school, name)) for school in self.schools)


def read_month(office: Office, month: Month, *, now: datetime, hub_id: str | None = None) -> MonthReport:
    """Return the numbers of a month, of all enrolled schools or of one.

    Raises:
        UsageError: no such hub; the month has not begun, or is forgotten.
    """
    if month.first > now.date():
        raise UsageError(f"{month}: has not begun", hint=f"It is {now.date().isoformat()}.")
    if month.last < (now - KEPT_FOR).date():
        oldest = Month.of((now - KEPT_FOR).date())
        raise UsageError(f"{month}: is forgotten", hint=f"What hubs told is kept since {oldest}.")
    views = read_schools(office, now, only=hub_id)
    with open_reports(office.reports_db) as reports:
        as_of = read_as_of(reports, now)
        schools = [_read_school(reports, view, month) for view in views]
    with open_fleet(office.fleet_db) as fleet:
        name = fleet.name()
    schools.sort(key=lambda each: (each.hub.school, each.hub.hub_id))
    return MonthReport(month, as_of.isoformat(timespec="seconds"), tuple(schools), name)


def _read_school(reports: Reports, view: SchoolView, month: Month) -> SchoolMonth:
    hub_id, first, last = view.hub.hub_id, month.first, month.last
    contacts = reports.list_contact_days(hub_id, first, last)
    traffic = reports.tallies.list_traffic(hub_id, first, last)
    health = reports.tallies.list_health(hub_id, first, last)
    bodies = reports.list_bodies(hub_id, "sync", first, last)
    opens, by_day = Counter[str](), Counter[date]()
    for day, pack_id, count in reports.tallies.list_opens(hub_id, first, last):
        opens[pack_id] += count
        if len(day) == len("2026-11-01"):
            by_day[date.fromisoformat(day)] += count
    return SchoolMonth(
        hub=view.hub,
        state=view.state,
        days_in_contact=len(contacts),
        days_by_stick=sum(ways == {"stick"} for ways in contacts.values()),
        syncs_ok=sum(day.syncs_ok for day in traffic),
        syncs_failed=sum(day.syncs_failed for day in traffic),
        received_bytes=sum(day.received_bytes for day in traffic),
        sent_bytes=sum(day.sent_bytes for day in traffic),
        installed=tuple(_list_installed(body["done"] for body in bodies)),
        packs_wanted=view.packs_wanted,
        packs_current=view.packs_current,
        opens=dict(opens.most_common()),
        starts=_count_starts(health),
        hottest_c=max((day.temperature_c for day in health if day.temperature_c is not None), default=None),
        incidents=dict(sorted(Counter(code for day in health for code in day.codes).items())),
        opens_by_day=dict(by_day),
        to_do=view.reasons,
    )


def _list_installed(done: Iterable[Sequence[str]]) -> list[str]:
    """Return the versions that were installed: of `install maths@3` what is behind the verb, each once."""
    verbs = ("install ", "replace ")
    names = [text.rpartition(" ")[2] for texts in done for text in texts if text.startswith(verbs)]
    return list(dict.fromkeys(names))


def _count_starts(health: Sequence[HealthDay]) -> int:
    """Return how often the machine was started between reports; a new card begins to count anew."""
    return sum(max(0, after.boots - before.boots) for before, after in pairwise(health))


def to_rows(report: MonthReport) -> list[list[Cell]]:
    """Return a row of COLUMNS for each school."""
    return [
        [
            school.hub.hub_id,
            school.hub.school,
            school.hub.ring,
            str(report.month),
            school.days_in_contact,
            school.days_by_stick,
            school.syncs_ok,
            school.syncs_failed,
            school.received_bytes,
            len(school.installed),
            school.packs_wanted,
            school.packs_current,
            school.opens_total,
            school.starts,
            school.hottest_c,
            " ".join(f"{code}:{days}" for code, days in school.incidents.items()),
        ]
        for school in report.schools
    ]
