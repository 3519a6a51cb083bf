"""A TCP connection that neither starts nor sends for longer than it may."""

import socket
import time

from content_packs.errors import LinkDownError, LinkTimeoutError

_TRY_LATER = "Run `hub sync` again later; what was fetched is kept."


def connect(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """Return a connected socket; each address of the host gets an equal share of the time that is left.

    The resolver has no timeout of ours; glibc's own (5 s, 2 tries a name server) bounds it.

    Raises:
        LinkDownError: unknown host, refused, or no route.
        LinkTimeoutError: no address answered in time.
    """
    deadline = time.monotonic() + timeout_s
    failure: OSError = TimeoutError()
    found = _find(host, port)
    for number, (family, kind, protocol, _, target) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(max((deadline - time.monotonic()) / (len(found) - number), 0.05))
        try:
            sock.connect(target)
        except OSError as error:
            failure = error
            sock.close()
        else:
            return sock
    if isinstance(failure, TimeoutError):
        message = f"no connection to {host}:{port} within {timeout_s:g} s"
        raise LinkTimeoutError(message, hint=_TRY_LATER) from failure
    message = f"no connection to {host}:{port}: {failure.strerror or failure}"
    raise LinkDownError(message, hint=_TRY_LATER) from failure


def limit_unanswered(sock: socket.socket, timeout_s: float) -> None:
    """Let the kernel end the connection when what we send is not taken for `timeout_s`.

    paramiko's sending has no timeout of its own.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(int(timeout_s * 1000), 1))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _find(host: str, port: int) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise LinkDownError(f"cannot find the host {host}: {error}", hint=_TRY_LATER) from error
