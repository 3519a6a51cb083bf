"""`hub front-door`: check nginx's configuration, or run nginx here, in the foreground.

While it runs, run/door.json (hub/services.py) tells the other processes of this hub:

    pid                                           of nginx
    host                                          the address that it listens on
    port, packs_port, kolibri_port, zip_port      as in hub/web/origins.py
"""

import dataclasses
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from content_packs.durable import locked
from content_packs.errors import LocalError, ProcessDownError, local_error
from hub.addresses import reachable
from hub.door.config import door_of_settings, write_config
from hub.services import ServiceFile
from hub.settings import LOOPBACK, HubPaths, HubSettings
from hub.supervise import Child, ChildSettings
from hub.web.origins import Door

_NGINX = "nginx"
_SYSTEM = "/usr/sbin:/usr/local/sbin"  # where a person's PATH does not look
_CHECK_S = 60.0
_STOP_S = 5.0
_LOOK_S = 0.2
_CONNECT_S = 2.0


def config_for_card(paths: HubPaths, settings: HubSettings) -> str:
    """Return the configuration for the nginx that the system starts, as root, where hub.toml says.

    The folder that nginx needs for what passes through is made here.
    """
    _make_folder(paths)
    user = settings.door.user or _owner(paths)
    return write_config(paths, settings, door_of_settings(settings), host=settings.door.host, user=user)


def check(paths: HubPaths, settings: HubSettings) -> None:
    """Let nginx read the configuration; it listens nowhere.

    Raises:
        LocalError: it does not accept it, and the message is nginx's; or it takes longer than a minute.
        ProcessDownError: nginx is not installed.
    """
    program = find_nginx()
    door = _on_free_ports(door_of_settings(settings))  # nginx -t binds them: 80 is root's, and perhaps taken
    text = write_config(paths, settings, door, host=LOOPBACK)
    with tempfile.TemporaryDirectory(prefix="hub-door-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(text.replace(str(paths.run / "nginx"), folder), encoding="utf-8")
        command = [program, "-t", "-q", "-p", folder, "-c", str(config), "-e", "stderr"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_CHECK_S, check=False)
        except subprocess.TimeoutExpired as error:
            message = f"nginx has not read the configuration within {_CHECK_S:.0f} s"
            raise LocalError(message, hint="Try again when this machine is less busy.") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LocalError(
            f"nginx does not accept the configuration: {said[0] if said else done.returncode}",
            hint="Look at what `hub front-door` prints; this is a fault of ours.",
        )


def run(
    paths: HubPaths, settings: HubSettings, *, host: str, port: int | None, until: threading.Event
) -> Door:
    """Run nginx until `until` is set; `port` 0: at free ports, None: where hub.toml says.

    Raises:
        ProcessDownError: nginx is not installed, or does not start; the end of its log says why.
        BusyError: a front door of this hub runs already.
    """
    with locked(paths.lock("door"), doing="hub front-door"):
        door = choose_door(settings, port)
        child = _make_child(paths, settings, door, host)
        state = ServiceFile(paths, "door")
        try:
            child.wait_until_up(until)
            while not until.wait(_LOOK_S):
                child.tick()
                state.write({"pid": child.pid, "host": host, **_ports(door)})
        finally:
            child.stop()
            state.remove()
    return door


def choose_door(settings: HubSettings, port: int | None) -> Door:
    """Return the door at `port`: 0 is any four free ones, None those of hub.toml."""
    if port:
        door = dataclasses.replace(settings.door, port=port)
        settings = dataclasses.replace(settings, door=door)
    door_at = door_of_settings(settings)
    return _on_free_ports(door_at) if port == 0 else door_at


def find_nginx() -> str:
    """Return the program; ProcessDownError where it is not installed."""
    program = shutil.which(_NGINX) or shutil.which(_NGINX, path=_SYSTEM)
    if program is None:
        raise ProcessDownError("nginx is not installed", hint="Install it: apt install nginx-light")
    return program


def _make_child(paths: HubPaths, settings: HubSettings, door: Door, host: str) -> Child:
    program, folder = find_nginx(), _make_folder(paths)
    text = write_config(paths, settings, door, host=host, single=True)
    try:
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
    except OSError as error:
        raise local_error(error, f"writing {folder}") from error
    child = ChildSettings(
        name=_NGINX,
        command=[program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"],
        log_path=paths.run / "nginx.log",
        stop_timeout_s=_STOP_S,
    )
    return Child(child, lambda: _answers(host, door.port))


def _make_folder(paths: HubPaths) -> Path:
    folder = paths.run / "nginx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise local_error(error, f"making {folder}") from error
    return folder


def _ports(door: Door) -> dict[str, int]:
    return {
        "port": door.port,
        "packs_port": door.packs_port,
        "kolibri_port": door.kolibri_port,
        "zip_port": door.zip_port,
    }


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((reachable(host), port), timeout=_CONNECT_S).close()
    except OSError:
        return False
    return True


def _owner(paths: HubPaths) -> str:
    try:
        return pwd.getpwuid(os.stat(paths.dir).st_uid).pw_name  # noqa: PTH116 - Path.owner says the same
    except (OSError, KeyError):
        return ""


def _on_free_ports(door: Door) -> Door:
    listeners = [socket.create_server((LOOPBACK, 0)) for _ in range(4)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return Door(door.hub_name, door.packs_domain, *ports)
