"""A fleet of any size, for the dashboard and the bench: real segments, taken in by the real `ingest`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from content_packs import depot
from content_packs.segment import SeqRange, make_receipt_key, name_segment, seal
from hub.events import Event, encode_event
from provisioning.central.fleet import Assignment, Fleet, Hub, iso
from provisioning.central.ingest import ingest
from provisioning.central.keys import KeyRing
from provisioning.central.release import change
from support.office import OfficeAtWork, new_key

GB = 10**9
_VILLAGES = (
    *("Кваси", "Розтоки", "Зелене", "Ясіня", "Бистрець", "Лазещина", "Космач", "Шепіт", "Річка", "Дземброня"),
    *("Верхній Ясенів", "Криворівня", "Яблуниця", "Микуличин", "Татарів", "Поляниця", "Голови", "Красник"),
)
_TYPES = ("ліцей", "гімназія", "початкова школа")
# What a careless or a hostile office might call a school.
_ODD = (
    "<script>alert(1)</script> & «Промінь»",
    '=HYPERLINK("http://x")',
    "Опорний заклад загальної середньої освіти " * 3,
)
_PACKS = {
    "maths-grade4": ("Математика, 4 клас", 3),
    "python-basics": ("Вступ до Python", 2),
    "history-grade8": ("Історія України, 8 клас", 1),
    "reading-room": ("Читальний зал", 1),
    "encyclopaedia": ("Шкільна енциклопедія", 1),
}
# How a school is, by its number: each tenth of them is …
_LIVES = ("well", "behind", "well", "weak-power", "silent", "well", "stick", "full", "well", "never")


@dataclass
class FleetOf:
    """An office with so many schools that have reported for some weeks."""

    work: OfficeAtWork
    hubs: list[Hub]
    now: datetime
    _seal_key: bytes = field(repr=False)
    _seqs: dict[str, int] = field(default_factory=dict)

    @classmethod
    def found(cls, folder: Path, count: int, *, now: datetime | None = None, contacts: int = 7) -> "FleetOf":
        """Found an office with `count` schools; most were heard `contacts` times, every third day."""
        now = now or datetime.now(UTC).replace(microsecond=0)
        began = now - timedelta(days=3 * contacts + 30)
        work = OfficeAtWork.found(folder / "office", now=began, hash_bits=1 if count < 100 else 4)
        _publish(work)
        hubs = [_hub(number, began) for number in range(count)]
        change(work.office, lambda fleet: _enrol(fleet, hubs), doing="test", now=began)
        fleet = cls(
            work, hubs, now, KeyRing(work.office.keys).read_seal_key().public_key().public_bytes_raw()
        )
        for visit in reversed(range(contacts)):
            fleet._visit(visit, folder / "stick")
        work.now = now
        return fleet

    def life(self, number: int) -> str:
        """Return how the school of this number is."""
        return _LIVES[number % len(_LIVES)]

    def _visit(self, visit: int, stick: Path) -> None:
        """Let all schools be in contact that are `visit` contacts before the last one."""
        at = self.now - timedelta(days=3 * visit, hours=2)
        by_stick = False
        for number, hub in enumerate(self.hubs):
            life = self.life(number)
            if life == "never" or (life == "silent" and visit < 4) or (life == "stick" and visit % 3):
                continue
            root = stick if life == "stick" else self.work.office.depot
            by_stick |= life == "stick"
            self._leave(root, hub, list(_reports(number, life, at)), at)
        taken = ingest(self.work.office, source=None, now=at + timedelta(minutes=5))
        if by_stick:
            taken += ingest(self.work.office, source=stick, now=at + timedelta(hours=1))
        assert not [each.refused for each in taken if each.refused]

    def _leave(self, root: Path, hub: Hub, bodies: list[tuple[str, dict[str, Any]]], at: datetime) -> None:
        """Leave one segment in a hub's inbox, sealed as a hub seals it."""
        stream, first = "20260901060000-0f0f0f0f0f0f0f0f", self._seqs.get(hub.hub_id, 1)
        events = [
            Event(stream, first + number, "0f0f0f0f-1111", iso(at), kind, body)
            for number, (kind, body) in enumerate(bodies)
        ]
        self._seqs[hub.hub_id] = first + len(events)
        seqs = SeqRange(stream, first, first + len(events) - 1)
        data = seal(hub.hub_id, seqs, [*map(encode_event, events)], self._seal_key, make_receipt_key())
        inbox = root / depot.inbox_dir(hub.hub_id)
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / name_segment(data)).write_bytes(data)


def _publish(work: OfficeAtWork) -> None:
    for pack_id, (title, versions) in _PACKS.items():
        work.publish(*(work.build(pack_id, version, title=title) for version in range(1, versions + 1)))


def _hub(number: int, began: datetime) -> Hub:
    name = f"{_VILLAGES[number % len(_VILLAGES)]}, {_TYPES[number % 3]}"
    if number >= len(_VILLAGES):
        name += f" № {number // len(_VILLAGES) + 1}"
    if number % 50 in (23, 33, 46):
        name = f"{_ODD[number % 50 % 3]} {number}"[:200]
    ring = "pilot" if number % 20 == 1 else "wave-1" if number % 4 == 2 else "all"
    return Hub(f"h-{0x7F3A0000 + number:08x}", name, ring, new_key(), iso(began))


def _enrol(fleet: Fleet, hubs: list[Hub]) -> None:
    for hub in hubs:
        fleet.save_hub(hub)
    for ring, pack_id, version in (
        ("all", "maths-grade4", None),
        ("all", "reading-room", None),
        ("pilot", "python-basics", None),
        ("wave-1", "python-basics", 1),
        ("wave-1", "encyclopaedia", None),
        ("pilot", "history-grade8", None),
    ):
        fleet.save_assignment(Assignment("ring", ring, pack_id, version))


def _wanted(number: int) -> dict[str, int]:
    ring = _hub_ring(number)
    wanted = {"maths-grade4": 3, "reading-room": 1}
    if ring == "pilot":
        wanted |= {"python-basics": 2, "history-grade8": 1}
    if ring == "wave-1":
        wanted |= {"python-basics": 1, "encyclopaedia": 1}
    return wanted


def _hub_ring(number: int) -> str:
    return "pilot" if number % 20 == 1 else "wave-1" if number % 4 == 2 else "all"


def _reports(number: int, life: str, at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a hub tells at one contact: kinds and bodies."""
    want = _wanted(number)
    have = dict(want)
    behind = life in ("behind", "full", "silent")
    if behind:
        have["maths-grade4"] = 2
    yield (
        "sync",
        {
            "started_at": iso(at - timedelta(minutes=9)),
            "finished_at": iso(at),
            "road": "stick" if life == "stick" else "uplink",
            "result": "link-down" if life == "behind" else "ok",
            "message": "the link was cut" if life == "behind" else "",
            "received_bytes": 4_000_000 + number * 1000,
            "sent_bytes": 9000,
            "seconds": 540,
            "done": [],
            "failed": {},
            "quiet": {"ok": 3},
            "quiet_bytes": 9000,
        },
    )
    yield (
        "packs",
        {
            "have": have,
            "want": {"maths-grade4": 3} if behind else {},
            "fetching": {"maths-grade4": 3} if life == "behind" else {},
            "needs_space": {"maths-grade4": 3} if life == "full" else {},
            "kept": {},
        },
    )
    yield (
        "health",
        {
            "free_bytes": GB if life == "full" else (20 + number % 60) * GB // 2,
            "total_bytes": 59 * GB,
            "uptime_s": 86_400,
            "clock": iso(at),
            "floor": iso(at),
            "software": "1.4.2" if number % 7 else "1.3.9",
            "boots": 12,
            "temperature_c": 84.0 if number % 31 == 8 else 52.5,
            "throttled": "0x50005" if life == "weak-power" else "0x0",
            "card_errors": None,
            "card_written_bytes": None,
            "findings": {},
        },
    )
    if number % 20 == 3:
        asked = {
            "number": 1,
            "asked": {"wiki.example": 7},
            "category": {"wiki.example": "social"},
            "reason": {"wiki.example": "Потрібно для реферату з історії"},
            "filter": "filter-primary@1",
        }
        yield "appeal", asked
    for back in range(3):
        day = (at - timedelta(days=back + 1)).date()
        opens = {pack_id: 5 * ((number + day.day) % 12) for pack_id in sorted(have) if day.weekday() < 5}
        if any(opens.values()):
            yield "usage", {"day": day.isoformat(), "opens": {p: n for p, n in opens.items() if n}}


if __name__ == "__main__":  # python -m support.fleet_of FOLDER COUNT
    import sys
    import time

    start = time.monotonic()
    made = FleetOf.found(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"office": str(made.work.office.dir), "seconds": round(time.monotonic() - start, 1)}))
