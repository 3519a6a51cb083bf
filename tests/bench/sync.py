"""What a sync of a pack costs in bytes and time, beside rsync, zsync and casync over the same link."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import goals
from bench.contenders import Contender, HubSync, Rsync
from bench.links import Link
from bench.measure import first_line, note
from bench.stories import Case, Story
from bench.tables import Row, Table
from bench.trees import floor_bytes
from bench.web_peers import Casync, Zsync
from support.relay import Relay

_BYTES = "bytes both ways"


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


@dataclass(frozen=True, slots=True)
class Told:
    """What one story gave."""

    rows: list[Row]
    samples: list[Sample]
    depot_sizes: dict[str, int]


def measure(folder: Path, stories: Sequence[Story], links: Sequence[Link], left_out: Sequence[str]) -> Table:
    """Measure every case of every story over every link; `left_out` says what could not be measured."""
    told = [_tell(folder / story.pack, story, links) for story in stories]
    samples = [sample for one in told for sample in one.samples]
    rows = [row for one in told for row in one.rows]
    rows += [Row(text, _BYTES, "B", None) for text in left_out]
    peak = max(sample.peak_bytes for sample in samples if sample.who == HubSync.name)
    rows.append(Row("any of these", f"peak memory, {HubSync.name}", "B", peak, goal=goals.memory()))
    return Table(
        "Sync of a pack",
        rows,
        [*_NOTES, *(f"in the depot: {_listed(one.depot_sizes)}" for one in told)],
        [asdict(sample) | {"total_bytes": sample.total_bytes} for sample in samples],
        _versions(),
    )


def _tell(folder: Path, story: Story, links: Sequence[Link]) -> Told:
    note(f"{story.pack}: building, publishing and packing {len(story.trees)} versions")
    with ExitStack() as stack:
        ours = HubSync(folder / "hub", story)
        stack.callback(ours.stop)
        contenders: list[Contender] = [ours]
        for peer in (Rsync, Zsync, Casync):
            contender = peer(folder / peer.__name__.lower(), story)
            stack.callback(contender.stop)
            contenders.append(contender)
        samples = [
            _measured(case, link, contender)
            for case in story.cases
            for link in links
            if case.in_field or not link.bits_per_s
            # In time rsync is the peer: what zsync and casync take more of are bytes.
            for contender in (contenders[:2] if link.bits_per_s else contenders)
        ]
        rows = [row for case in story.cases for row in _rows(folder / "floor", story, case, links, samples)]
        rows += _publish_rows(story, ours)
        return Told(rows, samples, ours.depot_sizes())


def _measured(case: Case, link: Link, contender: Contender) -> Sample:
    note(f"{contender.name}, {case.name}, {link.name}")
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
            relay.busy_s + relay.connections * link.round_trip_s,
            ran.cpu_s,
            ran.peak_bytes,
        )


def _rows(
    folder: Path, story: Story, case: Case, links: Sequence[Link], samples: Sequence[Sample]
) -> Iterator[Row]:
    for link in links:
        found = {s.who: s for s in samples if (s.case, s.link) == (case.name, link.name)}
        if found and not link.bits_per_s:
            floor = _floor(folder, story, case)
            yield from _bytes_rows(case, floor, found)
        if found:
            yield from _time_rows(case, link, found)


def _floor(folder: Path, story: Story, case: Case) -> int | None:
    """Return how many bytes there are to say at least; None where nothing is new."""
    if case.has == case.wants:
        return None
    old = None if case.has is None else story.trees[case.has - 1]
    return floor_bytes(folder, story.trees[case.wants - 1], old)


def _bytes_rows(case: Case, floor: int | None, found: dict[str, Sample]) -> Iterator[Row]:
    ours, rsync = found[HubSync.name].total_bytes, found[Rsync.name].total_bytes
    goal = case.goal and case.goal(floor or 0, rsync)
    yield Row(case.name, _BYTES, "B", ours, Rsync.name, rsync, goal)
    for peer in (Zsync.name, Casync.name):
        yield Row(case.name, _BYTES, "B", ours, peer, found[peer].total_bytes)
    if floor is not None:
        yield Row(case.name, _BYTES, "B", ours, "zstd floor", floor)


def _time_rows(case: Case, link: Link, found: dict[str, Sample]) -> Iterator[Row]:
    ours, peer = found[HubSync.name], found[Rsync.name]
    yield Row(case.name, f"command, {link.name}", "s", ours.elapsed_s, peer.who, peer.elapsed_s)
    goal = None
    if link.bits_per_s and case.has == case.wants:
        goal = goals.question_time(link)
    elif link.bits_per_s:
        goal = goals.update_time(link, ours.total_bytes, peer.connected_s)
    name = f"connected, {link.name}"
    yield Row(case.name, name, "s", ours.connected_s, peer.who, peer.connected_s, goal)


def _publish_rows(story: Story, ours: HubSync) -> Iterator[Row]:
    longest = max(run.elapsed_s for run in ours.published)
    peak = max(run.peak_bytes for run in ours.published)
    yield Row(story.pack, "central publish, the longest", "s", longest)
    yield Row(story.pack, "peak memory, central publish", "B", peak)


def _listed(sizes: dict[str, int]) -> str:
    return ", ".join(f"{path} {size:,} B" for path, size in sizes.items())


def _versions() -> dict[str, str]:
    return {
        "ssh": first_line("ssh", "-V"),
        "rsync": first_line("rsync", "--version"),
        "zsync": first_line("zsync", "-V"),
        "casync": first_line("casync", "--version"),
        "zstd": first_line("zstd", "--version"),
    }


_NOTES = (
    "bytes: all TCP payload of both directions, SSH and HTTP included, as the relay in between hands it on",
    "command: wall time of the whole command; `hub sync` indexes the pack for the search at its end;"
    " connected: from the first connection to the last byte, and a round trip for TCP's own handshake, which"
    " the relay does not delay",
    "hub sync: sshd with ForceCommand internal-sftp; rsync: a second sshd of the same configuration"
    " but for the ForceCommand, as rsync needs a program at the far end; ssh with its defaults",
    "rsync -az -c --delete; zsync: of an uncompressed tar, knowing the old tar; casync: chunks of 64 KiB as"
    " zstd files, the old folder as its seed; both from nginx, without TLS; floor: zstd -19 --long=27"
    " --patch-from=old.tar new.tar, no protocol",
    "nothing is corrected for what else this machine was doing",
)
