"""What hubs report of a pack, put into reports.db as if it had been taken in: without hubs and segments."""

from collections import Counter
from datetime import datetime
from itertools import count
from typing import Any

from hub.events import Body, Event, PacksBody, SyncBody, UpdateBody, body_of
from provisioning.central.office import Office
from provisioning.central.reports import open_reports

STREAM = "20261123120000-0123456789abcdef"
BOOT = "0f0f0f0f-1111"
_NUMBERS: "Counter[str]" = Counter()
_NAMES = count()


def say(office: Office, hub_id: str, *bodies: Body, now: datetime, stream: str = STREAM) -> None:
    """Let a hub say so, one after another."""
    events = []
    for body in bodies:
        _NUMBERS[hub_id] += 1
        values: dict[str, Any] = body_of(body)
        events.append(Event(stream, _NUMBERS[hub_id], BOOT, now.isoformat(), body.KIND, values))
    with open_reports(office.reports_db) as reports, reports.transaction():
        reports.take(hub_id, f"{next(_NAMES):064x}", events, now=now)
        reports.hear(hub_id, [stream])
        reports.settle(hub_id, lambda *_: ())


def packs(have: dict[str, int], **values: Any) -> PacksBody:
    """Return which versions are there; all is as it shall be unless something else is said."""
    return PacksBody(**{"have": have, "want": {}, "fetching": {}, "needs_space": {}, "kept": {}} | values)


def synced(failed: dict[str, str] | None = None, **values: Any) -> SyncBody:
    """Return how a sync ended: well, unless something failed."""
    usual = {
        "started_at": "2026-11-23T12:00:00+00:00",
        "finished_at": "2026-11-23T12:01:00+00:00",
        "road": "uplink",
        "result": "ok" if not failed else next(iter(failed.values())),
        "message": "",
        "received_bytes": 0,
        "sent_bytes": 0,
        "seconds": 60,
        "done": [],
    }
    return SyncBody(**usual | values, failed=failed or {})


def updated(state: str, name: str, why: str = "") -> UpdateBody:
    """Return what became of an update of the hub itself."""
    return UpdateBody(image="1", states={name: state}, reasons={name: why} if why else {})
