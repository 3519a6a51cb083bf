"""What a sync has to do with reports: takes acks, sends what waits before content, tells how it ended.

A report never stops a sync: where the disk or the depot refuses it, that is a warning, and it waits.
Over a metered link a sync with nothing to tell sends nothing: it is counted, and told once a day. What
is wrong with the hub itself is told at once, and so is its end.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from content_packs import depot
from content_packs.depot import MIB
from content_packs.errors import BadDataError, Error, LinkError, LocalError, NotWritableError
from content_packs.segment import MAX_ACKS_BYTES, decode_acks
from content_packs.transports.transport import Transport
from content_packs.trust import Offers
from hub import appeals, usage
from hub.clock import read_boot_id
from hub.events import Body, HealthBody, PacksBody, SyncBody, UpdateBody
from hub.machine import read_health
from hub.outbox import Outbox
from hub.settings import HubPaths, HubSettings
from hub.sync.findings import TOLD_AT_ONCE, list_findings
from hub.sync.plan import FETCHING, Action, Facts, left
from hub.sync.road import Road
from hub.updates import read_updates

LARGE_BYTES = MIB  # of content: before as much, the office is told what is coming
LOOK_EVERY_S = 60.0  # while content flows: a report must not wait for a 40 GB video
_REFUSED_FOR = timedelta(days=1)  # a depot that takes nothing is not asked at every sync
_MAX_NAMED = 200  # installs and failures in one event


@dataclass(frozen=True, slots=True)
class ReportsSent:
    """What became of reports in a sync: segments."""

    sent: int = 0
    waiting: int = 0
    acked: int = 0
    warning: Error | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: docs/reference/json.md."""
        code = self.warning.code if self.warning else None
        return {"sent": self.sent, "waiting": self.waiting, "acked": self.acked, "warning": code}


@dataclass(frozen=True, slots=True)
class _Memory:
    """What one sync wants to know of the ones before."""

    boot_id: str = ""
    boots: int = 0
    reported_at: str = ""
    said: str = ""  # a digest of how the last reported sync ended
    packs: str = ""  # a digest of the last reported packs
    shown: str = ""  # likewise, of the versions that learners saw then
    updates: str = ""  # likewise, of updates of the hub itself
    wrong: Sequence[str] | None = None  # what of `TOLD_AT_ONCE` was told last; None: nothing was yet
    appeals: int = 0  # number of the last report of them
    quiet: Mapping[str, int] = field(default_factory=dict)
    quiet_bytes: int = 0
    refused_at: str = ""
    told_days: Sequence[str] = ()  # of what was opened, told last
    opens_rest: Mapping[str, int] = field(default_factory=dict)  # opened and not told: too few


class Reporter:
    """The reports of one sync, which begins now.

    `facts` looks at this disk, `now` at the clock; a dry run reports nothing.
    """

    def __init__(
        self,
        paths: HubPaths,
        settings: HubSettings,
        facts: Callable[[], Facts],
        *,
        now: Callable[[], datetime],
        road: Road,
        dry_run: bool = False,
    ) -> None:
        self._paths, self._settings, self._facts, self._road = paths, settings, facts, road
        self._now = now
        self._has_ended = dry_run
        self._started_at, self._started_s = now(), time.monotonic()
        self._outbox = Outbox(paths)
        self._transport: Transport | None = None
        self._offers: Offers | None = None
        self._plan: Sequence[Action] = ()
        self._looked_at = time.monotonic()
        self.result = ReportsSent()

    def also(self) -> tuple[str, ...]:
        """Return what to read together with the head: the acks, where there is something to acknowledge."""
        with self._soft():
            if not self._has_ended and self._outbox.waiting().segments:
                return (self._acks_path,)
        return ()

    def refreshed(self, offers: Offers, transport: Transport) -> None:
        """Take the acks that came with the metadata, and send what waits: before any content.

        Raises:
            LinkError: the link broke meanwhile.
        """
        self._offers, self._transport = offers, transport
        if self._has_ended:
            return
        with self._soft():
            self._take_acks(offers.also.get(self._acks_path))
            self._send()

    def planned(self, actions: Sequence[Action]) -> None:
        """Tell the office what is coming, where that is much; raises LinkError."""
        self._plan = actions
        if sum(a.download_bytes for a in actions if a.kind in FETCHING) < LARGE_BYTES:
            return
        with self._soft():
            memory = self._remember_boot()
            packs = self._packs()
            if _digest(packs) != memory.packs or self._is_due(memory):
                daily, memory = self._daily(memory)
                self._append([packs, *daily], _told(memory, packs))
                self._send()

    def looked(self) -> None:
        """Call it while content flows: from time to time what waits is sent; raises LinkError."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        with self._soft():
            memory = self._remember_boot()
            if self._is_due(memory):
                daily, memory = self._daily(memory)
                self._append([self._packs(), *daily], memory)
            self._send()

    def ended(
        self, done: Sequence[Action], failures: Sequence[tuple[Action, Error]], failure: BaseException | None
    ) -> None:
        """Tell how the sync ended, now if the link holds, else next time; raises nothing of the link.

        `failure` is what ended it, None where it came to its end. Only the first call counts.
        """
        if self._has_ended:
            return
        self._has_ended = True
        with self._soft():
            self._append_ending(done, failures, failure or (failures[0][1] if failures else None))
        if not isinstance(failure, LinkError | KeyboardInterrupt):
            try:
                with self._soft():
                    self._send()
            except Error as error:
                self.result = replace(self.result, warning=error)
        with self._soft():
            self._count_waiting()

    def _append_ending(
        self, done: Sequence[Action], failures: Sequence[tuple[Action, Error]], failure: BaseException | None
    ) -> None:
        memory = self._remember_boot()
        sync = self._sync_body(done, failures, failure, memory)
        said = _digest({"result": sync.result, "failed": sync.failed})
        is_news = bool(sync.done) or (said != memory.said and not isinstance(failure, LinkError))
        is_due = self._is_due(memory)
        update = _update_body(self._paths)
        is_updated = update is not None and _digest(update) != memory.updates
        queue = appeals.read_queue(self._paths)
        asked = appeals.to_body(queue)
        is_asked = asked is not None and queue.number != memory.appeals
        if asked is not None and not is_asked:
            appeals.forget(self._paths, asked)  # told before a crash
        self._plan = left(self._plan, done)
        packs = self._packs() if self._offers is not None else None
        # Somebody here put an earlier version back, or took the newer one again: a rollout waits for that.
        is_changed = packs is not None and memory.shown not in ("", _digest(packs.have))
        health = self._health(memory) if self._offers is not None else None
        is_hurt = health is not None and memory.wrong not in (None, _wrong(health))
        is_news = is_news or is_updated or is_asked or is_changed or is_hurt
        if not is_news and not (is_due and self._offers is not None):
            quiet = {**memory.quiet, sync.result: memory.quiet.get(sync.result, 0) + 1}
            both_ways = sync.received_bytes + sync.sent_bytes
            self._append([], replace(memory, quiet=quiet, quiet_bytes=memory.quiet_bytes + both_ways))
            return
        bodies: list[Body] = [sync]
        memory = replace(memory, said=said, quiet={}, quiet_bytes=0)
        if packs is not None and (is_due or _digest(packs) != memory.packs):
            bodies.append(packs)
            memory = _told(memory, packs)
        if update is not None and is_updated:
            bodies.append(update)
            memory = replace(memory, updates=_digest(update))
        if asked is not None and is_asked:
            bodies.append(asked)
            memory = replace(memory, appeals=asked.number)
        if is_due:
            daily, memory = self._daily(memory)
            bodies += daily
        elif health is not None and is_hurt:
            bodies.append(health)
            memory = replace(memory, wrong=_wrong(health))
        self._append(bodies, memory)
        if asked is not None and is_asked:
            appeals.forget(self._paths, asked)

    def _sync_body(
        self,
        done: Sequence[Action],
        failures: Sequence[tuple[Action, Error]],
        failure: BaseException | None,
        memory: _Memory,
    ) -> SyncBody:
        transport = self._transport
        failed = {f"{action.pack_id}@{action.version}": error.code for action, error in failures}
        return SyncBody(
            started_at=self._started_at.isoformat(timespec="seconds"),
            finished_at=self._now().isoformat(timespec="seconds"),
            road=self._road.value,
            result=_code(failure),
            message=str(failure or ""),
            received_bytes=transport.received_bytes if transport else 0,
            sent_bytes=transport.sent_bytes if transport else 0,
            seconds=int(time.monotonic() - self._started_s),
            done=[str(action) for action in done[:_MAX_NAMED]],
            failed=dict(list(failed.items())[:_MAX_NAMED]),
            quiet=dict(memory.quiet),
            quiet_bytes=memory.quiet_bytes,
        )

    def _packs(self) -> PacksBody:
        facts = self._facts()
        offered = {offer.pack_id: offer.version for offer in (self._offers.packs if self._offers else ())}
        want = dict.fromkeys(facts.current, 0) | offered
        return PacksBody(
            have=dict(facts.current),
            want={pack_id: v for pack_id, v in want.items() if v != facts.current.get(pack_id)},
            fetching={a.pack_id: a.version for a in self._plan if a.kind in FETCHING},
            needs_space={a.pack_id: a.version for a in self._plan if a.kind == "needs-space"},
            kept=_list_unseen(facts),
        )

    def _daily(self, memory: _Memory) -> tuple[list[Body], _Memory]:
        """Return what is told once a day, and what to remember of it: health, and what was opened.

        Days that were told are forgotten before others are read: a crash may have come in between.
        """
        health = self._health(memory)
        usage.forget(self._paths, memory.told_days)
        days = usage.read_finished(self._paths, now=self._now())
        bodies, rest = usage.to_bodies(days, memory.opens_rest)
        memory = replace(memory, wrong=_wrong(health), told_days=tuple(days), opens_rest=rest)
        return [health, *bodies], memory

    def _health(self, memory: _Memory) -> HealthBody:
        health = read_health(self._paths, boots=memory.boots)
        return replace(health, findings=list_findings(self._paths, self._settings))

    def _append(self, bodies: Sequence[Body], memory: _Memory) -> None:
        now = self._now()
        if bodies:
            memory = replace(memory, reported_at=now.isoformat(timespec="seconds"))
        self._outbox.append(bodies, at=now, boot_id=memory.boot_id, remember=asdict(memory))
        if bodies:
            usage.forget(self._paths, memory.told_days)

    def _send(self) -> None:
        """Seal and send what waits; nothing where the office's key is not known.

        What is sealed cannot be put together any more. So a depot that refused is tried with what is sealed
        already: for a quarter that ends with a stick, that is one segment, and not one a day.
        """
        seal_key = self._offers.seal_key if self._offers else None
        if seal_key is None or self._transport is None or self._is_refused():
            return
        memory = self._memory()
        if self._road.is_own and memory.refused_at and self._send_sealed(self._transport):
            self._append([], replace(memory, refused_at=""))
        self._outbox.seal(self._settings.hub_id, seal_key)
        self._send_sealed(self._transport)

    def _send_sealed(self, transport: Transport) -> bool:
        """Send the segments that are to be sent; return whether there were any."""
        now = self._now()
        segments = self._outbox.read_unsent(now=now, again=not self._road.is_own)
        if not segments:
            return False
        transport.write_files(depot.inbox_dir(self._settings.hub_id), segments)
        if self._road.is_own:  # a stick may be lost on its way: what it carries goes by the uplink too
            self._outbox.note_sent(segments, now=now)
        self.result = replace(self.result, sent=self.result.sent + len(segments))
        return True

    def _take_acks(self, data: bytes | None) -> None:
        if data is None or len(data) > MAX_ACKS_BYTES:
            return
        try:
            acked = self._outbox.acknowledge(decode_acks(data))
        except BadDataError as error:
            self.result = replace(self.result, warning=error)
            return
        self.result = replace(self.result, acked=self.result.acked + acked)

    def _count_waiting(self) -> None:
        self.result = replace(self.result, waiting=self._outbox.waiting().segments)

    @contextmanager
    def _soft(self) -> Iterator[None]:
        """Turn what is wrong with a report into a warning; the link's faults pass."""
        try:
            yield
        except NotWritableError as error:
            self.result = replace(self.result, warning=error)
            self._note_refusal()
        except (LocalError, BadDataError) as error:
            self.result = replace(self.result, warning=error)
        except OSError as error:
            warning = LocalError(f"reports: {error}", hint="Check the disk; the sync itself goes on.")
            self.result = replace(self.result, warning=warning)

    def _note_refusal(self) -> None:
        if self._road.is_own:
            with self._soft():
                memory = replace(self._memory(), refused_at=self._now().isoformat(timespec="seconds"))
                self._append([], memory)

    def _is_refused(self) -> bool:
        return self._road.is_own and _is_within(self._memory().refused_at, self._now(), _REFUSED_FOR)

    def _is_due(self, memory: _Memory) -> bool:
        every = timedelta(hours=self._settings.sync.report_hours)
        return not _is_within(memory.reported_at, self._now(), every)

    def _remember_boot(self) -> _Memory:
        """Return what is remembered, with this start of the machine counted."""
        memory, boot_id = self._memory(), read_boot_id()
        return (
            memory if memory.boot_id == boot_id else replace(memory, boot_id=boot_id, boots=memory.boots + 1)
        )

    def _memory(self) -> _Memory:
        try:
            return _Memory(**self._outbox.remembered)
        except TypeError:
            return _Memory()  # of another release of this program

    @property
    def _acks_path(self) -> str:
        return depot.acks_path(self._settings.hub_id)


def _told(memory: _Memory, packs: PacksBody) -> _Memory:
    """Return the memory of a sync that has told these packs."""
    return replace(memory, packs=_digest(packs), shown=_digest(packs.have))


def _wrong(health: HealthBody) -> list[str]:
    """Return what is wrong that the office hears of at once."""
    return sorted(TOLD_AT_ONCE & health.findings.keys())


def _update_body(paths: HubPaths) -> UpdateBody | None:
    """Return what became of updates of the hub itself; None where there never was one."""
    told = read_updates(paths)
    if told is None or not told.items:
        return None
    states = {f"{item.pack_id}@{item.version}": item for item in told.items}
    return UpdateBody(
        image=told.image,
        states={name: item.state for name, item in states.items()},
        reasons={name: item.why for name, item in states.items() if item.why},
    )


def _list_unseen(facts: Facts) -> dict[str, list[int]]:
    """Return the versions that lie on this disk and that no learner sees."""
    unseen = {
        pack_id: [version for version in versions if version != facts.current.get(pack_id)]
        for pack_id, versions in facts.kept.items()
    }
    return {pack_id: versions for pack_id, versions in unseen.items() if versions}


def _is_within(since: str, now: datetime, span: timedelta) -> bool:
    """Whether less than `span` has passed; a time that cannot be counts as none, clocks jump."""
    try:
        return timedelta(0) <= now - datetime.fromisoformat(since) < span
    except (ValueError, TypeError):
        return False


def _code(failure: BaseException | None) -> str:
    if failure is None:
        return "ok"
    if isinstance(failure, Error):
        return failure.code
    return "interrupted" if isinstance(failure, KeyboardInterrupt) else "failed"


def _digest(value: Any) -> str:  # noqa: ANN401
    plain = value if isinstance(value, dict) else asdict(value)
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
