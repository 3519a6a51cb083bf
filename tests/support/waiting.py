"""Wait for something that another process does."""

import time
from collections.abc import Callable


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
