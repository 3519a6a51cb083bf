"""`python -m bench.profile`: where the bytes and the round trips of a sync go, as tables in Markdown.

A sync runs over a link of 600 ms and 256 kbit/s with its SSH packets traced; each is put to the phase that
it serves, each SFTP packet to the file that it is about. The tables go into docs/sync-profile.md.
"""

import json
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import goals, stories
from bench.contenders import HubSync, point_at
from bench.links import FIELD, Link
from bench.measure import Run, note, run
from bench.stories import Case, Story
from bench.traced import CHANNEL_DATA, GREETING
from bench.trees import floor_bytes
from support.data import shared_data
from support.relay import Relay

PAGE = Path(__file__).parents[2] / "docs" / "sync-profile.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
# Types of SSH packets: RFC 4250, section 4.1.2. What is not listed belongs to the channel.
_SSH_PHASES = {
    GREETING: "greeting",
    20: "key exchange: lists of algorithms",
    30: "key exchange",
    31: "key exchange",
    21: "key exchange",
    7: "extensions told by sshd",
    80: "host keys told by sshd",
} | dict.fromkeys([5, 6, *range(50, 80)], "sign-in")
_INIT, _VERSION, _READ, _HANDLE, _EXTENDED = 1, 2, 5, 102, 200  # SFTP: filexfer-02
DELTA_HEAD = "delta: index and list of patches"
_NO_REQUEST = (_INIT, _VERSION)


@dataclass
class Phase:
    """What one phase took. Seconds are since the connection began."""

    name: str
    first_s: float
    last_s: float = 0.0
    up_bytes: float = 0.0
    down_bytes: float = 0.0
    requests: int = 0

    @property
    def total_bytes(self) -> float:
        """Both ways."""
        return self.up_bytes + self.down_bytes


@dataclass
class _SftpStream:
    """One way of the channel: cuts it into SFTP packets, however SSH packets cut it."""

    left_bytes: int = 0  # of the packet under way
    phase: str = "SFTP start"


class Sorter:
    """Puts the packets of a trace to their phases."""

    def __init__(self) -> None:
        self.phases: dict[str, Phase] = {}
        self._streams = {"up": _SftpStream(), "down": _SftpStream()}
        self._asked: dict[int, str] = {}  # the phase by number of request
        self._handles: dict[bytes, str] = {}
        self._reading: dict[int, bytes] = {}  # the handle by number of request
        self._answered: set[bytes] = set()  # handles of which bytes came
        self._began_s: float | None = None

    def add(self, at_s: float, way: str, kind: int, size: int, sftp: bytes) -> None:
        """Sort one SSH packet."""
        if self._began_s is None:
            self._began_s = at_s
        at_s -= self._began_s
        if kind != CHANNEL_DATA:
            self._count(_SSH_PHASES.get(kind, "channel"), at_s, way, size)
            return
        for name, count, began in list(self._cut(self._streams[way], way, sftp)):
            self._count(name, at_s, way, size * count / len(sftp), request=began and way == "up")

    def _count(self, name: str, at_s: float, way: str, size: float, *, request: bool = False) -> None:
        phase = self.phases.setdefault(name, Phase(name, at_s))
        phase.last_s = at_s
        phase.requests += request
        if way == "up":
            phase.up_bytes += size
        else:
            phase.down_bytes += size

    def _cut(self, stream: _SftpStream, way: str, data: bytes) -> Iterator[tuple[str, int, bool]]:
        """Yield the phases that bytes of the channel serve, how many, and whether a packet begins there."""
        while data:
            began = not stream.left_bytes
            if began:
                (length,) = struct.unpack_from(">I", data)  # neither side of ours splits a length
                stream.left_bytes = 4 + length
                stream.phase = self._phase(way, data[4 : stream.left_bytes])
            count = min(stream.left_bytes, len(data))
            stream.left_bytes -= count
            yield stream.phase, count, began
            data = data[count:]

    def _phase(self, way: str, packet: bytes) -> str:
        kind = packet[0]
        if kind in _NO_REQUEST:
            return "SFTP start"
        (number,) = struct.unpack_from(">I", packet, 1)
        if way == "up":
            self._asked[number] = self._asked_phase(kind, number, packet)
            return self._asked[number]
        phase = self._asked.pop(number)
        if kind == _HANDLE:
            self._handles[_string(packet, 5)] = phase
            self._answered.discard(_string(packet, 5))
        if number in self._reading:
            self._answered.add(self._reading.pop(number))
        return phase

    def _asked_phase(self, kind: int, number: int, packet: bytes) -> str:
        text = _string(packet, 5)
        if kind == _EXTENDED:  # its own name comes first, then a handle or a path
            text = _string(packet, 9 + len(text))
        if text in self._handles:
            return self._read_phase(kind, number, text)
        return self._file_phase(text.decode())

    def _read_phase(self, kind: int, number: int, handle: bytes) -> str:
        """The head of a delta is what is asked of it first; what is asked after an answer are patches."""
        phase = self._handles[handle]
        if kind == _READ:
            self._reading[number] = handle
        return "delta: patches" if phase == DELTA_HEAD and handle in self._answered else phase

    def _file_phase(self, path: str) -> str:
        name = path.rpartition("/")[2]
        if name.startswith("delta."):
            return DELTA_HEAD
        for part, phase in _FOLDERS.items():
            if f"/{part}/" in path and (part != "packs" or name.startswith("index")):
                return phase
        return "blocks" if name.startswith("blocks.") else "other files"


_FOLDERS = {
    "heads": "head",
    "news": "news of the head",
    "acks": "acks",
    "inbox": "reports",
    "tuf": "metadata beside the head",
    "objects": "large files",
    "packs": "index",
}


def _string(packet: bytes, offset: int) -> bytes:
    (length,) = struct.unpack_from(">I", packet, offset)
    return packet[offset + 4 : offset + 4 + length]


def sort_trace(path: Path) -> list[Phase]:
    """Return the phases of a traced sync in the order in which they began."""
    sorter = Sorter()
    for line in path.read_text().splitlines():
        at_s, way, kind, size, sftp = json.loads(line)
        sorter.add(at_s, way, kind, size, bytes.fromhex(sftp))
    return sorted(sorter.phases.values(), key=lambda phase: phase.first_s)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one case took. `trips`: round trips that it waited for, without what the programs take."""

    case: Case
    phases: list[Phase]
    total_bytes: int  # by the relay's count
    trips: float
    busy_s: float
    ran: Run
    floor: int | None  # bytes; None where nothing is new


def profile(folder: Path, story: Story, link: Link = FIELD) -> Iterator[Profile]:
    """Yield what each case of a story takes."""
    with ExitStack() as stack:
        ours = HubSync(folder / "hub", story)
        stack.callback(ours.stop)
        for case in story.cases:
            note(f"profile: {case.name}")
            yield _profile(folder, story, ours, case, link)


def _profile(folder: Path, story: Story, ours: HubSync, case: Case, link: Link) -> Profile:
    """Sync over no distance, then over a long one: what the second takes more is waiting for answers.

    Both have the link's bandwidth, so neither carrying bytes nor what the programs take is in the difference.
    """
    trace, busy_s = folder / "trace", []
    for delay_s in (0.0, link.round_trip_s / 2):
        state = ours.prepare(case.has, case.wants)
        with Relay(ours.port, delay_s=delay_s, bits_per_s=link.bits_per_s) as relay:
            point_at(state, relay.port)
            words = (trace, "--dir", state, "sync", "--no-neighbours")
            ran = run([sys.executable, "-m", "bench.traced", *words])
            busy_s.append(relay.busy_s)
            total, connections = relay.total_bytes, relay.connections
    near_s, far_s = busy_s
    trips = connections + (far_s - near_s) / link.round_trip_s
    old = None if case.has is None else story.trees[case.has - 1]
    is_news = case.has != case.wants
    floor = floor_bytes(folder / "floor", story.trees[case.wants - 1], old) if is_news else None
    return Profile(case, sort_trace(trace), total, trips, far_s, ran, floor)


def summarise(profiles: Iterable[Profile]) -> Iterator[str]:
    """Yield the table with the round trips that all other documents name."""
    yield "| case | round trips | goal | bytes, both ways | floor |"
    yield "|---|--:|--:|--:|--:|"
    for made in profiles:
        goal = goals.most_round_trips(made.case.has, made.case.wants)
        cells = (made.case.name, f"{made.trips:.1f}", goal or "", made.total_bytes, made.floor or "")
        yield f"| {' | '.join(map(_shown, cells))} |"
    yield ""


def _table(made: Profile, link: Link) -> Iterator[str]:
    yield f"### {made.case.name}\n"
    yield "| phase | requests | up, B | down, B | together, B | ends at, s |"
    yield "|---|--:|--:|--:|--:|--:|"
    for phase in made.phases:
        cells = (phase.name, phase.requests or "", *map(round, (phase.up_bytes, phase.down_bytes)))
        ends_s = phase.last_s + link.round_trip_s  # TCP's own handshake, which the relay answers
        yield f"| {' | '.join(map(_shown, cells))} | {round(phase.total_bytes):,} | {ends_s:.1f} |"
    traced = round(sum(phase.total_bytes for phase in made.phases))
    yield f"| **all that was traced** | | | | **{traced:,}** | **{made.busy_s + link.round_trip_s:.1f}** |"
    if made.total_bytes != traced:
        yield f"| by the relay's count | | | | {made.total_bytes:,} | |"
    if made.floor is not None:
        yield f"| *floor* | | | | *{made.floor:,}* | |"
    yield f"\nThe whole command: {made.ran.elapsed_s:.1f} s, {made.ran.cpu_s:.2f} s of processor.\n"


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def main() -> None:
    """Profile the textbook's cases, and put the tables into the page that shows them."""
    book = shared_data("textbook")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "book").mkdir()
        story = stories.book(folder / "book", [book / f"v{version}" for version in (1, 2, 3)])
        measured = f"Measured {datetime.now(UTC):%d %B %Y, %H:%M} UTC by `python -m bench.profile`.\n"
        made = list(profile(folder, story))
    tables = [line for each in made for line in _table(each, FIELD)]
    text = "\n".join([measured, *summarise(made), *tables])
    print(text)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    PAGE.write_text(f"{head}{_BEGIN}\n\n{text}\n{_END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
