"""Which other hubs download now: few at once, each with one download, and none that reads in drops.

Whoever reads too slowly holds what a neighbour in need waits for; so it is cut off, and passed over for a
while. An address of this machine is that of a proxy before the portal: it speaks for many, and is not one
reader. Times are seconds of a monotonic clock.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from hub.web.largebodies import TooManyBodiesError

LEAST_BYTES_PER_S = 32 * 1024  # as hub/sync/neighbour_http.py: below it, a hub helps no more than an uplink
_MOST_AT_ONCE = 2  # a class that reads here shall not notice them
WINDOW_S = 10.0  # after which the pace counts
_PASSED_OVER_S = 60.0
_MOST_PASSED_OVER = 1000
_OWN_WAIT_S = 0.5  # until this server has seen the end of the same reader's download before


class TooSlowError(ConnectionResetError):
    """This reader is cut off."""


@dataclass(slots=True)
class Downloads:
    """The downloads of one server; any thread may ask."""

    window_s: float = WINDOW_S
    clock: Callable[[], float] = time.monotonic
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _running: list[str] = field(default_factory=list)
    _passed_over: dict[str, float] = field(default_factory=dict)  # address → until when

    def admit(self, address: str) -> "Download":
        """Return leave for one download, to be closed.

        Raises:
            TooManyBodiesError: as many run as may, or this reader has one or was too slow a short time ago.
        """
        with self._changed:
            if self._is_passed_over(address) or not self._changed.wait_for(
                lambda: is_shared(address) or address not in self._running, timeout=_OWN_WAIT_S
            ):
                raise TooManyBodiesError
            if len(self._running) >= _MOST_AT_ONCE:
                raise TooManyBodiesError
            self._running.append(address)
        return Download(self, address, self.clock())

    def ended(self, address: str, *, too_slow: bool) -> None:
        """Let the next one in."""
        with self._changed:
            self._running.remove(address)
            if too_slow and not is_shared(address):
                while len(self._passed_over) >= _MOST_PASSED_OVER:
                    del self._passed_over[next(iter(self._passed_over))]
                self._passed_over[address] = self.clock() + _PASSED_OVER_S
            self._changed.notify_all()

    def _is_passed_over(self, address: str) -> bool:
        until = self._passed_over.get(address)
        if until is not None and self.clock() < until:
            return True
        self._passed_over.pop(address, None)
        return False


@dataclass(slots=True)
class Download:
    """One download; `close` it, more than once does nothing."""

    downloads: Downloads
    address: str
    begun: float
    sent_bytes: int = 0
    _is_open: bool = True

    def watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces, as long as the reader takes them fast enough; raises TooSlowError."""
        try:
            for piece in pieces:
                yield piece
                self.sent_bytes += len(piece)
                if self._is_too_slow():
                    raise TooSlowError(TooSlowError.__doc__)
        finally:
            self.close()

    def close(self) -> None:
        """Say that it is over."""
        was_open, self._is_open = self._is_open, False
        if was_open:
            self.downloads.ended(self.address, too_slow=self._is_too_slow())

    def _is_too_slow(self) -> bool:
        seconds = self.downloads.clock() - self.begun
        return seconds >= self.downloads.window_s and self.sent_bytes < LEAST_BYTES_PER_S * seconds


def is_shared(address: str) -> bool:
    """Whether many may stand behind this address, as a proxy on this machine."""
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a Unix socket's
        return True
