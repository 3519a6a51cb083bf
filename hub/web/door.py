"""What comes through the front door, told apart from what comes straight to `hub serve`.

nginx reaches us over two Unix sockets that nobody on the network can reach. Only there it is believed who it
says is asking, and where it stands; on every other way these headers are any browser's own words and count
for nothing.
"""

import socket
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hub.web.origins import Door, Entrance, read_door

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DOOR_HEADER = "X-Hub-Door"  # Door.to_header
ADDRESS_HEADER = "X-Real-IP"
_DOOR = "hub.door"  # no header can set a key of this form


def door_of(environ: "WSGIEnvironment") -> Door | None:
    """Return the door that a request came through; None where it came without."""
    door = environ.get(_DOOR)
    return door if isinstance(door, Door) else None


def entrance_of(environ: "WSGIEnvironment", ports: Entrance) -> Entrance:
    """Return where the browser came in; `ports`: where it did without a door."""
    return door_of(environ) or ports


def by_listener(
    by_port: "Mapping[int, WSGIApplication]", by_socket: "Mapping[str, WSGIApplication]"
) -> "WSGIApplication":
    """Return an application that passes a request on by where it came in, whatever its headers say.

    `by_socket` has the paths of the Unix sockets, through which only the front door comes.
    """
    by_text = {str(port): application for port, application in by_port.items()}

    def dispatch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        taken: socket.socket = environ["gunicorn.socket"]
        if taken.family != socket.AF_UNIX:
            return by_text[environ["SERVER_PORT"]](environ, start_response)
        _introduce(environ)
        return by_socket[taken.getsockname()](environ, start_response)

    return dispatch


def _introduce(environ: "WSGIEnvironment") -> None:
    """Note the door and the browser behind it, as the door says."""
    environ[_DOOR] = read_door(environ["HTTP_X_HUB_DOOR"])
    environ["REMOTE_ADDR"] = environ["HTTP_X_REAL_IP"]
