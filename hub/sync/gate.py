"""The gate before the content: lets through what budgets and quiet hours allow, and counts what passes.

Metadata, reports and acks go past it. Content that has to wait is no fault: what came is kept, and the next
sync goes on to the byte.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Self

from sqlite_utils import Database

from content_packs.transports.transport import Range, Transport
from hub import history
from hub.sync.road import Road
from hub.uplink.limits import UNLIMITED, Allowance, Limits, Moment, Spent, Wait, allow, tighter
from hub.uplink.terms import allow_pack

_LOOK_EVERY_S = 1.0  # at the clock and the budgets, while content flows
_SAVE_EVERY_S = 10.0  # what a power cut may leave uncounted
_CONTENT_SHARE = 0.98  # of the bytes of a budget; the rest is requests, and what SSH adds


class ContentWaits(Exception):  # noqa: N818 - no error: it was planned
    """What is left of the content travels later."""

    def __init__(self, wait: Wait) -> None:
        super().__init__(wait.code)
        self.wait = wait


class Gate:
    """A transport for content by one road. `moment` tells the hub's local time whenever it is asked."""

    def __init__(
        self,
        transport: Transport,
        road: Road,
        limits: Limits,
        db: Database,
        boot_id: str,
        moment: Callable[[], Moment],
    ) -> None:
        self._transport, self._db, self._boot_id, self._moment = transport, db, boot_id, moment
        self._takes_uplink = road.takes_uplink
        self._limits = limits if road.takes_uplink else Limits()
        self._counted = 0  # bytes of the wire that the database knows
        self._use = history.UplinkUse(road.takes_uplink)
        self._spent = Spent()
        self._looked_at = self._saved_at = float("-inf")
        self._cap: tuple[int, Wait] | None = None  # bytes of content, and what to say when they are gone
        self._pack: tuple[str, Limits] | None = None  # whose content travels, if that has limits of its own
        self._pack_counted = 0  # bytes of content before those of it that are not written down yet
        self.save()

    @property
    def url(self) -> str:
        """See Transport."""
        return self._transport.url

    @property
    def received_bytes(self) -> int:
        """See Transport."""
        return self._transport.received_bytes

    @property
    def sent_bytes(self) -> int:
        """See Transport."""
        return self._transport.sent_bytes

    @property
    def limits(self) -> Limits:
        """What holds on this road: nothing where it is a folder or a stick."""
        return self._limits

    @property
    def use(self) -> history.UplinkUse:
        """What this sync took from the uplink so far."""
        return replace(self._use, wire_bytes=self._wire()) if self._takes_uplink else history.UplinkUse()

    def spent(self) -> Spent:
        """Return what the uplink carried in this sync, today and this month."""
        wire = self._wire()
        return replace(self._spent.plus(wire - self._counted), session_bytes=wire)

    def allowance(self) -> Allowance:
        """Return what may travel now."""
        found = allow(self._limits, self.spent(), self._moment())
        if self._pack is not None:
            new = self._use.fetch_bytes - self._pack_counted
            found = tighter(found, self.allowance_of(*self._pack, new_bytes=new))
        if self._cap is None:
            return found
        left = max(0, self._cap[0] - self._use.fetch_bytes)
        return (
            found
            if found.left_bytes is not None and found.left_bytes <= left
            else Allowance(left, self._cap[1])
        )

    def allowance_of(self, pack_id: str, limits: Limits, *, new_bytes: int = 0) -> Allowance:
        """Return what the office allows of one pack now; nothing limits it where no uplink is taken."""
        if not self._takes_uplink or limits == Limits():
            return UNLIMITED
        moment = self._moment()
        spent = history.read_pack_use(self._db, moment, self._boot_id, pack_id)
        return allow_pack(limits, spent + new_bytes, moment)

    @contextmanager
    def for_pack(self, pack_id: str, limits: Limits) -> Iterator[None]:
        """Let through what the limits of this pack allow as well, and count it to its day."""
        if not self._takes_uplink or limits == Limits():
            yield
            return
        self._pack, self._pack_counted = (pack_id, limits), self._use.fetch_bytes
        try:
            yield
        finally:
            self._save_pack()
            self._pack = None

    def _save_pack(self) -> None:
        new = self._use.fetch_bytes - self._pack_counted
        if self._pack is not None and new:
            self._pack_counted = self._use.fetch_bytes
            history.add_pack_use(self._db, self._moment(), self._boot_id, self._pack[0], new)

    @contextmanager
    def capped(self, size_bytes: int, wait: Wait) -> Iterator[None]:
        """Let through no more than so many bytes of content; then it waits, for this reason."""
        self._cap = (self._use.fetch_bytes + size_bytes, wait)
        try:
            yield
        finally:
            self._cap = None

    def save(self) -> None:
        """Write down what the uplink carried, and read what that makes of the day and the month."""
        if not self._takes_uplink:
            return
        wire, moment = self._wire(), self._moment()
        if wire > self._counted:
            history.add_use(self._db, moment, self._boot_id, wire - self._counted)
            self._counted = wire
        self._save_pack()
        self._spent = history.read_spent(self._db, moment, self._boot_id)
        self._saved_at = time.monotonic()

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """See Transport.

        Raises:
            ContentWaits: nothing may travel now.
        """
        self._require_open()
        return self._transport.read_files(paths, max_bytes=max_bytes)

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """See Transport. No more is asked for than the budgets allow, so nothing comes in vain.

        Raises:
            ContentWaits: what was yielded is all that may travel now.
        """
        if not any(part.length for part in ranges):
            yield from self._transport.read_ranges(ranges)
            return
        allowance = self._require_open()
        asked = cut_ranges(ranges, allowance.left_bytes)
        if not asked:
            raise ContentWaits(_wait_of(allowance))
        started_at = time.monotonic()
        try:
            with closing(self._transport.read_ranges(asked)) as stream:
                for part, data in stream:
                    self._use = replace(self._use, fetch_bytes=self._use.fetch_bytes + len(data))
                    # The caller knows its own ranges, not one that was cut.
                    yield (ranges[len(asked) - 1] if part is asked[-1] else part), data
                    self._look()
        finally:
            took_s = time.monotonic() - started_at
            self._use = replace(self._use, fetch_s=self._use.fetch_s + took_s)
        if asked != list(ranges):
            raise ContentWaits(_wait_of(allowance))

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """See Transport."""
        self._transport.write_files(folder, files)

    def close(self) -> None:
        """See Transport."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _wire(self) -> int:
        return self._transport.received_bytes + self._transport.sent_bytes if self._takes_uplink else 0

    def _require_open(self) -> Allowance:
        allowance = self.allowance()
        if allowance.is_shut:
            raise ContentWaits(_wait_of(allowance))
        return allowance

    def _look(self) -> None:
        """Stop in the middle where quiet hours have begun or a budget is gone."""
        now_s = time.monotonic()
        if now_s - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now_s
        if now_s - self._saved_at >= _SAVE_EVERY_S:
            self.save()
        self._require_open()


def _wait_of(allowance: Allowance) -> Wait:
    if allowance.wait is None:
        raise AssertionError("what has an end has a reason")
    return allowance.wait


def cut_ranges(ranges: Sequence[Range], left_bytes: int | None) -> list[Range]:
    """Return the ranges from the first on that a budget has room for, the last of them shortened."""
    if left_bytes is None:
        return list(ranges)
    left = int(left_bytes * _CONTENT_SHARE)
    cut: list[Range] = []
    for part in ranges:
        if part.length > left:
            return [*cut, replace(part, length=left)] if left else cut
        cut.append(part)
        left -= part.length
    return cut
