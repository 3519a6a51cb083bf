"""How the hub is, in numbers for a monitoring program: /metrics, as OpenMetrics. Nothing about anybody."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from importlib.metadata import version

from flask import Blueprint, Response

from content_packs.errors import LocalError
from hub.db import open_db
from hub.events import HealthBody
from hub.health import Level, Status
from hub.history import RunTotals, read_totals
from hub.machine import POWER_BITS, SINCE_BOOT, power_bits, read_health
from hub.settings import HubPaths
from hub.web.documents import document
from hub.web.openmetrics import CONTENT_TYPE, Family, Sample, gauge, render
from hub.web.portal import this_portal
from hub.web.tech.status import current_status

bp = Blueprint("metrics", __name__)
_DISTRIBUTION = "classroom-hub"


@bp.get("/metrics")
def show() -> Response:
    """All numbers, as they are now."""
    response = _show()
    response.headers["Cache-Control"] = "no-store"
    return response


@document(CONTENT_TYPE, keep=False)
def _show() -> str:
    paths = this_portal().paths
    status = current_status().for_everybody()
    families = [*_of_status(status), *_of_library(status), *_of_syncs(status, _read_totals(paths))]
    families += [*_of_search(paths, status), *_of_machine(_read_health(paths))]
    return render(families)


def _read_totals(paths: HubPaths) -> RunTotals | None:
    with suppress(LocalError), closing(open_db(paths.db)) as db:
        return read_totals(db)
    return None


def _read_health(paths: HubPaths) -> HealthBody | None:
    with suppress(OSError, LocalError):  # the status has said why
        return read_health(paths, boots=0)
    return None


def _of_status(status: Status) -> Iterator[Family]:
    who = {"hub_id": status.hub_id, "name": status.name, "version": version(_DISTRIBUTION)}
    yield Family("hub", "Which hub this is.", (Sample(1, who),), type="info")
    yield gauge("hub_level", "The worst check: 0 good, 1 note, 2 attention, 3 broken.", status.level.value)
    worst: dict[str, Level] = {}
    for check in status.checks:
        worst[check.code] = max(check.level, worst.get(check.code, Level.GOOD))
    checks = tuple(Sample(level.value, {"check": code}) for code, level in sorted(worst.items()))
    yield Family("hub_check_level", "Each check, as hub_level.", checks)
    yield gauge("hub_uptime_seconds", "Since it was switched on.", status.facts["uptime_s"], unit="seconds")
    services = status.facts["services"].items()
    ups = tuple(Sample(int(is_up(said)), {"service": name}) for name, said in services)
    yield Family("hub_service_up", "Whether it runs and answers.", ups)
    if disk := status.facts["disk"]:
        yield gauge("hub_disk_size_bytes", "The whole disk.", disk["total_bytes"], unit="bytes")
        yield gauge("hub_disk_free_bytes", "What is free of it.", disk["free_bytes"], unit="bytes")
        yield gauge("hub_disk_reserve_bytes", "What packs leave free.", disk["reserve_bytes"], unit="bytes")


def is_up(service: dict[str, object] | None) -> bool:
    """Whether a process runs, and answers where it says so itself."""
    return service is not None and bool(service.get("up", True))


def _of_library(status: Status) -> Iterator[Family]:
    packs = status.facts["packs"]
    counts, sizes = Counter[str](), Counter[str]()
    for pack in packs:
        counts[pack["kind"]] += 1
        sizes[pack["kind"]] += pack["size_bytes"]
    by_kind = tuple(Sample(counts[kind], {"kind": kind}) for kind in sorted(counts))
    yield Family("hub_packs", "Installed packs.", by_kind or (Sample(0),))
    bytes_by_kind = tuple(Sample(sizes[kind], {"kind": kind}) for kind in sorted(sizes))
    yield Family("hub_packs_size_bytes", "What they hold.", bytes_by_kind or (Sample(0),), "bytes")
    versions = tuple(Sample(pack["version"], {"pack": pack["id"]}) for pack in packs)
    yield Family("hub_pack_version", "Which version of each pack is installed.", versions)
    yield gauge("hub_packs_held", "Packs that a person rolled back.", len(status.facts["held"]))


def _of_syncs(status: Status, totals: RunTotals | None) -> Iterator[Family]:
    last, coming, reports = (status.facts[name] for name in ("last_sync", "coming", "reports"))
    if totals is not None:
        runs = (Sample(totals.runs),)
        yield Family("hub_sync_runs", "Syncs since hub.db was made.", runs, type="counter")
    if totals is not None and totals.reached_at:
        name, unit = "hub_sync_success_timestamp_seconds", "seconds"
        yield gauge(name, "When the last sync ended well.", _seconds(totals.reached_at), unit=unit)
    if last:
        ended = _seconds(last["finished_at"])
        yield gauge("hub_sync_end_timestamp_seconds", "When the last sync ended.", ended, unit="seconds")
        yield gauge("hub_sync_ok", "Whether the last sync ended well.", int(last["result"] == "ok"))
        received = last["received_bytes"]
        yield gauge("hub_sync_received_bytes", "What it brought.", received, unit="bytes")
    if coming:
        yield gauge("hub_coming_packs", "Packs still to come.", len(coming["packs"]))
        yield gauge("hub_coming_bytes", "What is still to come.", coming["bytes"], unit="bytes")
        spent = tuple(Sample(count, {"period": name}) for name, count in coming["spent_bytes"].items())
        yield Family("hub_uplink_spent_bytes", "What the uplink carried.", spent, "bytes")
    if reports:
        yield gauge("hub_outbox_events", "Reports in no segment yet.", reports["events"])
        yield gauge("hub_outbox_segments", "Segments without an ack.", reports["segments"])
        yield gauge("hub_outbox_size_bytes", "All of them.", reports["size_bytes"], unit="bytes")


def _of_search(paths: HubPaths, status: Status) -> Iterator[Family]:
    unread = status.facts["unread_packs"]
    yield gauge("hub_search_unread_packs", "Packs that the search has not read whole.", unread)
    with suppress(OSError):
        size = paths.search_db.stat().st_size
        yield gauge("hub_search_index_size_bytes", "The search index.", size, unit="bytes")


def _of_machine(health: HealthBody | None) -> Iterator[Family]:
    if health is None:
        return
    if health.temperature_c is not None:
        degrees = health.temperature_c
        yield gauge("hub_temperature_celsius", "Of the processor.", degrees, unit="celsius")
    bits = power_bits(health.throttled)
    if bits is not None:
        for name, help_text, shift in (
            ("hub_power", "What is wrong with its power or heat now.", 0),
            ("hub_power_since_boot", "What was wrong since it started.", SINCE_BOOT),
        ):
            found = tuple(
                Sample(bits >> (bit + shift) & 1, {"fault": fault}) for fault, bit in POWER_BITS.items()
            )
            yield Family(name, help_text, found)


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
