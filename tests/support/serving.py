"""A real `hub serve` on loopback, ended when the test ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.settings import HUB_TOML, HubPaths
from support.ports import free_port
from support.waiting import wait_for

HUB = Path(sys.executable).with_name("hub")
_TOML = """\
hub_id = "h-test01"
depot_url = "/nowhere"
[portal]
host = "127.0.0.1"
name = "Ліцей села Кваси"
"""


@dataclass(frozen=True)
class Served:
    """A portal that answers."""

    process: "subprocess.Popen[str]"
    port: int
    content_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def content_url(self) -> str:
        return f"http://127.0.0.1:{self.content_port}"

    def stop(self, how: signal.Signals = signal.SIGTERM, *, within_s: float = 30) -> int:
        """End it and return its exit code; fails where that takes longer."""
        self.process.send_signal(how)
        return self.process.wait(within_s)


def write_settings(paths: HubPaths, more: str = "") -> None:
    paths.dir.mkdir(parents=True, exist_ok=True)
    (paths.dir / HUB_TOML).write_text(_TOML + more, encoding="utf-8")


@contextmanager
def serving(paths: HubPaths, *, port: int = 0, options: Sequence[str] = ()) -> Iterator[Served]:
    """Yield a running portal for the hub at `paths`, which has its hub.toml or gets one."""
    if not paths.settings.is_file():
        write_settings(paths)
    port = port or free_port()
    command = [str(HUB), "--dir", str(paths.dir), "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for(lambda: process.poll() is not None or _state_of(paths, process.pid), timeout_s=30)
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        state = _state_of(paths, process.pid)
        yield Served(process, port, state["content_port"])
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def _state_of(paths: HubPaths, pid: int) -> dict[str, int]:
    """Return what the portal wrote of itself; empty while it has not."""
    try:
        state: dict[str, int] = json.loads((paths.run / "portal.json").read_bytes())
    except FileNotFoundError:
        return {}
    return state if state["pid"] == pid else {}
