"""One SFTP conversation: requests out in batches, answers in as they come. Knows no SSH."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from content_packs.errors import BadDataError, Error, IdentityError
from content_packs.transports import rules, wire
from content_packs.transports.window import Mark, Window


class Channel(Protocol):
    """A two-way stream of bytes to an SFTP server."""

    def send(self, data: bytes) -> None:
        """Send all of `data`; LinkError if that fails."""

    def receive(self) -> bytes:
        """Return at least one byte; LinkError if the stream is cut or silent for too long."""


MAX_KEPT_FILES = 16


@dataclass(slots=True, eq=False)
class Request:
    """A question to the server, and the answer once it is there."""

    mark: Mark
    size_bytes: int = 0  # asked for by a READ
    written_bytes: int = 0  # carried by a WRITE
    reply: wire.Reply | None = None
    forgotten: bool = False  # nobody waits for the answer


class Session:
    """Keeps many requests in flight on one channel. Not for two threads."""

    def __init__(self, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        self.window = Window()
        self.in_flight_bytes = 0
        self._upload = Window()
        self._unconfirmed_bytes = 0  # written, and the server has not said so yet
        self._channel = channel
        self._clock = clock
        self._replies = wire.Replies()
        self._requests: dict[int, Request] = {}
        self._kept: dict[str, bytes] = {}  # handles by path, held longest first
        self._next_id = 1
        self._unsent = bytearray(wire.init())  # travels with the first requests: saves a round trip

    def open(self, path: str) -> Request:
        """Ask for a handle of `path`."""
        return self.ask(lambda request_id: wire.open_file(request_id, path))

    def read(self, handle: bytes, offset: int, length: int) -> Request:
        """Ask for bytes of an open file."""
        request = self.ask(lambda request_id: wire.read(request_id, handle, offset, length))
        request.size_bytes = length
        self.in_flight_bytes += length
        return request

    def write(self, handle: bytes, offset: int, data: bytes) -> Request:
        """Put bytes into an open file."""
        request = self.ask(lambda request_id: wire.write(request_id, handle, offset, data))
        request.mark = self._upload.mark(self._unconfirmed_bytes, request.mark.sent_at)
        request.written_bytes = len(data)
        self._unconfirmed_bytes += len(data)
        return request

    def keep(self, path: str, handle: bytes) -> None:
        """Hold a file open that may be read again; the one held longest makes room."""
        if path in self._kept or len(self._kept) == MAX_KEPT_FILES:
            self.close(self._kept.pop(path if path in self._kept else next(iter(self._kept))))
        self._kept[path] = handle

    def take_kept(self, path: str) -> bytes | None:
        """Return the handle of a file that is held open, which is then no longer held; None without one."""
        return self._kept.pop(path, None)

    def close(self, handle: bytes) -> None:
        """Let a handle go; the answer is not waited for."""
        self.ask(lambda request_id: wire.close_file(request_id, handle)).forgotten = True

    def wait(self, request: Request) -> wire.Reply:
        """Return the answer to `request`; until it comes, take the answers to others."""
        while request.reply is None:
            self.take_reply()
        return request.reply

    def take_reply(self) -> None:
        """Take the next answer, to whichever request; sends first what was asked since the last wait."""
        while (reply := self._replies.take()) is None:
            self._flush()
            data = self._channel.receive()
            self.window.arrived(len(data))
            self._replies.feed(data)
        self._deliver(reply)

    def forget(self, request: Request) -> None:
        """Nobody waits for this answer any more; a handle that it brings is closed."""
        request.forgotten = True
        if isinstance(request.reply, wire.Handle):
            self.close(request.reply.handle)

    def has_room(self) -> bool:
        """Tell whether one more READ may leave now."""
        return self.window.has_room(self.in_flight_bytes, len(self._requests))

    def room_for_writing(self, wanted_bytes: int) -> int:
        """Return how many of `wanted_bytes` the next WRITE may carry; 0 while there is no room."""
        size_bytes = min(wanted_bytes, self._upload.piece_bytes, wire.MAX_WRITE_BYTES)
        return size_bytes if self._upload.has_room_for(size_bytes, self._unconfirmed_bytes) else 0

    def ask(self, packet: Callable[[int], bytes]) -> Request:
        """Send what `packet` makes of a request id, with the next wait."""
        request_id = self._next_id
        self._next_id = (self._next_id + 1) % 2**32
        self._unsent += packet(request_id)
        request = Request(self.window.mark(self.in_flight_bytes, self._clock()))
        self._requests[request_id] = request
        return request

    def _flush(self) -> None:
        if self._unsent:
            self._channel.send(bytes(self._unsent))
            self._unsent.clear()

    def _deliver(self, reply: wire.Reply) -> None:
        request = self._requests.pop(reply.request_id, None)
        if request is None:
            raise BadDataError(
                f"the depot answered request {reply.request_id}, which nobody asked",
                hint="Ask the office to check the depot's sshd.",
            )
        arrived = len(reply.data) if isinstance(reply, wire.Data) else 0
        if arrived > request.size_bytes:
            raise BadDataError(
                f"the depot sent {arrived} bytes where {request.size_bytes} were asked for",
                hint="Ask the office to check the depot's sshd.",
            )
        self._learn(request, arrived)
        if not request.forgotten:
            request.reply = reply
        elif isinstance(reply, wire.Handle):
            self.close(reply.handle)

    def _learn(self, request: Request, arrived: int) -> None:
        if request.written_bytes:
            self._unconfirmed_bytes -= request.written_bytes
            self._upload.arrived(request.written_bytes)
            self._upload.answered(request.mark, request.written_bytes, self._clock())
            return
        self.in_flight_bytes -= request.size_bytes
        self.window.answered(request.mark, arrived, self._clock())


def refusal(path: str, reply: wire.Reply) -> Error:
    """Return the error that an unwanted answer about `path` means."""
    if not isinstance(reply, wire.Status):
        return BadDataError(
            f"{path}: the depot answered with {type(reply).__name__}, which does not fit the request",
            hint="Ask the office to check the depot's sshd.",
        )
    if reply.code == wire.NO_SUCH_FILE:
        return rules.missing(path)
    if reply.code == wire.PERMISSION_DENIED:  # the office's doing, the same tomorrow: not the file's fault
        return IdentityError(
            f"{path}: the depot does not let this hub read it ({reply.text})",
            hint="Ask the office to check the permissions of the depot's files.",
        )
    return BadDataError(
        f"{path}: the depot cannot read it: {reply.text or 'no reason given'} (SFTP status {reply.code})",
        hint="Ask the office to check the depot's disk.",
    )
