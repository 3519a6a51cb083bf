"""What a large fleet costs one of its hubs: the head, and the question whether anything is new."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import goals
from bench.contenders import point_at
from bench.measure import note, run
from bench.tables import Row, Table
from provisioning.central.fleet import Assignment, Fleet, Hub, iso
from provisioning.central.office import Office
from provisioning.central.release import change
from support.built import build
from support.office import OfficeAtWork, new_key
from support.relay import Relay
from support.road import BIN, Road

QUICK_HUBS = 100
HUBS, PACKS, PER_HUB, RINGS = 1000, 200, 40, 25  # GOALS.md: "a fleet of 1000 hubs and 200 packs"
_PAGE = "<!doctype html><html lang=uk><meta charset=utf-8><title>{0}</title><h1>{0}</h1><p>{1}</p></html>"


def measure(folder: Path, *, hubs: int = HUBS, packs: int = PACKS) -> Table:
    """Measure one hub of a fleet of so many, each of which has PER_HUB of the packs."""
    note(f"fleet: {hubs} hubs, {packs} packs")
    with ExitStack() as stack:
        road = Road(folder / "road", hub_id="h-bench")
        stack.callback(road.stop)
        _fill(road, folder, hubs, packs)
        first = _sync(road)
        nothing = _sync(road)
        head_bytes = (road.depot / "heads" / road.hub_id).stat().st_size
        _change_one_pack(road, folder)
        changed = _sync(road)
    case = f"{hubs} hubs, {packs} packs, {PER_HUB} for each hub"
    rows = list(_rows(case, head_bytes, nothing, changed))
    samples = [
        {"case": name, "total_bytes": size}
        for name, size in (("first", first), ("nothing new", nothing), ("a page changed", changed))
    ]
    return Table("Sync of a hub of a large fleet", rows, _NOTES, samples, {})


def _rows(case: str, head_bytes: int, nothing: int, changed: int) -> Iterator[Row]:
    yield Row(case, "nothing new, bytes both ways", "B", nothing, goal=goals.nothing_new(0, 0))
    yield Row(case, "a page of a pack changed, bytes both ways", "B", changed)
    yield Row(case, "head in the depot, read at a hub's first sync", "B", head_bytes)


def _fill(road: Road, folder: Path, hubs: int, packs: int) -> None:
    office = OfficeAtWork(Office(road.central), now=datetime.now(UTC).replace(microsecond=0))
    built = [
        build(folder / "packs" / str(number), _pages(number, 1), id=_pack(number), title=f"Урок {number}")
        for number in range(packs)
    ]
    office.publish(*built)

    def enrol_all(fleet: Fleet) -> None:
        for number in range(1, hubs):
            fleet.save_hub(Hub(f"h-{number:04}", "Школа", _ring(number), new_key(), iso(office.now)))
        (own,) = (hub for hub in fleet.list_hubs() if hub.hub_id == road.hub_id)
        fleet.save_hub(replace(own, ring=_ring(0)))
        for ring in range(RINGS):
            for place in range(PER_HUB):
                number = (ring * PER_HUB // 5 + place) % packs
                fleet.save_assignment(Assignment("ring", _ring(ring), _pack(number), None))

    change(office.office, enrol_all, doing="bench", now=office.now)


def _change_one_pack(road: Road, folder: Path) -> None:
    office = OfficeAtWork(Office(road.central), now=datetime.now(UTC).replace(microsecond=0))
    fields = {"id": _pack(0), "title": "Урок 0", "version": 2}
    office.publish(build(folder / "packs" / "0", _pages(0, 2), **fields))


def _pages(number: int, version: int) -> dict[str, bytes]:
    return {"index.html": _PAGE.format(f"Урок {number}", f"Видання {version}.").encode()}


def _pack(number: int) -> str:
    return f"lesson-{number:03}"


def _ring(number: int) -> str:
    return f"ring-{number % RINGS:02}"


def _sync(road: Road) -> int:
    """Return how many bytes of TCP a sync took."""
    with Relay(road.sshd.port) as relay:
        point_at(road.hub, relay.port)
        run([BIN / "hub", "--dir", road.hub, "sync", "--no-neighbours"])
        return relay.total_bytes


_NOTES = (
    f"{RINGS} rings of as many hubs each; a hub's packs are those of its ring",
    "bytes: all TCP payload of both directions, SSH included, over loopback",
)
