"""Wait for something that another process does, or for a moment that suits."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wait_for(
    happened: Callable[[], object],
    *,
    timeout_s: float,
    every_s: float = 0.05,
    seen: Callable[[], object] = lambda: "",
) -> None:
    """Return as soon as `happened()` is true; a failure says what was `seen` last."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, f"did not happen within {timeout_s} s; last seen: {seen()}"
        time.sleep(every_s)


def stay_within_a_day(room_s: float) -> None:
    """Let midnight pass, that of here and of Greenwich, where it is nearer than the `room_s` of a test."""
    for zone in (None, UTC):
        now = datetime.now(UTC).astimezone(zone)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if (left := midnight - now) < timedelta(seconds=room_s):
            time.sleep(left.total_seconds())
