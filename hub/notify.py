"""Tell systemd how a service is: sd_notify(3). Without systemd nothing is told, and nothing fails.

gunicorn says by itself when the portal is ready; what is ours is that it is still alive, at half of the time
after which the watchdog would end it.
"""

import os
import socket
import time
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
_ALIVE = "WATCHDOG=1"


def notify(state: str) -> None:
    """Send one state to whoever started this service."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.sendto(state.encode(), address)


class Watchdog:
    """Says that a loop still turns; call `alive` at each turn, as often as you like."""

    def __init__(self) -> None:
        text = os.environ.get("WATCHDOG_USEC", "")
        self._every_s = int(text) / 2_000_000 if text.isdecimal() and int(text) else None
        self._said_at = float("-inf")

    @property
    def every_s(self) -> float | None:
        """How often it has to be said; None: nobody waits for it."""
        return self._every_s

    def alive(self) -> None:
        """Say it, when it is time."""
        if self._every_s is not None and time.monotonic() >= self._said_at + self._every_s:
            self._said_at = time.monotonic()
            notify(_ALIVE)
