"""How many bytes to ask for, or to send, ahead of their arrival. Pure: time is an argument.

Too few leave a long link idle; too many queue up in front of everything else (a paramiko prefetch of
2 MiB delayed the next answer by 29.5 s at 512 kbit/s). So: start small, grow by what arrives, and stop at
what the link delivers in a round trip and two seconds.
"""

from collections import deque
from dataclasses import dataclass

from content_packs.transports.wire import MAX_READ_BYTES

KIB = 1024
FIRST_READ_BYTES = 16 * KIB
MIN_READ_BYTES = 8 * KIB  # below, requests and replies weigh more than 1.5 % of the data
READ_S = 0.5  # what one READ may take on the wire, so that an answer is never far
FIRST_WINDOW_BYTES = 4 * FIRST_READ_BYTES  # 8 s at 64 kbit/s, the slowest uplink
MAX_WINDOW_BYTES = 2048 * KIB  # a second and a half at 5 Mbit/s twice over; also the SSH channel's own window
GROWTH = 2  # a byte that arrived makes room for so many more: the window triples in a round trip
QUEUE_S = 2.0  # bytes that may wait in the link's queues, so that it never runs dry
MAX_REQUESTS = 256  # tiny ranges: bounded by count, not by bytes
_SAMPLES = 4  # replies that the bandwidth is the best of; each one spans all that was in flight before it


@dataclass(frozen=True, slots=True)
class Mark:
    """When a request left, how much had arrived by then, and how much was on its way."""

    sent_at: float
    delivered_bytes: int
    in_flight_bytes: int


class Window:
    """Measures a link by the answers to requests, and says how much to keep in flight."""

    def __init__(self) -> None:
        self._delivered_bytes = 0
        self._round_trip_s = float("inf")
        self._rates: deque[float] = deque(maxlen=_SAMPLES)
        self._grown_bytes = FIRST_WINDOW_BYTES
        self._server_read_bytes = MAX_READ_BYTES

    def mark(self, in_flight_bytes: int, now: float) -> Mark:
        """Return what `answered` needs to know about a request that leaves at `now` behind those bytes."""
        return Mark(now, self._delivered_bytes, in_flight_bytes)

    def arrived(self, size_bytes: int) -> None:
        """Count bytes as they come: whole answers would make a burst of what was nearly there."""
        self._delivered_bytes += size_bytes

    def answered(self, mark: Mark, size_bytes: int, now: float) -> None:
        """Learn from a whole answer that carried `size_bytes` of a file."""
        elapsed_s = max(now - mark.sent_at, 1e-6)
        self._round_trip_s = min(self._round_trip_s, elapsed_s)
        if not size_bytes:
            return
        self._learn_rate(mark, (self._delivered_bytes - mark.delivered_bytes) / elapsed_s)
        self._grown_bytes = min(self._grown_bytes + GROWTH * size_bytes, self._limit_bytes())

    def _learn_rate(self, mark: Mark, rate: float) -> None:
        # A small file alone on a long link says nothing about its bandwidth: only a filled window does.
        filled = mark.in_flight_bytes + self.piece_bytes > self._grown_bytes // 2
        if filled or (self._rates and rate > max(self._rates)):
            self._rates.append(rate)

    def answered_short(self, size_bytes: int) -> None:
        """Learn that the server answers no more than `size_bytes` at once."""
        self._server_read_bytes = max(size_bytes, MIN_READ_BYTES)

    @property
    def piece_bytes(self) -> int:
        """How much one READ should ask for, or one WRITE carry."""
        wanted = int(max(self._rates) * READ_S) if self._rates else FIRST_READ_BYTES
        return min(max(wanted, MIN_READ_BYTES), self._server_read_bytes)

    def has_room(self, in_flight_bytes: int, requests: int) -> bool:
        """Tell whether one more READ may leave."""
        if not in_flight_bytes:  # a READ may have outgrown the window: alone it always has room
            return requests < MAX_REQUESTS
        return in_flight_bytes + self.piece_bytes <= self._grown_bytes and requests < MAX_REQUESTS

    def has_room_for(self, size_bytes: int, in_flight_bytes: int) -> bool:
        """Tell whether something of another size than a READ's may be asked for."""
        return not in_flight_bytes or in_flight_bytes + size_bytes <= self._grown_bytes

    def _limit_bytes(self) -> int:
        if not self._rates:
            return FIRST_WINDOW_BYTES
        limit = int(max(self._rates) * (self._round_trip_s + QUEUE_S))
        return min(max(limit, 2 * self.piece_bytes), MAX_WINDOW_BYTES)
