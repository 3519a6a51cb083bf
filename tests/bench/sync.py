"""Table 1: what a sync of a book costs in bytes and time, beside `rsync -az` over the same kind of link."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.contenders import Contender, HubSync, Rsync
from bench.measure import first_line, note, run
from bench.tables import Goal, Row, Table
from support.relay import Relay

KIB = 1024
MAX_PEAK_BYTES = 120 * 1000 * 1000


@dataclass(frozen=True, slots=True)
class Link:
    """Between a hub and its depot. `bits_per_s` of None: as fast as loopback is."""

    name: str
    round_trip_s: float = 0.0
    bits_per_s: float | None = None
    repeats: int = 1

    def carry_s(self, size_bytes: float) -> float:
        """Return how long the link takes for so many bytes, one after another."""
        return size_bytes * 8 / self.bits_per_s if self.bits_per_s else 0.0


LOOPBACK = Link("loopback", repeats=3)
QUICK_LOOPBACK = Link("loopback")
FIELD = Link("600 ms, 256 kbit/s", round_trip_s=0.6, bits_per_s=256_000)


@dataclass(frozen=True, slots=True)
class Case:
    """From which version to which; `has` of None: nothing was there."""

    name: str
    has: int | None
    wants: int


CASES = (
    Case("v1 → v2", 1, 2),
    Case("v2 → v3", 2, 3),
    Case("v3, first install", None, 3),
    Case("nothing new", 3, 3),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One contender in one case: bytes of TCP; seconds of the command, its connection, its processor."""

    case: str
    link: str
    who: str
    up_bytes: int
    down_bytes: int
    elapsed_s: float
    connected_s: float
    cpu_s: float
    peak_bytes: int

    @property
    def total_bytes(self) -> int:
        """Both ways."""
        return self.up_bytes + self.down_bytes


def measure(folder: Path, trees: Sequence[Path], links: Sequence[Link]) -> Table:
    """Measure every case over every link; `trees` are the three versions of the book."""
    with ExitStack() as stack:
        note("building, publishing and installing the book, three versions")
        ours = HubSync(folder / "hub", trees)
        stack.callback(ours.stop)
        peer = Rsync(folder / "rsync", trees)
        stack.callback(peer.stop)
        samples = [
            _median(case, link, contender) for case in CASES for link in links for contender in (ours, peer)
        ]
        sizes = ours.depot_sizes()
    floors = {case: _floor(folder, trees, case) for case in CASES}
    rows = [row for link in links for case in CASES for row in _rows(case, link, samples, floors[case])]
    rows.append(_memory_row(samples))
    return Table(
        "Sync of the textbook",
        rows,
        _notes(sizes),
        [asdict(sample) | {"total_bytes": sample.total_bytes} for sample in samples],
        {
            "ssh": first_line("ssh", "-V"),
            "rsync": first_line("rsync", "--version"),
            "zstd": first_line("zstd", "--version"),
        },
    )


def _median(case: Case, link: Link, contender: Contender) -> Sample:
    note(f"{contender.name}, {case.name}, {link.name}")
    samples = sorted(
        (_once(case, link, contender) for _ in range(link.repeats)), key=lambda sample: sample.elapsed_s
    )
    return samples[len(samples) // 2]


def _once(case: Case, link: Link, contender: Contender) -> Sample:
    state = contender.prepare(case.has, case.wants)
    with Relay(contender.port, delay_s=link.round_trip_s / 2, bits_per_s=link.bits_per_s) as relay:
        ran = contender.fetch(state, relay.port)
        return Sample(
            case.name,
            link.name,
            contender.name,
            relay.up_bytes,
            relay.down_bytes,
            ran.elapsed_s,
            relay.busy_s,
            ran.cpu_s,
            ran.peak_bytes,
        )


def _floor(folder: Path, trees: Sequence[Path], case: Case) -> int | None:
    """Return what zstd makes of the new tree, knowing the old one; None where nothing is new."""
    if case.has == case.wants:
        return None
    new = _tar(trees[case.wants - 1], folder / "new.tar")
    options: list[object] = ["-19", "--long=27", "-q", "-f"]
    if case.has is not None:
        options.append(f"--patch-from={_tar(trees[case.has - 1], folder / 'old.tar')}")
    packed = folder / "floor.zst"
    run(["zstd", *options, new, "-o", packed])
    return packed.stat().st_size


def _tar(tree: Path, target: Path) -> Path:
    same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]
    subprocess.run(["tar", *same, "-cf", target, "-C", tree, "."], check=True)
    return target


def _rows(case: Case, link: Link, samples: Sequence[Sample], floor: int | None) -> Iterator[Row]:
    ours, peer = (
        next(s for s in samples if (s.case, s.link, s.who) == (case.name, link.name, who))
        for who in (HubSync.name, Rsync.name)
    )
    if not link.bits_per_s:
        goal = _bytes_goal(case, floor, peer.total_bytes)
        yield Row(case.name, "bytes both ways", "B", ours.total_bytes, peer.who, peer.total_bytes, goal)
        if floor is not None:
            yield Row(case.name, "bytes both ways", "B", ours.total_bytes, "zstd floor", floor)
    yield Row(case.name, f"command, {link.name}", "s", ours.elapsed_s, peer.who, peer.elapsed_s)
    yield Row(
        case.name,
        f"connected, {link.name}",
        "s",
        ours.connected_s,
        peer.who,
        peer.connected_s,
        _time_goal(case, link, ours, peer),
    )


def _bytes_goal(case: Case, floor: int | None, theirs: int) -> Goal:
    if floor is None:
        return Goal("≤ 8 KiB", 8 * KIB)
    if case.has is None:
        return Goal("≤ 0.99 × rsync", 0.99 * theirs)
    return Goal("≤ 1.10 × floor + 16 KiB", 1.10 * floor + 16 * KIB)


def _time_goal(case: Case, link: Link, ours: Sample, peer: Sample) -> Goal | None:
    if not link.bits_per_s:
        return None
    if case.has == case.wants:
        return Goal("≤ 10 round trips", 10 * link.round_trip_s)
    own = 14 * link.round_trip_s + link.carry_s(ours.total_bytes)
    return Goal("≤ 14 round trips + bytes ÷ bandwidth, < rsync", min(own, peer.connected_s))


def _memory_row(samples: Sequence[Sample]) -> Row:
    peak = max(sample.peak_bytes for sample in samples if sample.who == HubSync.name)
    return Row("any of these", "peak memory", "B", peak, goal=Goal("≤ 120 MB", MAX_PEAK_BYTES))


def _notes(sizes: dict[str, int]) -> list[str]:
    listed = ", ".join(f"{path} {size:,} B" for path, size in sizes.items())
    return [
        "bytes: all TCP payload of both directions, SSH included, as the relay in between hands it on",
        "command: wall time of the whole command; `hub sync` indexes the pack for the search at its end;"
        " connected: from the first connection to the last byte",
        "hub sync: sshd with ForceCommand internal-sftp -R; rsync: a second sshd of the same configuration"
        " but for the ForceCommand, as rsync needs a program at the far end; ssh with its defaults",
        "peer: rsync -az -c --delete; floor: zstd -19 --long=27 --patch-from=old.tar new.tar, no protocol",
        "nothing is corrected for what else this machine was doing",
        f"in the depot: {listed}",
    ]
