"""The servers that are measured: ours and its peers, each started here, on loopback, and ended."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hub.door.config import write_config
from hub.door.run import choose_door, find_nginx
from hub.settings import HubPaths, KolibriSettings, read_settings
from support.kolibri import KOLIBRI, HubKolibri
from support.ports import free_port
from support.road import BIN
from support.waiting import wait_for

_START_S = 30.0
_STOP_S = 15.0
NGINX_CHECKED = "/checked/"  # below it nginx has the same files, and follows no link
FLASK_THREADS = 16  # as many as the portal's

_NGINX = """{user}daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_processes auto;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type text/html;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location {checked} {{ alias {root}/; disable_symlinks on from={root}; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One that answers on 127.0.0.1."""

    pid: int
    port: int
    content_port: int = 0  # of the packs: the portal's second origin, or the door's


@contextmanager
def portal(hub_dir: Path) -> Iterator[Server]:
    """`hub serve`: gunicorn alone, with kiwix-serve as its child."""
    port = free_port()
    command = [BIN / "hub", "--dir", hub_dir, "serve", "--host", "127.0.0.1", "--port", port]
    with _running(command, port, hub_dir / "serve.log") as pid:
        written = hub_dir / "run" / "portal.json"
        wait_for(written.is_file, timeout_s=_START_S)
        state = json.loads(written.read_bytes())
        yield Server(pid, port, int(state["content_port"]))


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Server]:
    """nginx with static files, as many workers as there are cores."""
    port = free_port()
    folder.mkdir()
    user = "user root; " if os.geteuid() == 0 else ""  # else its workers cannot look into our folders
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, root=root, port=port, user=user, checked=NGINX_CHECKED))
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "nginx is missing: apt-get install nginx-light"
    command = [program, "-p", folder, "-c", config, "-e", "stderr"]
    with _running(command, port, folder / "log") as pid:
        yield Server(pid, port)


@contextmanager
def door(hub_dir: Path) -> Iterator[Server]:
    """The front door as on the card, before the portal of this hub: nginx with a worker for each core."""
    paths = HubPaths(hub_dir)
    settings = replace(read_settings(paths), kolibri=KolibriSettings(enabled=False))
    at = choose_door(settings, 0)
    folder = paths.run / "nginx"
    folder.mkdir()
    user = "root" if os.geteuid() == 0 else ""  # as above
    text = write_config(paths, settings, at, host="127.0.0.1", user=user)
    (folder / "nginx.conf").write_text(text)
    command = [find_nginx(), "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    with _running(command, at.port, folder / "log") as pid:
        yield Server(pid, at.port, at.packs_port)


@contextmanager
def kiwix(zim: Path) -> Iterator[Server]:
    """kiwix-serve with its defaults."""
    port = free_port()
    command = ["kiwix-serve", "--address", "127.0.0.1", "--port", port, zim]
    with _running(command, port, zim.with_suffix(".log")) as pid:
        yield Server(pid, port)


@contextmanager
def flask_send_file(folder: Path, root: Path) -> Iterator[Server]:
    """Flask's send_file on gunicorn: one gthread worker, as the portal has."""
    port = free_port()
    command: list[object] = [sys.executable, "-m", "gunicorn", f"bench.send_file_app:create({str(root)!r})"]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", 1]
    command += ["--threads", FLASK_THREADS, "--keep-alive", 5, "--log-level", "warning"]
    with _running([*command, "--no-control-socket"], port, folder / "flask.log") as pid:
        yield Server(pid, port)


@contextmanager
def kolibri(hub_dir: Path) -> Iterator[Server]:
    """`hub kolibri`; `pid` is of Kolibri itself."""
    with (hub_dir / "hub.toml").open("a") as settings:
        settings.write(f'[kolibri]\ncommand = "{KOLIBRI}"\nport = 0\nzip_port = 0\n')
    running = HubKolibri(HubPaths(hub_dir))
    try:
        running.start()
        yield Server(running.state["pid"], running.state["port"])
    finally:
        running.end()


@contextmanager
def announce(hub_dir: Path) -> Iterator[Server]:
    """`hub announce`, of a portal that listens on loopback only; it answers on no TCP port."""
    command = [BIN / "hub", "--dir", hub_dir, "announce"]
    with _running(command, 0, hub_dir / "announce.log") as pid:
        yield Server(pid, 0)


@contextmanager
def _running(command: Sequence[object], port: int, log_path: Path) -> Iterator[int]:
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(lambda: process.poll() is not None or not port or _accepts(port), timeout_s=_START_S)
        assert process.poll() is None, f"{command[0]} ended at its start:\n{log_path.read_text()[-2000:]}"
        yield process.pid
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
