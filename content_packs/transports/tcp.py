"""A TCP connection that neither starts nor sends for longer than it may."""

import contextlib
import os
import socket
import struct
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


class Meter:
    """Counts the payload of one TCP connection as the kernel does, what was sent again included."""

    _RECEIVED_AT, _SENT_AT = 128, 200  # tcpi_bytes_received, tcpi_bytes_sent: linux/tcp.h

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = socket.socket(fileno=os.dup(sock.fileno()))  # outlives the owner's
        self._received_bytes = self._sent_bytes = 0

    @property
    def received_bytes(self) -> int:
        """So far; also after the end of the connection."""
        self._look()
        return self._received_bytes

    @property
    def sent_bytes(self) -> int:
        """So far; also after the end of the connection."""
        self._look()
        return self._sent_bytes

    def close(self) -> None:
        """Count once more and let go of the connection, which ends when its owner has let go too."""
        self._look()
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _look(self) -> None:
        if self._sock is None:
            return
        with contextlib.suppress(OSError, struct.error):  # a kernel before 4.19 counts less
            told = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            self._received_bytes = struct.unpack_from("Q", told, self._RECEIVED_AT)[0]
            self._sent_bytes = struct.unpack_from("Q", told, self._SENT_AT)[0]


def _find(host: str, port: int) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise LinkDownError(f"cannot find the host {host}: {error}", hint=_TRY_LATER) from error
