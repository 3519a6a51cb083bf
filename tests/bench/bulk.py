"""One large file over bare loopback, beside scp from the same kind of sshd."""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.contenders import ShellAccount
from bench.measure import first_line, note, run
from bench.tables import Goal, Row, Table
from bench.trees import copy_tree
from content_packs.depot import PART_BYTES
from content_packs.transports.transport import Range
from support.depots import HubAccess
from support.lessons import mp4
from support.road import BIN, Road
from support.sources import write_source

PACK, FILM = "films", "film.mp4"
MAX_PEAK_BYTES = 120_000_000
READ, SYNC, SCP = "transport", "hub sync", "scp"


@dataclass(frozen=True, slots=True)
class Sample:
    """One way to bring the file. `peak_bytes` is 0 where nothing of ours ran in a process of its own."""

    who: str
    elapsed_s: float
    cpu_s: float = 0.0
    peak_bytes: int = 0


def measure(folder: Path, *, size_bytes: int, repeats: int) -> Table:
    """Measure with a film of about `size_bytes`, the median of `repeats`."""
    assert size_bytes < PART_BYTES, "the film has to be one file in the depot"
    note(f"building and publishing a film of {size_bytes:,} B")
    with ExitStack() as stack:
        road = Road(folder / "road", hub_id="h-bench")
        stack.callback(road.stop)
        film = _publish(road, folder, size_bytes)
        account = ShellAccount(folder / "scp")
        stack.callback(account.stop)
        ways: dict[str, Callable[[], Sample]] = {
            READ: lambda: _read(road, folder, film.stat().st_size),
            SYNC: lambda: _sync(road, folder, film),
            SCP: lambda: _scp(account, folder, film),
        }
        samples = {who: _median(who, once, repeats) for who, once in ways.items()}
    return Table(
        "A large file on loopback",
        list(_rows(samples, film.stat().st_size)),
        [
            "transport: connect and read through our SFTP transport, the bytes dropped; hub sync: the whole"
            " command, every slice hashed and all of it fsynced, then indexed; scp: the command, no fsync",
            "directly to the sshd, no relay between; scp from a second sshd without the ForceCommand",
            "nothing is corrected for what else this machine was doing",
        ],
        [asdict(sample) for sample in samples.values()],
        {"ssh": first_line("ssh", "-V")},
    )


def _publish(road: Road, folder: Path, size_bytes: int) -> Path:
    source = write_source(folder / PACK, {}, id=PACK, kind="files", entry=None)
    film = source / FILM
    film.write_bytes(mp4(random.Random(0).randbytes(size_bytes)))
    road.publish(source)
    road.assign(PACK)
    return film


def _median(who: str, once: Callable[[], Sample], repeats: int) -> Sample:
    note(f"{who}, a large file")
    return sorted((once() for _ in range(repeats)), key=lambda sample: sample.elapsed_s)[repeats // 2]


def _read(road: Road, folder: Path, size_bytes: int) -> Sample:
    (part,) = (path for path in (road.depot / "objects").rglob("*") if path.is_file())
    wanted = Range(part.relative_to(road.depot).as_posix(), 0, size_bytes)
    began, cpu_s = time.monotonic(), time.process_time()
    with HubAccess(road.sshd, folder / "id_read").connect() as transport:
        with closing(transport.read_ranges([wanted])) as stream:
            received = sum(len(data) for _, data in stream)
        elapsed_s = time.monotonic() - began
    assert received == size_bytes
    return Sample(READ, elapsed_s, time.process_time() - cpu_s)


def _sync(road: Road, folder: Path, film: Path) -> Sample:
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    copy_tree(road.hub, state)
    ran = run([BIN / "hub", "--dir", state, "sync", "--no-neighbours"])
    brought = state / "packs" / PACK / "current" / "files" / FILM
    assert brought.stat().st_size == film.stat().st_size
    return Sample(SYNC, ran.elapsed_s, ran.cpu_s, ran.peak_bytes)


def _scp(account: ShellAccount, folder: Path, film: Path) -> Sample:
    source = f"{account.user}@127.0.0.1:{film}"
    options = ["-q", "-P", account.port, *account.ssh_options()]
    ran = run(["scp", *options, source, folder / "copy"])
    return Sample(SCP, ran.elapsed_s, ran.cpu_s, ran.peak_bytes)


def _rows(samples: dict[str, Sample], size_bytes: int) -> Iterator[Row]:
    rates = {who: size_bytes / sample.elapsed_s for who, sample in samples.items()}
    goal = Goal("≥ 0.85 × scp", 0.85 * rates[SCP], at_least=True)
    case = f"{size_bytes // 1_000_000} MB"
    yield Row(case, READ, "B/s", rates[READ], SCP, rates[SCP], goal)
    yield Row(case, SYNC, "B/s", rates[SYNC], SCP, rates[SCP], goal)
    memory = Goal("≤ 120 MB", MAX_PEAK_BYTES)
    yield Row(case, f"peak memory, {SYNC}", "B", samples[SYNC].peak_bytes, goal=memory)
