"""One gunicorn process for the dashboard, on one port."""

import errno
import socket
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication

from content_packs.console import note
from content_packs.errors import LocalError
from hub.patience import PatientWorker
from provisioning.central.office import Office
from provisioning.central.people import list_people
from provisioning.central.web.app import create_dashboard
from provisioning.central.web.dashboard import Dashboard

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BACKLOG = 64
_THREADS = 8
_KEEP_ALIVE_S = 5
_STOP_S = 10
_PATIENCE_S = 30.0  # of a browser that stands still
_UPLOAD_S = 12 * 3600.0  # for a whole pack; it has to come at 4 KiB a second at least, as every request


def serve(office: Office, *, host: str, port: int, url: str) -> None:
    """Serve until SIGTERM or SIGINT; prints the address.

    Raises:
        LocalError: the port is taken, or the host is none of this machine.
    """
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    app = create_dashboard(Dashboard(office, url, (*LOOPBACK, host)))
    server = _Server(app, listener.detach())
    click.echo(url or f"http://{name}:{port}/")
    if not list_people(office):
        note("nobody may sign in yet: central people add NAME --role admin")
    server.run()


class _Worker(PatientWorker):
    """Waits for no browser for ever: eight that say half a request would else stop the dashboard."""

    patience_s = _PATIENCE_S
    request_s = _UPLOAD_S
    most_halves = _THREADS - 2  # of one address, which may be the proxy's, for all browsers behind it


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn with settings from us alone: no command line, no file, no environment."""

    def __init__(self, app: "WSGIApplication", descriptor: int) -> None:
        self._app = app
        self._descriptor = descriptor
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "worker_class": _Worker,
            "workers": 1,
            "threads": _THREADS,
            "keepalive": _KEEP_ALIVE_S,
            "graceful_timeout": _STOP_S,
            "loglevel": "warning",
            "control_socket_disable": True,
            "secure_scheme_headers": {},  # --url says whether browsers come over TLS, and no header
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        return self._app


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, ValueError, TypeError) as error:
        doing = f"listening on {host} port {port}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            hint = "Stop it, or choose another: central serve --port P."
            raise LocalError(f"{doing}: another program uses this port", hint=hint) from error
        raise LocalError(f"{doing}: {error}", hint="Choose another --host or --port.") from error
