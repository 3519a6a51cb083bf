"""Go on after the link was cut, until all is here: `hub sync --retry`."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from content_packs.errors import LinkError
from hub.uplink.backoff import next_delay_s

R = TypeVar("R")


def keep_trying(
    attempt: Callable[[], R],
    *,
    progress_bytes: Callable[[], int],
    for_s: float | None,
    told: Callable[[LinkError, float], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> R:
    """Return what `attempt` returns; after a failure of the link wait and call it again.

    `progress_bytes` counts what came so far: an attempt that brought something makes the next wait short
    again. No attempt begins later than `for_s` after the call; `told` hears of each failure and wait.

    Raises:
        LinkError: that of the last attempt; any other failure at once.
    """
    until = None if for_s is None else monotonic() + for_s
    failures, came = 0, progress_bytes()
    while True:
        try:
            return attempt()
        except LinkError as error:
            failures = 1 if progress_bytes() > came else failures + 1
            came = progress_bytes()
            delay_s = next_delay_s(failures, random.random())  # noqa: S311 - no secret
            if until is not None and monotonic() + delay_s > until:
                raise
            told(error, delay_s)
            sleep(delay_s)
