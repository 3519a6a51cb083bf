"""One day of a whole fleet through a real sshd: what it costs the office's machine, and how that grows."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.fleet_hubs import WORKERS, Check, Hubs, Took
from bench.measure import Run, first_line, note, run
from bench.tables import Row, Table, Unit
from content_packs import depot as names
from hub.identity import make_hub
from provisioning.central.fleet import Assignment, Fleet, Hub, iso
from provisioning.central.found import found_office
from provisioning.central.release import change
from provisioning.central.sshd.render import MAX_STARTUPS
from support.built import build, random_bytes
from support.fleet_sshd import FleetSshd
from support.road import BIN

QUICK, FLEETS = (1, 2), (20, 200)
PACKS, PAGES = 10, 20
EVERY_HOURS = 4  # a hub checks; the card's timer does every 45 to 55 minutes: 29 times a day
UPDATE_AT = 12
FAR = 2000  # hubs, for which a line is drawn; what the office's own commands take for so many is measured
PICTURE_BYTES = 20_000  # new with the update, besides an edited page
CUT_AFTER = 14_000  # bytes to the hub: in the middle of the update
MEMORY = Path("/dev/shm")  # the hubs' own disks are no part of what is measured
# sshd's own rule, and that of `central sshd-config`: hubs sit behind one address of a mobile network.
DEFAULT_STARTUPS, OUR_STARTUPS = "MaxStartups 10:30:100", f"MaxStartups {MAX_STARTUPS}"
_PAGE = "<!doctype html><html lang=uk><meta charset=utf-8><title>{0}</title><h1>{0}</h1><p>{1}</p></html>"


@dataclass(slots=True)
class Day:
    """What one day of so many hubs took."""

    hubs: int
    took: Took = field(default_factory=Took)
    sshd_cpu_s: float = 0.0
    publish_s: float = 0.0
    publish_cpu_s: float = 0.0
    publish_peak_bytes: int = 0
    ingest_cpu_s: float = 0.0
    ingest_longest_s: float = 0.0
    ingest_peak_bytes: int = 0
    heads_written: int = 0
    fleet_rows: int = 0
    report_rows: int = 0
    new_report_rows: int = 0
    office_bytes: int = 0  # both databases
    depot_bytes: int = 0  # what lies there for the hubs: heads, news, acks
    storms: dict[str, "Storm"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Storm:
    """All hubs call at the same moment, again and again until each was served."""

    refused_first: int
    rounds: int
    seconds: float


def measure(folder: Path, *, fleets: tuple[int, int] = FLEETS, ingest_hours: int = 1) -> Table:
    """Let the same day pass for a small and for a large fleet."""
    if os.geteuid() != 0:
        return Table(_TITLE, [], ["left out: an account for each hub needs root (sudo make bench)"], [], {})
    small, large = (_live(folder / str(hubs), hubs, ingest_hours) for hubs in fleets)
    rows = [*_rows(small, large), *_storm_rows(large)]
    return Table(_TITLE, rows, _NOTES, list(_samples(small, large)), {"sshd": first_line("ssh", "-V")})


def _live(folder: Path, count: int, ingest_hours: int) -> Day:
    note(f"fleet-day: {count} hubs")
    with ExitStack() as stack:
        disks = MEMORY if MEMORY.is_dir() else folder
        hubs_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-hubs-", dir=disks)))
        fleet = _FleetAtWork(folder, hubs_dir, count)
        hubs = stack.enter_context(Hubs(fleet.sshd.port, workers=min(count, WORKERS)))
        stack.enter_context(fleet.sshd)
        fleet.live(hubs, ingest_hours)
        fleet.storm(hubs, OUR_STARTUPS)
        fleet.sshd.change_options([DEFAULT_STARTUPS])
        fleet.storm(hubs, DEFAULT_STARTUPS)
        return fleet.day


class _FleetAtWork:
    """An office, its sshd, its hubs; and the day that passes for them."""

    def __init__(self, folder: Path, hubs_dir: Path, count: int) -> None:
        self._folder, self._hubs_dir = folder, hubs_dir
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._midnight = self._now.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        self._ids = [f"h-{number:04}" for number in range(count)]
        self._office = found_office(folder / "central", name="", hash_bits=6, now=self._now)
        self.sshd = FleetSshd(folder / "sshd", self._office, self._ids, options=(OUR_STARTUPS,))
        self.day = Day(count)
        self._enrol()
        self._central("publish", *(self._build(number, 1) for number in range(PACKS)))
        self.sshd.give_inboxes()

    def live(self, hubs: Hubs, ingest_hours: int) -> None:
        """Let the hubs get their first packs the day before; then let the measured day pass."""
        before = self._midnight - timedelta(hours=12)
        first = hubs.run([Check(self._hub(number), before) for number in range(self.day.hubs)])
        assert first.ends == {"ok": self.day.hubs}, f"{first.ends}\n{self.sshd.log[-2000:]}"
        self._central("ingest")
        rows, cpu_s = _count_rows(self._office.reports_db), self.sshd.cpu_s()
        for hour in range(24):
            if hour == UPDATE_AT:
                self._publish_update()
            self.day.took.add(hubs.run(self._checks(hour)))
            if (hour + 1) % ingest_hours == 0:
                self._ingest()
        self._wait_for_sessions()
        self.day.sshd_cpu_s = self.sshd.cpu_s() - cpu_s
        self.day.fleet_rows = _count_rows(self._office.fleet_db)
        self.day.report_rows = _count_rows(self._office.reports_db)
        self.day.new_report_rows = self.day.report_rows - rows
        self.day.office_bytes = _size(self._office.fleet_db) + _size(self._office.reports_db)
        shared = (names.HEADS, names.NEWS, "acks")
        self.day.depot_bytes = sum(_size(self._office.depot / name) for name in shared)

    def storm(self, hubs: Hubs, startups: str) -> None:
        """Let all hubs call at once, as when the power of a whole district comes back."""
        checks = [Check(self._hub(i), self._midnight + timedelta(days=1)) for i in range(self.day.hubs)]
        began, refused_first, rounds = time.monotonic(), 0, 0
        while checks:
            _, checks = hubs.run_at_once(checks)
            refused_first = refused_first if rounds else len(checks)
            rounds += 1
        self.day.storms[startups] = Storm(refused_first, rounds, time.monotonic() - began)

    def _enrol(self) -> None:
        host_key = self._folder / "host_key.pub"
        host_key.write_text("\n".join(self.sshd.host_keys) + "\n")
        made = [
            make_hub(
                self._hub(number),
                self._office.root,
                f"sftp://{hub_id}@127.0.0.1:{self.sshd.port}/",
                [host_key],
                hub_id,
            )
            for number, hub_id in enumerate(self._ids)
        ]

        def edit(fleet: Fleet) -> None:
            for hub in made:
                key = " ".join(hub.public_key.split()[:2])
                fleet.save_hub(Hub(hub.hub_id, "Школа", "all", key, iso(self._now)))
            for number in range(PACKS):
                fleet.save_assignment(Assignment("ring", "all", _pack(number), None))

        change(self._office, edit, doing="bench", now=self._now)

    def _build(self, number: int, version: int) -> Path:
        pages = {
            f"p{page}.html": _PAGE.format(f"Урок {page}", random_bytes(500, seed=page).hex()).encode()
            for page in range(PAGES)
        }
        pages["index.html"] = _PAGE.format(f"Урок {number}", f"Видання {version}.").encode()
        if version > 1:
            pages["new.jpg"] = random_bytes(PICTURE_BYTES, seed=number)
        return build(self._folder / "packs" / str(number), pages, id=_pack(number), version=version).folder

    def _checks(self, hour: int) -> list[Check]:
        """Return who checks in this hour: of those online a share, each every EVERY_HOURS."""
        at = self._midnight + timedelta(hours=hour)
        due = [i for i in range(hour % EVERY_HOURS, self.day.hubs, EVERY_HOURS) if not _is_offline(i)]
        after_update = UPDATE_AT <= hour < UPDATE_AT + EVERY_HOURS
        return [Check(self._hub(i), at, CUT_AFTER if after_update and _is_cut(i) else None) for i in due]

    def _publish_update(self) -> None:
        heads = self._office.heads
        before = {path.name: path.stat().st_mtime_ns for path in heads.iterdir()}
        ran = self._central("publish", self._build(0, 2))
        self.day.publish_s, self.day.publish_cpu_s = ran.elapsed_s, ran.cpu_s
        self.day.publish_peak_bytes = ran.peak_bytes
        self.day.heads_written = sum(
            before.get(path.name) != path.stat().st_mtime_ns for path in heads.iterdir()
        )

    def _ingest(self) -> None:
        ran = self._central("ingest")
        self.day.ingest_cpu_s += ran.cpu_s
        self.day.ingest_longest_s = max(self.day.ingest_longest_s, ran.elapsed_s)
        self.day.ingest_peak_bytes = max(self.day.ingest_peak_bytes, ran.peak_bytes)

    def _wait_for_sessions(self) -> None:
        """Wait until sshd has counted what its last sessions took."""
        while self.sshd.sessions():
            time.sleep(0.05)

    def _central(self, *words: object) -> Run:
        return run([BIN / "central", "--dir", self._office.dir, *words])

    def _hub(self, number: int) -> Path:
        return self._hubs_dir / self._ids[number]


def _pack(number: int) -> str:
    return f"lesson-{number:02}"


def _is_offline(number: int) -> bool:
    return number % 20 == 7  # all day: one in twenty


def _is_cut(number: int) -> bool:
    return number % 10 == 1  # in the middle of the update: one in ten


def _count_rows(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        return sum(db.execute(f"select count(*) from [{name}]").fetchone()[0] for name in tables)


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    return path.stat().st_size if path.is_file() else sum(_size(below) for below in path.iterdir())


@dataclass(frozen=True, slots=True)
class _Figure:
    """One thing that a day takes; where a line through both fleets means something, it is drawn."""

    name: str
    unit: Unit
    of: str
    has_line: bool = False
    of_hub: bool = False  # divided by the number of hubs


_FIGURES = (
    _Figure("connections a hub", "1", "connections", of_hub=True),
    _Figure("bytes from a hub", "B", "up_bytes", of_hub=True),
    _Figure("bytes to a hub", "B", "down_bytes", of_hub=True),
    _Figure("CPU of sshd and its sessions", "s", "sshd_cpu_s", has_line=True),
    _Figure("CPU of central ingest, all day", "s", "ingest_cpu_s"),
    _Figure("central ingest, the longest", "s", "ingest_longest_s"),
    _Figure("central ingest, peak memory", "B", "ingest_peak_bytes"),
    _Figure("central publish of the update", "s", "publish_s"),
    _Figure("central publish of the update, CPU", "s", "publish_cpu_s", has_line=True),
    _Figure("central publish of the update, peak memory", "B", "publish_peak_bytes"),
    _Figure("heads written by the update", "1", "heads_written", has_line=True),
    _Figure("rows in fleet.db", "1", "fleet_rows", has_line=True),
    _Figure("rows in reports.db, a hub", "1", "report_rows", of_hub=True),
    _Figure("rows in reports.db that the day added, a hub", "1", "new_report_rows", of_hub=True),
    _Figure("both databases", "B", "office_bytes", has_line=True),
    _Figure("heads, news and acks in the depot", "B", "depot_bytes", has_line=True),
)


def _value(day: Day, figure: _Figure) -> float:
    found = float((asdict(day.took) | asdict(day))[figure.of])
    return found / day.hubs if figure.of_hub else found


def _rows(small: Day, large: Day) -> Iterator[Row]:
    case, peer = f"a day of {large.hubs} hubs", f"{small.hubs} hubs"
    for figure in _FIGURES:
        yield Row(case, figure.name, figure.unit, _value(large, figure), peer, _value(small, figure))
    of_connection = (day.sshd_cpu_s / day.took.connections for day in (large, small))
    ours, theirs = (1000 * cpu_s for cpu_s in of_connection)
    yield Row(case, "CPU of sshd and its sessions, ms a connection", "1", ours, peer, theirs)


def _storm_rows(day: Day) -> Iterator[Row]:
    for startups, storm in day.storms.items():
        case = f"{day.hubs} hubs at the same moment, {startups}"
        yield Row(case, "refused at first", "1", storm.refused_first)
        yield Row(case, "until all were served", "s", storm.seconds)


def _samples(small: Day, large: Day) -> Iterator[dict[str, object]]:
    """Yield how the syncs ended, and what the line through both fleets says of many more hubs."""
    for day in (small, large):
        for end, count in sorted(day.took.ends.items()):
            yield {"of": f"{day.hubs} hubs", "what": f"syncs that ended with {end}", "value": count}
    for figure in _FIGURES:
        if figure.has_line:
            few, many = _value(small, figure), _value(large, figure)
            line = many + (many - few) / (large.hubs - small.hubs) * (FAR - large.hubs)
            yield {"of": f"{FAR} hubs, by a line", "what": figure.name, "value": line}


_TITLE = "A day of a fleet"
_NOTES = (
    f"each hub has {PACKS} packs and checks every {EVERY_HOURS} hours, 6 times a day (the card's timer: 29 "
    f"times); at {UPDATE_AT}:00 an edited page and {PICTURE_BYTES:,} new bytes of one pack; one hub in "
    "twenty is away all day, one in ten is cut in the middle of the update; central ingest every hour",
    "a real sshd with an account, a key file, a chroot and an inbox for each hub, all from one address; the "
    f"hubs run the real sync in {WORKERS} processes, their disks are in memory and not measured",
    "bytes: all TCP payload, SSH included; CPU and memory of central: of the command, with Python's start",
    "ours/peer: 1 where what a hub costs stays the same; for a sum at most the ratio of the fleets",
    "of many more hubs no day was measured: the lines say what it would take if nothing else gets scarce",
)
