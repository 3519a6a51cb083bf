"""A real front door: nginx as `hub front-door --run` starts it, before a real `hub serve`."""

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.settings import HubPaths
from support.ports import free_port
from support.serving import HUB, write_settings
from support.waiting import wait_for


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]  # lower-case names
    body: bytes


@dataclass(frozen=True)
class Opened:
    """A front door that answers."""

    process: "subprocess.Popen[bytes]"
    port: int
    packs_port: int
    kolibri_port: int
    zip_port: int

    @property
    def url(self) -> str:
        """The portal, for a browser that knows the hub by its name."""
        return f"http://{self.hub_host}"

    @property
    def hub_host(self) -> str:
        return f"hub.lan:{self.port}"

    def pack_host(self, pack_id: str) -> str:
        return f"p-{pack_id}.hubpacks.lan:{self.port}"

    def get(self, path: str, host: str = "", *, port: int = 0, method: str = "GET", **headers: str) -> Answer:
        """Ask for exactly this path, with no browser's tidying up; `_` in a header's name stands for `-`."""
        return ask(port or self.port, path, host or self.hub_host, method=method, **headers)


def ask(port: int, path: str, host: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    """Send exactly this request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def write_door_settings(paths: HubPaths, more: str = "", door: str = "") -> None:
    """Write a hub.toml whose front door is at free ports, and so is Kolibri."""
    ports = [free_port() for _ in range(6)]
    write_settings(
        paths,
        f"{more}\n[door]\nenabled = true\nhost = '127.0.0.1'\nport = {ports[0]}\npacks_port = {ports[1]}\n"
        f"kolibri_port = {ports[2]}\nzip_port = {ports[3]}\n{door}\n"
        f"[kolibri]\nport = {ports[4]}\nzip_port = {ports[5]}\n",
    )


@contextmanager
def front_door(paths: HubPaths) -> Iterator[Opened]:
    """Yield the front door of the hub at `paths`, which has `write_door_settings`."""
    process = subprocess.Popen([str(HUB), "--dir", str(paths.dir), "front-door", "--run"])
    try:
        wait_for(lambda: process.poll() is not None or _state(paths).get("pid"), timeout_s=30)
        assert process.poll() is None, "the front door ended at its start"
        state = _state(paths)
        ports = (state[name] for name in ("port", "packs_port", "kolibri_port", "zip_port"))
        yield Opened(process, *ports)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


def _state(paths: HubPaths) -> dict[str, int]:
    try:
        state: dict[str, int] = json.loads(Path(paths.run / "door.json").read_bytes())
    except FileNotFoundError:
        return {}
    return state
