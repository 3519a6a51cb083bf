"""Ports for servers of a test: nobody else gets them between being asked for and being listened on."""

import os
import socket
from collections.abc import Iterator
from itertools import cycle

# Below the ports that Linux gives to connections and to listeners at port 0 (32768 and above).
_FIRST, _END = 10_000, 32_000


def _own_ports() -> Iterator[int]:
    """Every second port that no other pytest worker gives; from another one in each run, round and round."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = range(_FIRST + 2 * worker, _END, 2 * workers)
    start = os.getpid() % len(ports)
    return cycle([*ports[start:], *ports[:start]])


_ports = _own_ports()


def free_port() -> int:
    """Return a port that nobody uses, and the next one is not used either: `hub serve` takes both."""
    return next(port for port in _ports if _is_free(port) and _is_free(port + 1))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
