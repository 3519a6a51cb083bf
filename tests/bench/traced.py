"""`python -m bench.traced TRACE WORDS...`: the command `hub WORDS...`, its SSH packets written to TRACE.

A line of TRACE is JSON: [seconds, "up" or "down", type of the SSH packet or -1 for the greeting before there
are packets, its bytes on the wire, the SFTP bytes in it in hexadecimal].
"""

import json
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from paramiko.packet import Packetizer

from hub.cli import main

CHANNEL_DATA = 94
GREETING = -1


class _Trace:
    """Wraps paramiko's packetizer; packets go out and come in on different threads."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str, int, int, str]] = []
        self._under_way = threading.local()
        for name in ("write_all", "read_all", "readline", "send_message", "read_message"):
            setattr(Packetizer, name, self._wrapped(name, getattr(Packetizer, name)))

    def _wrapped(self, name: str, original: Any) -> Any:
        def wrapper(packetizer: Packetizer, *words: Any, **named: Any) -> Any:
            return getattr(self, f"_{name}")(original, packetizer, *words, **named)

        return wrapper

    def _write_all(self, original: Any, packetizer: Packetizer, out: bytes) -> None:
        if getattr(self._under_way, "size", None) is None:
            self._add("up", GREETING, len(out), b"")
        else:
            self._under_way.size += len(out)
        original(packetizer, out)

    def _read_all(self, original: Any, packetizer: Packetizer, n: int, check_rekey: bool = False) -> bytes:
        data: bytes = original(packetizer, n, check_rekey)
        self._under_way.size += len(data)
        return data

    def _readline(self, original: Any, packetizer: Packetizer, timeout: float) -> str:
        line: str = original(packetizer, timeout)
        self._add("down", GREETING, len(line) + 2, b"")
        return line

    def _send_message(self, original: Any, packetizer: Packetizer, data: Any) -> None:
        self._under_way.size = 0
        original(packetizer, data)
        payload = data.asbytes()
        self._add("up", payload[0], self._under_way.size, _sftp(payload[0], payload[1:]))
        self._under_way.size = None

    def _read_message(self, original: Any, packetizer: Packetizer) -> Any:
        self._under_way.size = 0
        kind, message = original(packetizer)
        self._add("down", kind, self._under_way.size, _sftp(kind, message.asbytes()))
        self._under_way.size = None
        return kind, message

    def _add(self, way: str, kind: int, size: int, data: bytes) -> None:
        self.lines.append((time.monotonic(), way, kind, size, data.hex()))


def _sftp(kind: int, body: bytes) -> bytes:
    """Return the SFTP bytes of an SSH packet without its type."""
    if kind != CHANNEL_DATA:
        return b""
    (length,) = struct.unpack_from(">I", body, 4)
    return body[8 : 8 + length]


if __name__ == "__main__":
    trace = _Trace()
    target = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        target.write_text("".join(json.dumps(line) + "\n" for line in trace.lines))
