"""Whether the way out leads anywhere: looked at each minute, and believed slowly when it says no."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

_FAILURES = 3  # in a row, until names are answered with the captive address again
_CONNECT_S = 4.0
# DNS over TCP of three operators that answer everywhere: a connection is made and closed, nothing is asked.
TARGETS = (("9.9.9.9", 53), ("8.8.8.8", 53), ("1.1.1.1", 53))


@dataclass(frozen=True, slots=True)
class Online:
    """What the last looks said."""

    is_online: bool = False
    failures: int = 0

    def after(self, reached: bool) -> Self:
        """Return what is believed after one more look."""
        if reached:
            return replace(self, is_online=True, failures=0)
        failures = self.failures + 1
        return replace(self, is_online=self.is_online and failures < _FAILURES, failures=failures)


def reaches_internet(targets: Iterable[tuple[str, int]] = TARGETS) -> bool:
    """Whether one of the targets can be reached; asks them one after the other."""
    for target in targets:
        try:
            socket.create_connection(target, timeout=_CONNECT_S).close()
        except OSError:
            continue
        return True
    return False
