"""gunicorn's threaded worker, made to wait for no browser for ever.

gunicorn itself reads and writes without a time limit, so as many browsers as it has threads, out of reach in
the middle of a film or of half a request, would stop the portal for everybody. The office's dashboard is
served by it, too.
"""

import errno
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
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
_REQUEST_S = 5.0  # for a small request: a lost packet is sent again after 1 s, and again after 2 s more
_REQUEST_BYTES_PER_S = 4096  # what a larger one may take beyond that
_MOST_HALVES = 16  # of one address; a browser has six connections to one server


class HalfRequests:
    """How many requests of each address are being waited for; each wait holds a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def waiting(self, address: str, most: int) -> Iterator[None]:
        """Count one more while it lasts; raises TimeoutError where so many are waited for already."""
        with self._lock:
            if self._waiting[address] >= most:
                raise TimeoutError("too many unfinished requests")
            self._waiting[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[address] -= 1
                self._waiting += Counter()  # forgets who waits no more


class PatientSocket(socket.socket):
    """A connection that ends, as if the other side had reset it, where that side stands still."""

    def __init__(
        self,
        taken: socket.socket,
        patience_s: float,
        *,
        halves: HalfRequests,
        most_halves: int,
        request_s: float | None = None,
    ) -> None:
        super().__init__(taken.family, taken.type, taken.proto, fileno=taken.detach())
        self._patience_s = patience_s
        self._whole_s = request_s or patience_s
        self._halves, self._most_halves = halves, most_halves
        self._address = _address_of(self)
        self._request_until = self._request_at_most = 0.0
        if self.family != socket.AF_UNIX:  # there nginx reads, and waits for the browser
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

    def setblocking(self, flag: bool, /) -> None:
        """Wait with patience (gunicorn begins every request so), or not at all."""
        self.settimeout(self._patience_s if flag else 0.0)
        self._begin_request()

    def _begin_request(self) -> None:
        self._request_at_most = time.monotonic() + self._whole_s
        self._request_until = min(self._request_at_most, time.monotonic() + _REQUEST_S)

    @property
    def seconds_left(self) -> float:
        """How long the request that comes in may still take."""
        return self._request_until - time.monotonic()

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what has come. A whole request has the time of one silence, a small one much less."""
        data = self._recv_now(size, flags) if self.gettimeout() else super().recv(size, flags)
        if data is None:
            data = self._wait_for_more(size, flags)
        more_s = len(data) / _REQUEST_BYTES_PER_S
        self._request_until = min(self._request_at_most, self._request_until + more_s)
        return data

    def _recv_now(self, size: int, flags: int) -> bytes | None:
        """Return what is there already and not too late, or None."""
        if self.seconds_left <= 0:
            return None
        before = self.gettimeout()
        self.settimeout(0.0)
        try:
            return super().recv(size, flags)
        except BlockingIOError:
            return None
        finally:
            self.settimeout(before)

    def _wait_for_more(self, size: int, flags: int) -> bytes:
        timeout_s = min(self.gettimeout() or 0.0, self.seconds_left)
        with self._limited(timeout_s), self._halves.waiting(self._address, self._most_halves):
            if timeout_s <= 0:
                raise TimeoutError
            return super().recv(size, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:  # noqa: ANN401 - as socket.socket
        """Send all of `data`, within the time of one silence."""
        with self._limited(self._patience_s):
            super().sendall(data, flags)
        self._begin_request()

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:  # noqa: ANN401
        """Send a file, however long that takes while the other side goes on reading."""
        with self._limited(self._patience_s):
            sent = super().sendfile(file, offset, count)
        self._begin_request()
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


def _address_of(connected: socket.socket) -> str:
    try:
        name = connected.getpeername()
    except OSError:  # it has gone already
        return ""
    return str(name[0]) if isinstance(name, tuple) else ""


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Give every connection its time limits; use a subclass with the patience of the hub's settings."""

    patience_s = 30.0
    request_s: float | None = None  # for a whole request, however large; None: the time of one silence
    most_halves: int | None = None  # of one address; None: half of the threads
    halves = HalfRequests()  # of this process

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Hand a connection to a thread, once it has said something."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(
                conn.sock,
                self.patience_s,
                halves=self.halves,
                most_halves=self.most_halves or min(_MOST_HALVES, max(1, self.cfg.threads // 2)),
                request_s=self.request_s,
            )
            conn.sock.setblocking(False)
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
        else:
            self._park(conn)

    def _park(self, conn: Any) -> None:  # noqa: ANN401
        """Wait for the first byte without a thread; gunicorn's own does so only after 5 s with one."""
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: Any) -> Any:  # noqa: ANN401
        """Answer one request; return whether more may come on this connection."""
        result = super().handle(conn)
        if result is False:
            conn.sock.linger()  # else gunicorn does it in the one thread that accepts connections
        return result
