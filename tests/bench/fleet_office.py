"""What the office's own commands take for a fleet of 2000 hubs and 200 packs, and for a tenth of the hubs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Run, note, run
from bench.tables import Row, Table
from content_packs import depot as names
from content_packs.segment import SeqRange, make_receipt_key, name_segment, seal
from hub.events import Body, Event, HealthBody, PacksBody, SyncBody, body_of, encode_event
from provisioning.central.fleet import Assignment, Fleet, Hub, iso
from provisioning.central.found import found_office
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office
from provisioning.central.release import change
from support.built import build
from support.office import OfficeAtWork, new_key
from support.road import BIN

FLEETS, PACKS, PER_HUB, RINGS = (200, 2000), 200, 40, 25
QUICK, QUICK_PACKS = (1, 4), 3
_BOOT = "0f0f0f0f-1111"
_GIB = 1024**3


def measure(folder: Path, *, fleets: tuple[int, int] = FLEETS, packs: int = PACKS) -> Table:
    """Run each command for both fleets; every hub has reported once."""
    few, many = (_measure(folder / str(hubs), hubs, packs) for hubs in fleets)
    case, peer = f"{fleets[1]} hubs, {packs} packs", f"{fleets[0]} hubs"
    rows = []
    for command in many:
        rows.append(Row(case, f"{command}: CPU", "s", many[command].cpu_s, peer, few[command].cpu_s))
        memory = (many[command].peak_bytes, peer, few[command].peak_bytes)
        rows.append(Row(case, f"{command}: peak memory", "B", *memory))
    samples = [
        {"hubs": hubs, "command": command, "seconds": took.elapsed_s, "cpu_s": took.cpu_s}
        for hubs, all_took in zip(fleets, (few, many), strict=True)
        for command, took in all_took.items()
    ]
    return Table("The office's commands for a large fleet", rows, _NOTES, samples, {})


def _measure(folder: Path, hubs: int, packs: int) -> dict[str, Run]:
    note(f"fleet-office: {hubs} hubs, {packs} packs")
    office = fill(folder, hubs, packs)
    leave_reports(office, hubs)
    update = build(folder / "packs" / "0", _page(0, 2), id=_pack(0), version=2).folder
    return {name: run([BIN / "central", "--dir", office.dir, *words]) for name, words in _commands(update)}


def _commands(update: Path) -> Iterator[tuple[str, Sequence[object]]]:
    """Yield what an office does, in this order: each finds what those before it have left."""
    yield "ingest, every hub has reported", ("ingest",)
    yield "ingest, nobody has", ("ingest",)
    yield "assign to a hub", ("assign", _pack(0), "--hub", _hub(1))
    yield "assign to a ring", ("assign", _pack(1), "--ring", "ring-00", "--priority", "5")
    yield "assign to all", ("assign", _pack(2), "--ring", "all", "--priority", "5")
    yield "assign to all, --dry-run", ("assign", _pack(3), "--ring", "all", "--dry-run")
    yield "publish a page that a fifth of the hubs have", ("publish", update)
    yield "fleet", ("fleet",)
    yield "fleet --json", ("fleet", "--json")
    yield "hubs", ("hubs",)
    yield "packs", ("packs",)


def fill(folder: Path, hubs: int, packs: int) -> Office:
    """Found an office whose hubs and packs are enrolled, published and assigned."""
    now = datetime.now(UTC).replace(microsecond=0)
    folder.mkdir()
    work = OfficeAtWork(found_office(folder / "central", name="", hash_bits=6, now=now), now)
    built = [
        build(folder / "packs" / str(number), _page(number, 1), id=_pack(number), title=f"Урок {number}")
        for number in range(packs)
    ]
    work.publish(*built)

    def enrol_all(fleet: Fleet) -> None:
        for number in range(hubs):
            ring = f"ring-{number % RINGS:02}"
            fleet.save_hub(Hub(_hub(number), f"Школа № {number}", ring, new_key(), iso(now)))
        for ring_number in range(RINGS):
            for pack_id in _packs_of(ring_number, packs):
                fleet.save_assignment(Assignment("ring", f"ring-{ring_number:02}", pack_id, None))

    change(work.office, enrol_all, doing="bench", now=now)
    return work.office


def leave_reports(office: Office, hubs: int) -> None:
    """Put into each hub's inbox what it sends after a sync that installed its packs."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    seal_key = KeyRing(office.keys).read_seal_key().public_key().public_bytes_raw()
    stream = "20261101060000-" + "0" * 16
    packs = [path.name for path in sorted((office.depot / "packs").iterdir())]
    for number in range(hubs):
        bodies = _bodies(dict.fromkeys(_packs_of(number % RINGS, len(packs)), 1), now)
        lines = [
            encode_event(Event(stream, seq, _BOOT, now, body.KIND, body_of(body)))
            for seq, body in enumerate(bodies, 1)
        ]
        receipt_key = make_receipt_key()
        data = seal(_hub(number), SeqRange(stream, 0, len(lines)), lines, seal_key, receipt_key)
        inbox = office.depot / names.inbox_dir(_hub(number))
        (inbox / name_segment(data)).write_bytes(data)


def _bodies(have: dict[str, int], now: str) -> list[Body]:
    done = [f"install {pack_id}@{version}" for pack_id, version in have.items()]
    return [
        SyncBody(now, now, "uplink", "ok", "", 2_000_000, 40_000, 60, done, {}),
        PacksBody(have, {}, {}, {}, {}),
        HealthBody(20 * _GIB, 58 * _GIB, 86_400, now, now, "0.1.0", 3, 51.2, "0x0"),
    ]


def _packs_of(ring: int, packs: int) -> list[str]:
    return [_pack((ring * PER_HUB // 5 + place) % packs) for place in range(min(PER_HUB, packs))]


def _page(number: int, version: int) -> dict[str, bytes]:
    page = f"<!doctype html><html lang=uk><title>{number}</title><p>Видання {version}.</p></html>"
    return {"index.html": page.encode()}


def _pack(number: int) -> str:
    return f"lesson-{number:03}"


def _hub(number: int) -> str:
    return f"h-{number:04}"


_NOTES = (
    f"{RINGS} rings of as many hubs each, {PER_HUB} packs for each hub; each hub has left one report",
    "a command as a person runs it, Python's start included; its output goes to a pipe",
)
