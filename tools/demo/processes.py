"""Processes that stay running: each the head of its own group, ended as a group, in reverse order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

_END_TIMEOUT_S = 20.0  # Kolibri takes a few seconds to close its databases
_POLL_S = 0.2


class StoppedError(Exception):
    """A process that must stay running has ended, or never answered."""


class Processes:
    """What the demo started. Use as a context manager: leaving it ends them all."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of them
        for process in reversed(self._running.values()):
            _end_group(process)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process; what it says goes to <name>.log."""
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, what: str, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()`.

        Raises:
            StoppedError: a process ended meanwhile, or the time is up; with the last lines of its log.
        """
        until = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > until:
                raise StoppedError(f"{what} did not answer within {timeout_s:.0f} s, see {self._logs}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raise StoppedError where a process has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = self._logs / f"{name}.log"
                last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
                text = "\n  ".join([f"{name} ended with exit code {process.returncode}; {log}:", *last])
                raise StoppedError(text)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        until = time.monotonic() + _END_TIMEOUT_S
        while _group_lives(process) and time.monotonic() < until:
            time.sleep(_POLL_S)


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # reap the head, or it would count as alive
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
