"""The hubs of a simulated fleet: real hub directories whose real sync runs in a few worker processes."""

import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from content_packs.errors import Error
from hub.clock import raise_floor
from hub.settings import HubPaths, read_settings
from hub.sync.report import Progress
from hub.sync.session import sync
from support.relay import Relay

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Check:
    """One run of a hub's sync. `at` is the time by the hub's clock; `cut_after` bytes the link breaks."""

    hub: Path
    at: datetime
    cut_after: int | None = None


@dataclass(slots=True)
class Took:
    """What some checks took, and how they ended: "ok" or an error's code → how many."""

    connections: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    installed: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Took") -> None:
        """Count another one in."""
        self.connections += other.connections
        self.up_bytes += other.up_bytes
        self.down_bytes += other.down_bytes
        self.installed += other.installed
        for end, count in other.ends.items():
            self.ends[end] = self.ends.get(end, 0) + count


class Hubs:
    """`with Hubs(sshd.port) as hubs:` runs checks in worker processes, each with a relay that counts."""

    def __init__(self, port: int, *, workers: int = WORKERS) -> None:
        self._workers = workers
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, spawn, initializer=_begin, initargs=(port,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, checks: Iterable[Check]) -> Took:
        """Run checks, as many at once as there are workers."""
        took = Took()
        for part, _ in self._pool.map(_run_together, [[check] for check in checks]):
            took.add(part)
        return took

    def run_at_once(self, checks: Sequence[Check]) -> tuple[Took, list[Check]]:
        """Run all checks at the same moment; return besides those that were refused or cut."""
        shares = [share for number in range(self._workers) if (share := checks[number :: self._workers])]
        took, failed = Took(), []
        for part, unserved in self._pool.map(_run_together, shares):
            took.add(part)
            failed += unserved
        return took, failed


_relay: list[Relay] = []  # of this worker


def _begin(port: int) -> None:
    relay = Relay(port)
    relay.__enter__()
    _relay.append(relay)


def _run_together(checks: Sequence[Check]) -> tuple[Took, list[Check]]:
    (relay,) = _relay
    relay.cut_after(checks[0].cut_after)
    before = (relay.connections, relay.up_bytes, relay.down_bytes)
    with ThreadPoolExecutor(len(checks)) as threads:
        ends = list(threads.map(lambda check: _sync(check, relay.port), checks))
    took = Took(
        relay.connections - before[0],
        relay.up_bytes - before[1],
        relay.down_bytes - before[2],
        sum(installed for _, installed in ends),
    )
    for code, _ in ends:
        took.add(Took(ends={code: 1}))
    return took, [check for check, (code, _) in zip(checks, ends, strict=True) if code != "ok"]


def _sync(check: Check, port: int) -> tuple[str, int]:
    """Run one sync; return how it ended, and how many packs it installed."""
    paths = HubPaths(check.hub)
    raise_floor(paths.trust, check.at)  # the hub lives by the time of the simulated day
    settings = read_settings(paths)
    settings = replace(settings, depot_url=f"sftp://{settings.hub_id}@127.0.0.1:{port}/")
    try:
        report = sync(paths, settings, source=None, progress=Progress())
    except Error as error:
        return error.code, 0
    if report.failures:
        return report.failures[0][1].code, len(report.done)
    return "ok" if report.reports.warning is None else report.reports.warning.code, len(report.done)
