"""`hub serve`: one gunicorn process with both origins, and beside the pages kiwix-serve and the indexer.

It listens on two ports for browsers, and on two Unix sockets for the front door (hub/web/door.py).

While it runs, run/portal.json (hub/services.py) tells the other processes of this hub:

    pid            of the server
    host           the address that it listens on; 0.0.0.0 and :: are all of this machine
    port           of the portal
    content_port   of the packs' own origin
"""

import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication

from content_packs.console import note
from content_packs.errors import LocalError, local_error
from hub.addresses import ANY_HOST, list_addresses
from hub.ballast import settle
from hub.clock import hub_now
from hub.companions import Companions
from hub.library.rebuild import open_library
from hub.machine import return_large_buffers
from hub.patience import PatientWorker
from hub.services import ServiceFile
from hub.settings import HubPaths, HubSettings
from hub.usage import Usage
from hub.web import memory_disk
from hub.web.accepted import open_accepted
from hub.web.app import create_portal
from hub.web.assets import list_assets
from hub.web.content_origin import create_content_origin
from hub.web.door import by_listener
from hub.web.largebodies import LargeBodies
from hub.web.origins import Ports, origin
from hub.web.pagefiles import PageFiles
from hub.web.portal import portal_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BACKLOG = 256
_STOP_S = 4  # running answers get this long; `hub serve` is gone within 5 s of SIGTERM
_KEEP_ALIVE_S = 5
_LARGE_BODIES = 3  # for each page thread: a class of 40 that downloads together, each a thread of its own


def serve(paths: HubPaths, settings: HubSettings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; prints the addresses of the portal, one a line.

    Raises:
        LocalError: the port is taken, the host is none of this machine, or the disk refuses.
    """
    return_large_buffers()  # else each thread that ever checked a password keeps its 19 MiB
    settle(paths, settings)
    open_library(paths, now=hub_now(paths.trust)).close()
    with closing(_listen(host, port)) as portal, closing(_listen_for_packs(host, settings, port)) as content:
        listening_at = portal.getsockname()[0]
        ports = Ports(portal.getsockname()[1], content.getsockname()[1])
        behind_door = listen_for_door(paths)
        descriptors = [listener.detach() for listener in (portal, content, *behind_door)]
        server = _Server(paths, settings, ports, descriptors, is_behind_door=bool(behind_door))
    for address in _addresses(host):
        click.echo(origin(address, ports.portal) + "/")
    me = os.getpid()
    state = ServiceFile(paths, "portal")
    state.write({"pid": me, "host": listening_at, "port": ports.portal, "content_port": ports.content})
    try:
        server.run()
    finally:
        if os.getpid() == me:  # a worker comes through here too
            state.remove()


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn with settings from us alone: no command line, no file, no environment."""

    def __init__(
        self,
        paths: HubPaths,
        settings: HubSettings,
        ports: Ports,
        descriptors: Sequence[int],
        *,
        is_behind_door: bool,
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._ports = ports
        self._binds = [f"fd://{descriptor}" for descriptor in descriptors]
        self._is_behind_door = is_behind_door
        self._large_bodies = _LARGE_BODIES * settings.portal.threads
        self._companions: Companions | None = None
        self._page_files: PageFiles | None = None
        self._usage: Usage | None = None
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": self._binds,
            "worker_class": _worker_class(self._settings.portal.patience_s),
            "workers": 1,
            "threads": self._settings.portal.threads + self._large_bodies,
            "keepalive": _KEEP_ALIVE_S,
            "graceful_timeout": _STOP_S,
            "loglevel": "warning",
            "control_socket_disable": True,
            "secure_scheme_headers": {},  # no browser may say that it came by https
            "worker_tmp_dir": str(memory_disk.DISK) if memory_disk.has_disk() else None,  # not on the card
            "post_worker_init": self._start_companions,
            "worker_exit": self._stop_companions,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        self._companions = Companions(self._paths, self._settings)
        accepted = open_accepted(self._paths, self._settings.captive.hours * 3600)
        portal = create_portal(self._paths, self._settings, ports=self._ports, accepted=accepted)
        find_port = self._companions.find_zim_port
        bodies = LargeBodies(self._large_bodies)
        content = create_content_origin(self._paths, ports=self._ports, find_port=find_port, bodies=bodies)
        self._usage = portal_of(portal).usage
        if self._is_behind_door:  # else another portal of this hub is, and the pages are that one's
            self._page_files = portal_of(portal).page_files
        return by_listener(
            {self._ports.portal: portal, self._ports.content: content},
            {str(self._paths.portal_socket): portal, str(self._paths.packs_socket): content},
        )

    def _start_companions(self, worker: Any) -> None:  # noqa: ANN401
        more: list[Callable[[], None]] = []
        if self._page_files is not None:
            _open_page_files(self._page_files)
            more.append(self._page_files.refresh)
        if self._usage is not None:
            more.append(self._usage.save_when_due)
        if self._companions is not None:
            self._companions.start(lambda: worker.alive, *more)

    def _stop_companions(self, _server: object, _worker: object) -> None:
        if self._companions is not None:
            self._companions.join()
        if self._page_files is not None:
            self._page_files.close()
        if self._usage is not None:
            _save(self._usage)


def _open_page_files(page_files: PageFiles) -> None:
    """Without them the front door asks the portal for each page: slower, and no reason not to serve."""
    try:
        page_files.open(list_assets())
    except OSError as error:
        note(local_error(error, "making room for finished pages").message)


def _save(usage: Usage) -> None:
    """Keep what was counted, at the end."""
    try:
        usage.save()
    except LocalError as error:
        note(error.message)


def _worker_class(patience_s: float) -> type[PatientWorker]:
    return type("Worker", (PatientWorker,), {"patience_s": patience_s})


def _listen(host: str, port: int) -> socket.socket:
    is_v6 = ":" in host
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    try:
        # :: is every address of this machine, those of IPv4 too.
        return socket.create_server(
            (host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=host == "::"
        )
    except (OSError, ValueError, TypeError) as error:  # the latter: no name at all, "x" * 64 or "a\0b"
        raise _listening_error(host, port, error) from error


def _listening_error(host: str, port: int, error: Exception) -> LocalError:
    doing = f"listening on {host} port {port}"
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return LocalError(
            f"{doing}: another program uses this port",
            hint="Stop it, or choose another: hub serve --port P, or portal.port in hub.toml.",
        )
    if code == errno.EACCES:
        return LocalError(
            f"{doing}: only root may use this port",
            hint="Choose one from 1024 on: hub serve --port P, or portal.port in hub.toml.",
        )
    return LocalError(
        f"{doing}: portal.host is no address of this machine ({error})",
        hint="Correct portal.host in hub.toml; 0.0.0.0 is every address. Or: hub serve --host H.",
    )


def listen_for_door(paths: HubPaths) -> list[socket.socket]:
    """Listen at the two sockets where the front door looks for us; none where that cannot be."""
    wanted = (paths.portal_socket, paths.packs_socket)
    listeners: list[socket.socket] = []
    try:
        paths.run.mkdir(parents=True, exist_ok=True)
        for path in wanted:
            if _is_served(path):
                note(f"{path}: another portal of this hub listens there; the front door leads to that one")
                break
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            listeners.append(listener)
            listener.bind(str(path))
            path.chmod(0o666)  # nginx may run as another account; only processes of this machine see it
            listener.listen(_BACKLOG)
    except OSError as error:  # also a path of more than 107 bytes: unix(7)
        note(local_error(error, f"listening for the front door in {paths.run}").message)
    if len(listeners) == len(wanted):
        return listeners
    for listener in listeners:
        listener.close()
    return []


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
        return True


def _listen_for_packs(host: str, settings: HubSettings, port: int) -> socket.socket:
    """Listen for the packs' origin: where hub.toml says, else beside the portal, else at any free port."""
    wanted = settings.portal.content_port
    if wanted and wanted != port:
        return _listen(host, wanted)
    try:
        return _listen(host, port + 1)
    except (LocalError, OverflowError):
        return _listen(host, 0)


def _addresses(host: str) -> list[str]:
    return list_addresses() if host in ANY_HOST else [f"[{host}]" if ":" in host else host]
