"""Plain HTTP to one neighbour: one connection, and a time limit on all that a stranger may draw out."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from content_packs.errors import (
    BadDataError,
    DepotBusyError,
    LinkDownError,
    LinkTimeoutError,
    NotFoundError,
    UsageError,
)
from content_packs.neighbour import HUB_ID_HEADER, RETRY_AFTER_S

_PIECE_BYTES = 256 * 1024
_OK, _PARTIAL, _MISSING, _BUSY = 200, 206, 404, 503


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one neighbour may keep a sync waiting."""

    connect_s: float = 3.0
    silence_s: float = 5.0
    answer_s: float = 10.0  # until the body begins
    busy_s: float = 60.0  # in all, while it serves others
    window_s: float = 10.0  # over which its pace is measured
    least_bytes_per_s: float = 32 * 1024  # 256 kbit/s: below it, it helps no more than an uplink

    def check_pace(self, received_bytes: int, seconds: float) -> bool:
        """Whether so many bytes in so much time are enough; true while it is too early to say."""
        return seconds < self.window_s or received_bytes >= self.least_bytes_per_s * seconds


@dataclass(slots=True)
class Connection:
    """HTTP/1.1 with one neighbour; opened when the first question is asked.

    Raises, from every method:
        LinkDownError, LinkTimeoutError, DepotBusyError: it went away, is silent or too slow, or has no time.
        NotFoundError: it has not got what was asked for.
        BadDataError: its answer is not what was asked for, or it is this hub itself.
    """

    url: str
    own_id: str
    patience: Patience
    received_bytes: int = 0
    _http: http.client.HTTPConnection | None = None
    _busy_s: float = 0.0
    _pace_bytes: int = 0
    _pace_s: float = 0.0

    def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(self, path: str, *, max_bytes: int) -> bytes:
        """Return a file whose length is not known before."""
        with self._translated():
            response = self._ask("GET", path, None, {})
            length = response.length
            self._end_if_empty(response)
            if length is None or length > max_bytes:
                raise BadDataError(f"{self.url}{path}: expected at most {max_bytes} bytes, got {length}")
            return b"".join(self._read_body(response, length))

    def read(
        self, path: str, size: int, *, body: bytes | None = None, start: int = 0, total: int = 0
    ) -> Iterator[bytes]:
        """Yield `size` bytes in pieces: an answer, or those from `start` on of a file of `total` bytes."""
        is_part = 0 < size < total
        span = f"bytes {start}-{start + size - 1}/{total}" if is_part else None
        headers = {"Range": f"bytes={start}-{start + size - 1}"} if is_part else {}
        with self._translated():
            response = self._ask("POST" if body is not None else "GET", path, body, headers)
            got = response.headers.get("Content-Range")
            if got != span or response.length != size:
                raise BadDataError(
                    f"{self.url}{path}: expected {span or 'all'} in {size} bytes, "
                    f"got {got or 'all'} in {response.length}"
                )
            self._end_if_empty(response)
        yield from self._read_body(response, size)

    def _read_body(self, response: http.client.HTTPResponse, size: int) -> Iterator[bytes]:
        try:
            while size > 0:
                data = self._read_piece(response, size)
                size -= len(data)
                yield data
        finally:
            if size > 0:
                self.close()  # the rest of this answer is in the way of the next one

    def _end_if_empty(self, response: http.client.HTTPResponse) -> None:
        if response.length == 0:
            response.close()

    def _read_piece(self, response: http.client.HTTPResponse, left: int) -> bytes:
        begun = time.monotonic()
        with self._translated():
            data = response.read1(min(_PIECE_BYTES, left))
            if not data:
                raise LinkDownError(f"{self.url}: cut, {left} bytes before the end")
            if len(data) == left:
                response.close()
        self.received_bytes += len(data)
        self._check_pace(len(data), time.monotonic() - begun)
        return data

    def _check_pace(self, count: int, seconds: float) -> None:
        self._pace_bytes += count
        self._pace_s += seconds
        if not self.patience.check_pace(self._pace_bytes, self._pace_s):
            raise LinkTimeoutError(f"{self.url}: too slow, {self._pace_bytes} bytes in {self._pace_s:.1f} s")
        if self._pace_s >= self.patience.window_s:
            self._pace_bytes, self._pace_s = 0, 0.0

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """Return the answer, its body still to be read; wait while the neighbour is busy."""
        while True:
            response = self._ask_once(method, path, body, headers)
            if response.headers.get(HUB_ID_HEADER) == self.own_id:
                raise BadDataError(f"{self.url}: is this hub itself")
            if response.status in (_OK, _PARTIAL):
                return response
            self.close()
            if response.status == _MISSING:
                raise NotFoundError(f"{self.url}{path}: not there")
            if response.status != _BUSY:
                raise BadDataError(f"{self.url}{path}: answered with status {response.status}")
            if self._busy_s >= self.patience.busy_s:
                raise DepotBusyError(f"{self.url}: busy with others for {self._busy_s:.0f} s")
            pause_s = min(RETRY_AFTER_S, self.patience.busy_s)
            self._busy_s += pause_s
            time.sleep(pause_s)

    def _ask_once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        kept, begun = self._http is not None, time.monotonic()
        try:
            response = self._exchange(method, path, body, headers)
        except ConnectionError:
            self.close()
            if not kept:  # else it may just have grown tired of an idle connection
                raise
            response = self._exchange(method, path, body, headers)
        self._check_pace(len(body or b""), time.monotonic() - begun)
        return response

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        connection = self._connect()
        with self._answer_in_time(connection):
            connection.request(method, path, body, {**headers, "Accept-Encoding": "identity"})
            return connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        if self._http is None:
            host, port = split_url(self.url)
            connection = http.client.HTTPConnection(host, port, timeout=self.patience.connect_s)
            connection.connect()
            connection.sock.settimeout(self.patience.silence_s)
            self._http = connection
        return self._http

    @contextmanager
    def _answer_in_time(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """Cut the connection where its headers come in drops: each drop would begin a new silence."""
        cut = threading.Event()
        sock = connection.sock

        def give_up() -> None:
            cut.set()
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.patience.answer_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if cut.is_set():
                raise TimeoutError("no whole answer") from error
            raise
        finally:
            timer.cancel()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise LinkTimeoutError(f"{self.url}: silent for too long") from error
        except OSError as error:
            raise LinkDownError(f"{self.url}: {error.strerror or error}") from error
        except http.client.HTTPException as error:
            raise BadDataError(f"{self.url}: no HTTP: {error!r:.200}") from error


def split_url(url: str) -> tuple[str, int]:
    """Return host and port of a portal's address.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or http.client.HTTP_PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    if parts.scheme != "http" or not host or parts.path not in ("", "/") or parts.query:
        raise UsageError(
            f"neighbour {url!r}: expected the address of another hub's portal",
            hint="For example http://192.168.1.20:8080/ as `hub announce --list` shows it.",
        )
    return host, port
