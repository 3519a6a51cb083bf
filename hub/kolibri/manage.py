"""Kolibri's management commands: one at a time, and none outlives us."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from content_packs.durable import locked
from content_packs.errors import ProcessDownError
from hub.kolibri.home import KolibriHome
from hub.supervise import dying_with_us

_LOOK_S = 0.5
_STOP_TIMEOUT_S = 20.0

Pause = Callable[[float], bool]
"""Waits for so many seconds, doing what else is due; returns whether we shall stop."""


@dataclass(frozen=True, slots=True)
class Manage:
    """Runs `kolibri manage …` for one home. Each run costs a Pi some five seconds and 100 MB: batch."""

    home: KolibriHome
    lock_path: Path
    log_path: Path
    pause: Pause

    def scan(self, channel_id: str) -> None:
        """Let Kolibri read a channel's database, where it is newer, and look which files are there."""
        self._run("scanforcontent", "--channels", channel_id)

    def delete(self, channel_id: str) -> None:
        """Let Kolibri forget a channel; its database and files must still be there (hubs.md §5.3)."""
        self._run("deletechannel", channel_id)

    def _run(self, *arguments: str) -> None:
        """Run one command.

        Raises:
            ProcessDownError: it failed, or was stopped because we are.
        """
        doing = f"kolibri {' '.join(arguments)}"
        command = [str(self.home.executable), "manage", "--skip-update", *arguments]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.lock_path, doing=doing, wait=True), self.log_path.open("wb") as log:
            process = subprocess.Popen(
                dying_with_us(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.home.env),
                start_new_session=True,
            )
            code = self._wait(process, doing)
        if code != 0:
            raise ProcessDownError(f"{doing}: {self._last_line()}", hint=f"See {self.log_path}.")

    def _wait(self, process: "subprocess.Popen[bytes]", doing: str) -> int:
        try:
            while process.poll() is None:
                if self.pause(_LOOK_S):
                    raise ProcessDownError(f"{doing}: stopped", hint="It is done at the next start.")
            return process.returncode
        finally:
            if process.poll() is None:
                _end(process)

    def _last_line(self) -> str:
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it failed and said nothing"


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
