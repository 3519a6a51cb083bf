"""Keep one child process running: start, health, restart with back-off, stop. Kolibri and kiwix-serve use it.

The rules (`next_step`, `Backoff`) hold no I/O and take the time as an argument.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO

from content_packs.depot import MIB
from content_packs.errors import ProcessDownError

_LOG_BYTES = 5 * MIB  # of one log; the one before it is kept as <name>.1
_TICK_S = 0.5
_TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a child that ended is started again."""

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 60.0
    steady_after_s: float = 60.0  # a child that lived this long has earned a fresh start

    def delay_s(self, failures: int) -> float:
        """Return the wait after `failures` (from 1) ends in a row."""
        return float(min(self.longest_s, self.first_s * self.factor ** min(failures - 1, 32)))


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """How one child is run."""

    name: str
    command: Sequence[str]
    log_path: Path
    env: Mapping[str, str] | None = None
    start_timeout_s: float = 60.0  # until it is healthy for the first time; then it counts as hung
    stop_timeout_s: float = 20.0  # from TERM to KILL
    health_interval_s: float = 5.0
    unhealthy_after: int = 6  # failed checks in a row after which a running child counts as hung
    backoff: Backoff = Backoff()


class Step(Enum):
    """What to do with a child now."""

    WAIT = auto()
    START = auto()
    CHECK = auto()
    RESTART = auto()  # it hangs: end it; the next step notes its end


@dataclass(frozen=True, slots=True)
class ChildState:
    """What is known of a child; times are in seconds of one monotonic clock."""

    running: bool = False
    healthy: bool = False
    failures: int = 0  # ends in a row, not counting the ones that were asked for
    started_at: float = 0.0
    checked_at: float = 0.0
    failed_checks: int = 0  # in a row
    start_at: float = 0.0  # while it is not running


def next_step(state: ChildState, settings: ChildSettings, *, now: float) -> Step:
    """Return what to do next. Pure."""
    if not state.running:
        return Step.START if now >= state.start_at else Step.WAIT
    if state.healthy:
        hung = state.failed_checks >= settings.unhealthy_after
    else:
        hung = now - state.started_at > settings.start_timeout_s
    if hung:
        return Step.RESTART
    # While it starts, look often: learners wait.
    interval_s = settings.health_interval_s if state.healthy else _TICK_S
    return Step.CHECK if now - state.checked_at >= interval_s else Step.WAIT


def after_end(state: ChildState, settings: ChildSettings, *, now: float) -> ChildState:
    """Return the state after the child ended by itself. Pure."""
    steady = now - state.started_at >= settings.backoff.steady_after_s
    failures = 1 if steady else state.failures + 1
    return ChildState(failures=failures, start_at=now + settings.backoff.delay_s(failures))


def after_check(state: ChildState, healthy: bool, *, now: float) -> ChildState:
    """Return the state after a look at the child's health. Pure."""
    return ChildState(
        running=True,
        healthy=state.healthy or healthy,
        failures=state.failures,
        started_at=state.started_at,
        checked_at=now,
        failed_checks=0 if healthy else state.failed_checks + 1,
    )


class Child:
    """One supervised process. Call `tick` every half second; it never waits for long.

    The child has a process group of its own, and the kernel kills it when the thread that started it ends.
    """

    def __init__(self, settings: ChildSettings, is_healthy: Callable[[], bool]) -> None:
        self.settings = settings
        self.state = ChildState()
        self._is_healthy = is_healthy
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def is_up(self) -> bool:
        """Whether the child runs and its last look was good."""
        return self.state.running and self.state.healthy and self.state.failed_checks == 0

    def tick(self) -> None:
        """Do what is due now.

        Raises:
            ProcessDownError: the program is not there or may not be run.
        """
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            _kill_group(self._process.pid)  # what it left behind could hold its port
            self._process = None
            self.state = after_end(self.state, self.settings, now=now)
        match next_step(self.state, self.settings, now=now):
            case Step.START:
                self._start(now)
            case Step.CHECK:
                self.state = after_check(self.state, self._is_healthy(), now=now)
            case Step.RESTART:
                self._end()
                self.state = after_end(self.state, self.settings, now=now)

    def wait_until_up(self, until: threading.Event, *, give_up_after: int = 1) -> None:
        """Tick until the child is healthy for the first time, or `until` is set.

        Raises:
            ProcessDownError: `give_up_after` starts failed in a row; the end of its log says why.
        """
        while not until.is_set() and not self.is_up:
            self.tick()
            if self.state.failures >= give_up_after:
                raise self.down_error()
            until.wait(_TICK_S)

    def down_error(self) -> ProcessDownError:
        """Return the error that says that the child does not run, with the end of its log."""
        log = self.settings.log_path
        tail = log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip() if log.is_file() else ""
        last = tail.splitlines()[-1] if tail else "it said nothing"
        return ProcessDownError(f"{self.settings.name} does not run: {last}", hint=f"See {log}.")

    def stop(self) -> None:
        """End the child: TERM, and KILL for it and all that it started where it does not obey in time."""
        self._end()
        self.state = ChildState()

    def _start(self, now: float) -> None:
        settings = self.settings
        command = dying_with_us(settings.command)
        with _open_log(settings.log_path) as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=None if settings.env is None else dict(settings.env),
                    start_new_session=True,
                )
            except OSError as error:
                message = f"{settings.name} cannot be started: {error}"
                missing = isinstance(error, FileNotFoundError)
                hint = "Install util-linux." if missing else "This machine is short of memory: restart it."
                raise ProcessDownError(message, hint=hint) from error
        self.state = ChildState(running=True, failures=self.state.failures, started_at=now, checked_at=now)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self.settings.stop_timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _kill_group(process.pid)


def dying_with_us(command: Sequence[str]) -> list[str]:
    """Return the command of a child that the kernel kills when we die in any way, kill -9 included.

    setpriv (util-linux) becomes the child. KILL, not TERM: a Kolibri that is told to end while it still
    starts was seen to stay for ever, with the port. To its databases it is a power cut, which they survive.
    """
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # the whole group has ended


def _open_log(log_path: Path) -> IO[bytes]:
    """Open a child's log, a long one put aside first; a disk that refuses costs the log and not the child."""
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        if log_path.is_file() and log_path.stat().st_size > _LOG_BYTES:
            log_path.replace(log_path.with_name(log_path.name + ".1"))
        return log_path.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")
