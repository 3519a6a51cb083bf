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


@dataclass(slots=True, eq=False)
class Request:
    """A question to the server, and the answer once it is there."""

    mark: Mark
    size_bytes: int  # asked for by a READ; else 0
    reply: wire.Reply | None = None
    forgotten: bool = False  # nobody waits for the answer


class Session:
    """Keeps many requests in flight on one channel. Not for two threads."""

    def __init__(self, channel: Channel, clock: Callable[[], float] = time.monotonic) -> None:
        self.window = Window()
        self.in_flight_bytes = 0
        self._channel = channel
        self._clock = clock
        self._replies = wire.Replies()
        self._requests: dict[int, Request] = {}
        self._next_id = 1
        self._unsent = bytearray(wire.init())  # travels with the first requests: saves a round trip

    def open(self, path: str) -> Request:
        """Ask for a handle of `path`."""
        return self._ask(0, lambda request_id: wire.open_file(request_id, path))

    def read(self, handle: bytes, offset: int, length: int) -> Request:
        """Ask for bytes of an open file."""
        request = self._ask(length, lambda request_id: wire.read(request_id, handle, offset, length))
        self.in_flight_bytes += length
        return request

    def close(self, handle: bytes) -> None:
        """Let a handle go; the answer is not waited for."""
        self._ask(0, lambda request_id: wire.close_file(request_id, handle)).forgotten = True

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

    def _ask(self, size_bytes: int, packet: Callable[[int], bytes]) -> Request:
        request_id = self._next_id
        self._next_id = (self._next_id + 1) % 2**32
        self._unsent += packet(request_id)
        request = Request(self.window.mark(self.in_flight_bytes, self._clock()), size_bytes)
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
        self.in_flight_bytes -= request.size_bytes
        self.window.answered(request.mark, arrived, self._clock())
        if not request.forgotten:
            request.reply = reply
        elif isinstance(reply, wire.Handle):
            self.close(reply.handle)


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
