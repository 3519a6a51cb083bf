"""How many large answers run at once: each holds a thread while its reader reads, and pages need some too.

A body is large when the buffers of both sides do not take most of it at once.
"""

import threading

LARGE_BYTES = 1024 * 1024
RETRY_AFTER_S = 10


class TooManyBodiesError(Exception):
    """As many large answers as may run do run: status 503."""


class Slot:
    """Leave to send one body, until `close`; closing it again does nothing."""

    def __init__(self, taken: threading.Semaphore | None) -> None:
        self._taken = taken

    def close(self) -> None:
        """Let the next one in."""
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.release()


class LargeBodies:
    """Counts the large answers of one server; any thread may ask."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    def admit(self, size_bytes: int | None) -> Slot:
        """Return leave to send a body of this size, where None is unknown.

        Raises:
            TooManyBodiesError: it is large, and there are as many already as there may be.
        """
        if size_bytes is not None and size_bytes <= LARGE_BYTES:
            return Slot(None)
        if not self._free.acquire(blocking=False):
            raise TooManyBodiesError
        return Slot(self._free)
