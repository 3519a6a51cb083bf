"""gunicorn's threaded worker, made to wait for no browser for ever.

gunicorn itself reads and writes without a time limit, so as many browsers as it has threads, out of reach in
the middle of a film or of half a request, would stop the portal for everybody.
"""

import errno
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# Unsent bytes in the kernel from which a socket counts as full: a slow reader then shows that it reads every
# 128 KiB and not every megabyte, so 30 s of patience cut off nobody who takes more than about 4 KiB a second.
_UNSENT_BYTES = 128 * 1024
_LINGER_S = 2.0
_PIECE_BYTES = 4096
_LINGER_PIECES = 16
_NO_LINGER = struct.pack("ii", 1, 0)  # close by RST: what nobody reads shall not stay in the kernel
_SHORTEST_S = 0.001  # 0 would mean "do not wait at all"


class PatientSocket(socket.socket):
    """A connection that ends, as if the other side had reset it, where that side stands still."""

    def __init__(self, taken: socket.socket, patience_s: float) -> None:
        super().__init__(taken.family, taken.type, taken.proto, fileno=taken.detach())
        self._patience_s = patience_s
        self._request_until = 0.0
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

    def setblocking(self, flag: bool, /) -> None:
        """Wait with patience (gunicorn begins every request so), or not at all."""
        self.settimeout(self._patience_s if flag else 0.0)
        self._request_until = time.monotonic() + self._patience_s

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what has come. A whole request has the time of one silence: none of ours is long."""
        with self._limited(min(self.gettimeout() or 0.0, self._request_until - time.monotonic())):
            return super().recv(size, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:  # noqa: ANN401 - as socket.socket
        """Send all of `data`, within the time of one silence."""
        with self._limited(self._patience_s):
            super().sendall(data, flags)
        self._request_until = time.monotonic() + self._patience_s

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:  # noqa: ANN401
        """Send a file, however long that takes while the other side goes on reading."""
        with self._limited(self._patience_s):
            sent = super().sendfile(file, offset, count)
        self._request_until = time.monotonic() + self._patience_s
        return sent

    def linger(self) -> None:
        """Say goodbye and wait a moment for the other side's, so that it gets the end of the answer."""
        deadline = time.monotonic() + _LINGER_S
        try:
            self.shutdown(socket.SHUT_WR)
            for _ in range(_LINGER_PIECES):
                self.settimeout(max(_SHORTEST_S, deadline - time.monotonic()))
                if not super().recv(_PIECE_BYTES):
                    break
        except OSError:
            pass  # it has gone, or says nothing
        self._stop_reading()

    @contextmanager
    def _limited(self, timeout_s: float) -> Iterator[None]:
        before = self.gettimeout()
        if before:
            self.settimeout(max(_SHORTEST_S, timeout_s))
        try:
            yield
        except TimeoutError as error:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._stop_reading()
            raise ConnectionResetError(errno.ECONNRESET, "the browser stands still") from error
        finally:
            self.settimeout(before)

    def _stop_reading(self) -> None:
        try:
            self.shutdown(socket.SHUT_RD)
        except OSError:
            return  # the other side has closed it


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Give every connection its time limits; use a subclass with the patience of the hub's settings."""

    patience_s = 30.0

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Hand a connection to a thread."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(conn.sock, self.patience_s)
            conn.sock.setblocking(False)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:  # noqa: ANN401
        """Answer one request; return whether more may come on this connection."""
        result = super().handle(conn)
        if result is False:
            conn.sock.linger()  # else gunicorn does it in the one thread that accepts connections
        return result
