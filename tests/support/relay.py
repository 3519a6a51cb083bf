"""A bad uplink in user space: a TCP relay with delay, limited bandwidth, cuts and black holes."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self

SEGMENT_BYTES = 1448  # what one packet of a mobile link carries: the grain of the pace
CHUNK_BYTES = 64 * 1024  # read at once where bandwidth is not limited
QUEUE_BYTES = 128 * 1024  # what waits in the link's own buffers before the sender is held back


@dataclass
class Line:
    """One direction: when it is free again, and what it carried."""

    free_at: float = 0.0
    delivered_bytes: int = 0


@dataclass
class _Connection:
    """The two sockets of one connection, and what it carried to the client."""

    hub: socket.socket
    depot: socket.socket
    down_bytes: int = 0
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def cut(self) -> None:
        """Reset both ends, as a lost mobile network does."""
        for sock in (self.hub, self.depot):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        for task in self.tasks:
            task.cancel()


class Relay:
    """`with Relay(sshd.port, delay_s=0.3, bits_per_s=256_000) as relay:` then connect to `relay.port`.

    `delay_s` is one way; both directions have the same pace, shared by all connections. Counts payload
    bytes of TCP as they are handed on: `up_bytes` from hub to depot, `down_bytes` from depot to hub.
    """

    def __init__(self, target_port: int, *, delay_s: float = 0.0, bits_per_s: float | None = None) -> None:
        self.delay_s = delay_s
        self.bits_per_s = bits_per_s
        self.connections = 0
        self._first_at = self._last_at = 0.0
        self._target_port = target_port
        self._up, self._down = Line(), Line()
        self._cut_after_bytes: int | None = None
        self._hole_after_bytes: int | None = None
        self._open: list[_Connection] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]

    @property
    def up_bytes(self) -> int:
        """Bytes handed on from hub to depot."""
        return self._up.delivered_bytes

    @property
    def down_bytes(self) -> int:
        """Bytes handed on from depot to hub."""
        return self._down.delivered_bytes

    @property
    def total_bytes(self) -> int:
        """Bytes handed on in both directions."""
        return self.up_bytes + self.down_bytes

    @property
    def busy_s(self) -> float:
        """Seconds from the first connection to the last byte handed on."""
        return self._last_at - self._first_at

    def reset_counts(self) -> None:
        """Count from 0 again."""
        self._up.delivered_bytes = self._down.delivered_bytes = 0

    def cut_after(self, down_bytes: int | None) -> None:
        """Reset each connection once it carried that much to the hub; None: never."""
        self._cut_after_bytes = down_bytes

    def black_hole_after(self, down_bytes: int | None) -> None:
        """Let each connection stay open, but carry nothing beyond that much to the hub; None: never."""
        self._hole_after_bytes = down_bytes

    def black_hole(self) -> None:
        """From now on swallow everything; connections stay open."""
        self.black_hole_after(0)

    def cut(self) -> None:
        """Reset every connection that is open now."""
        self._run(self._cut_all())

    def __enter__(self) -> Self:
        self._thread.start()
        self._accepting = asyncio.run_coroutine_threadsafe(self._accept(), self._loop)
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    async def _stop(self) -> None:
        await self._cut_all()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut_all(self) -> None:
        for connection in self._open:
            connection.cut()
        self._open.clear()

    async def _accept(self) -> None:
        while True:
            hub, _ = await self._loop.sock_accept(self._listener)
            self._first_at = self._first_at or self._loop.time()
            depot = socket.socket()
            for sock in (hub, depot):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(depot, ("127.0.0.1", self._target_port))
            except OSError:
                _Connection(hub, depot).cut()
                continue
            self.connections += 1
            self._start(_Connection(hub, depot))

    def _start(self, connection: _Connection) -> None:
        self._open.append(connection)
        for source, sink, line in (
            (connection.hub, connection.depot, self._up),
            (connection.depot, connection.hub, self._down),
        ):
            connection.tasks.append(self._loop.create_task(self._carry(connection, source, sink, line)))

    async def _carry(
        self, connection: _Connection, source: socket.socket, sink: socket.socket, line: Line
    ) -> None:
        """Take bytes from `source` as fast as the line's queue allows; another task hands them on in time."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivery = self._loop.create_task(self._deliver(connection, under_way, sink, line))
        connection.tasks.append(delivery)
        size = SEGMENT_BYTES if self.bits_per_s else CHUNK_BYTES
        with contextlib.suppress(OSError):
            while data := await self._loop.sock_recv(source, size):
                await under_way.put((self._arrives_at(line, len(data)), data))
                await self._hold_back(line)
        await under_way.put((max(self._loop.time(), line.free_at) + self.delay_s, b""))

    def _arrives_at(self, line: Line, size: int) -> float:
        """Return when the last bit of `size` bytes gets out at the far end; the line is busy till then."""
        line.free_at = max(line.free_at, self._loop.time())
        if self.bits_per_s:
            line.free_at += size * 8 / self.bits_per_s
        return line.free_at + self.delay_s

    async def _hold_back(self, line: Line) -> None:
        if self.bits_per_s:
            queued_s = line.free_at - self._loop.time()
            await asyncio.sleep(max(0.0, queued_s - QUEUE_BYTES * 8 / self.bits_per_s))

    async def _deliver(
        self,
        connection: _Connection,
        under_way: "asyncio.Queue[tuple[float, bytes]]",
        sink: socket.socket,
        line: Line,
    ) -> None:
        down = sink is connection.hub
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not data:
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                return
            data, then = self._fate(connection, data, down)
            if data:
                line.delivered_bytes += len(data)  # first: who has received them may look at the count
                connection.down_bytes += len(data) if down else 0
                self._last_at = self._loop.time()
                try:
                    await self._loop.sock_sendall(sink, data)
                except OSError:
                    then = connection.cut
            if then is not None:
                then()
                return

    def _fate(
        self, connection: _Connection, data: bytes, down: bool
    ) -> tuple[bytes, Callable[[], None] | None]:
        """Return what of `data` still gets through, and what happens to the connection after it."""
        if self._hole_after_bytes is not None and (down or self._hole_after_bytes == 0):
            return data[: max(self._hole_after_bytes - connection.down_bytes, 0)], None
        if down and self._cut_after_bytes is not None:
            left = self._cut_after_bytes - connection.down_bytes
            if left <= len(data):
                return data[: max(left, 0)], connection.cut
        return data, None
