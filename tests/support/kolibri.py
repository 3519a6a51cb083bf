"""The real Kolibri of `make kolibri`, run for a hub directory in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from hub.kolibri.home import prepare_home
from hub.settings import HubPaths, read_settings
from support.waiting import wait_for

KOLIBRI = Path(__file__).parents[2] / ".venv-kolibri" / "bin" / "kolibri"
_RUN = """
import signal, sys, threading
from pathlib import Path
from hub.kolibri.process import run_kolibri
from hub.settings import HubPaths, read_settings
until = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: until.set())
paths = HubPaths(Path(sys.argv[1]))
run_kolibri(paths, read_settings(paths), until=until)
"""


class HubKolibri:
    """`hub kolibri` for one hub directory."""

    def __init__(self, paths: HubPaths) -> None:
        assert KOLIBRI.is_file(), f"{KOLIBRI} is missing: run `make kolibri`"
        self.paths = paths
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _RUN, str(self.paths.dir)])
        wait_for(lambda: self._running().poll() is not None or self.state.get("up"), timeout_s=90)
        assert self.state.get("up"), "hub kolibri ended at its start"

    def stop(self) -> int:
        """Ask it to end, and return how it did."""
        self._running().terminate()
        return self._running().wait(60)

    def kill(self) -> None:
        """End it as a power cut would; what it started has to follow by itself."""
        self._running().kill()
        self._running().wait()

    def kill_kolibri(self) -> None:
        os.kill(self.state["pid"], signal.SIGKILL)

    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @property
    def state(self) -> dict[str, Any]:
        """What run/kolibri.json says."""
        try:
            state: dict[str, Any] = json.loads((self.paths.run / "kolibri.json").read_bytes())
        except FileNotFoundError:
            return {}
        return state

    def stamps(self) -> dict[str, str | None]:
        """Return the packs that Kolibri's channels come from, by channel."""
        return {channel["id"]: channel["pack"] for channel in self.state.get("channels", [])}

    def wait_for_stamps(self, expected: dict[str, str]) -> None:
        wait_for(lambda: self.stamps() == expected, timeout_s=60, seen=lambda: self.state)

    def get(self, path: str, *, port: str = "port") -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.state[port]}{path}", timeout=20) as answer:
            return answer.read()

    def manage(self, *words: object) -> None:
        """Run a command of Kolibri as a technician would, beside the one that runs."""
        env = prepare_home(self.paths, read_settings(self.paths)).env
        command = [KOLIBRI, "manage", "--skip-update", *map(str, words)]
        done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def end(self) -> None:
        """Stop whatever still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)


def dead(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
