"""What is to be done in the office itself: reports, rollouts, signatures, and what schools ask for."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from provisioning.central.filters.appeals import read_appeals
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.alert import Alert
from provisioning.central.office import Office
from provisioning.central.reports import open_reports
from provisioning.central.rollouts.alerts import list_alerts

_STALE = timedelta(hours=26)  # who takes reports in once a day is on time
_SOON = timedelta(days=30)
_NAMED = 5  # sites in one sentence


def read_office_alerts(office: Office, now: datetime) -> tuple[Alert, ...]:
    """Return what somebody has to do in the office, whatever the schools do.

    Raises:
        LocalError: a database or the metadata cannot be read.
    """
    with open_reports(office.reports_db) as reports:
        ingested_at = reports.tallies.ingested_at()
    with open_fleet(office.fleet_db) as fleet:
        rollouts = tuple(list_alerts(fleet, now))
    of_ingest, of_signatures = _of_ingest(ingested_at, now), _of_signatures(office, now)
    return (*rollouts, *of_ingest, *of_signatures, *_of_appeals(office))


def _of_ingest(ingested_at: datetime | None, now: datetime) -> Iterator[Alert]:
    hint = "Run `central ingest`, best by a timer every five minutes; until then this page shows what was."
    if ingested_at is None:
        yield Alert("never-ingested", "info", "No reports have been taken in yet.", hint=hint)
    elif now - ingested_at > _STALE:
        at = ingested_at.isoformat(timespec="seconds")
        text = "Reports were taken in last on %(last_at)s; what schools said since is not shown."
        yield Alert("ingest-stale", "urgent", text, {"last_at": at}, hint, at)


def _of_signatures(office: Office, now: datetime) -> Iterator[Alert]:
    newest: dict[str, tuple[int, str]] = {}
    for path in office.tuf.glob("*.json"):
        signed = json.loads(path.read_bytes())["signed"]
        role = path.stem.partition(".")[2] or path.stem
        newest[role] = max(newest.get(role, (0, "")), (int(signed["version"]), str(signed["expires"])))
    ends: dict[str, list[str]] = {}
    for role, (_, expires) in newest.items():
        if datetime.fromisoformat(expires) - now < _SOON:
            ends.setdefault(expires, []).append(role)
    if ends:
        first = min(ends)
        yield Alert(
            "signatures-end",
            "urgent" if datetime.fromisoformat(first) < now else "soon",
            "Signatures of the office end on %(first_at)s: %(roles)s.",
            {
                "first_at": first,
                "roles": ", ".join(sorted(role for roles in ends.values() for role in roles)),
            },
            "Hubs go on and warn. Any change of the office signs anew; what is kept offline needs its key.",
        )


def _of_appeals(office: Office) -> Iterator[Alert]:
    waiting = [each for each in read_appeals(office) if each.is_open]
    if waiting:
        names = [each.name for each in waiting[:_NAMED]] + (["…"] if len(waiting) > _NAMED else [])
        yield Alert(
            "appeals",
            "info",
            "Schools ask to have blocked sites opened: %(names)s.",
            {"names": ", ".join(names)},
            "See `central filter appeals`, and answer by `central filter answer NAME --allow` or `--keep`.",
            min(each.first_at for each in waiting),
        )
