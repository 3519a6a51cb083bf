"""Take in what hubs have reported: each event once, whatever came twice, late, in another order, or damaged.

For each hub: read and check, one transaction of reports.db, then the acks, then the files go. A crash in
between leaves files that are known when they are met again.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from content_packs import depot
from content_packs.durable import locked, write_durably
from content_packs.enrolment import PREFIX as ENROL_PREFIX
from content_packs.errors import BadDataError, Error, LocalError, UsageError, local_error
from content_packs.segment import MAX_SEGMENT_BYTES, Segment, SeqRange, encode_acks, name_segment, unseal
from hub.events import Event, decode_event
from provisioning.central.fleet import Hub, open_fleet
from provisioning.central.fleetview.signs import list_codes
from provisioning.central.inbox import Inbox, open_inbox
from provisioning.central.office import Office, readable_by_hubs
from provisioning.central.quarantine import Quarantine
from provisioning.central.readers import only_for
from provisioning.central.reports import Reports, Way, open_reports
from provisioning.central.usb import require_mounted

_BATCH = 64  # segments of one transaction; only one of them at a time is in memory
_UNFINISHED = timedelta(days=1)  # an upload is 256 KiB at most: one that old is dead
_MAX_FAULTS = 5  # of one segment, told in full
_LEAP = timedelta(days=180)  # no office is closed for that long; reports are kept for 396 days


@dataclass(slots=True)
class Taken:
    """What was taken in from one hub."""

    hub_id: str
    segments: int = 0
    events: int = 0  # new ones
    repeated: int = 0  # segments and events that were known
    left: int = 0  # segments that are taken in and could not be removed, as on a read-only stick
    copied: bool = False  # two machines report as this hub
    refused: list[str] = field(default_factory=list)  # a sentence each


@dataclass(frozen=True, slots=True)
class _Segment:
    name: str
    data: bytes
    seqs: SeqRange
    receipt_key: str
    events: Sequence[Event]
    faults: Sequence[str]  # the first ones
    fault_count: int
    arrived_at: datetime


class _RefusedError(Exception):
    """This file is no report of this hub."""


def require_clock(office: Office, *, now: datetime) -> None:
    """Raise LocalError where this machine's clock has leapt since reports were taken in last.

    By a clock that says 2036 all that hubs ever told would be forgotten as too old, and no grace would hold.
    """
    with open_reports(office.reports_db) as reports:
        since = reports.tallies.ingested_at()
    if since is not None and abs(now - since) > _LEAP:
        raise LocalError(
            f"this machine's clock says {now.date()}; reports were taken in last on {since.date()}",
            hint="Set the clock. If it is right: central ingest --clock-is-right. Nothing is lost meanwhile.",
        )


def ingest(office: Office, *, source: Path | None, now: datetime, dry_run: bool = False) -> list[Taken]:
    """Take in the reports in the depot, or on the stick `source`; return what came, by hub.

    With `dry_run` nothing is kept and nothing removed.

    Raises:
        UsageError: `source` holds no reports; LocalError: the disk refuses, or the key is not here.
        BusyError: another one is at it.
    """
    root = source or office.depot
    if source is not None:
        require_mounted(source)
    if source is not None and not (source / "inbox").is_dir():
        raise UsageError(
            f"{source}: no reports of hubs there", hint="Give the stick on which `hub sync --from` left them."
        )
    with open_fleet(office.fleet_db) as fleet:
        hubs = fleet.list_hubs()
    private_keys = [key.private_bytes_raw() for key in office.open_keys().read_seal_keys()]
    with locked(office.ingest_lock, doing="ingest"), open_reports(office.reports_db) as reports:
        way: Way = "link" if source is None else "stick"
        since = reports.tallies.ingested_at()
        work = _Ingest(office, reports, private_keys, root, now, dry_run, way, since)
        try:
            if since is not None and now < since and not dry_run:
                reports.put_back(now)
            found = [work.take_hub(hub) for hub in hubs]
            if source is None and not dry_run:
                reports.tallies.note_ingest(now)
            return [taken for taken in found if taken is not None]
        except OSError as error:
            raise local_error(error, "taking in reports") from error


@dataclass(frozen=True, slots=True)
class _Ingest:
    office: Office
    reports: Reports
    private_keys: Sequence[bytes]  # the present one first
    root: Path
    now: datetime
    dry_run: bool
    way: Way
    ingested_at: datetime | None  # the depot's reports, before

    def take_hub(self, hub: Hub) -> Taken | None:
        """Take in what one hub left; None where nothing was there."""
        taken = Taken(hub.hub_id)
        with contextlib.ExitStack() as stack:
            try:
                inbox = stack.enter_context(open_inbox(self.root, hub.hub_id))
                if inbox is not None and self.way == "link" and not self.dry_run:
                    inbox.sweep(self.now - _UNFINISHED)
                names = inbox.list_names() if inbox is not None else []
                names = [name for name in names if not name.startswith(ENROL_PREFIX)]  # enrol.py reads these
            except OSError as error:  # of this folder: the other hubs have theirs
                taken.refused.append(f"its inbox cannot be read: {error.strerror}")
                return taken
            if inbox is None or not names:
                return None
            for start in range(0, len(names), _BATCH):
                self._take_batch(hub, inbox, names[start : start + _BATCH], taken)
        if taken.refused and not self.dry_run:
            self.quarantine.trim()
        return taken

    def _take_batch(self, hub: Hub, inbox: Inbox, names: Sequence[str], taken: Taken) -> None:
        if self.dry_run:
            for name in names:
                self._look(hub, inbox, name, taken)
            return
        done: list[str] = []
        streams: set[str] = set()
        with self.reports.transaction():
            for name in names:
                segment = self._check(hub, inbox, name, taken)
                if segment is not None and self._try_keep(hub.hub_id, inbox, segment, taken):
                    done.append(name)
                    streams.update(event.stream for event in segment.events)
            former = self.reports.note_former(hub.hub_id, streams, hub.replaced_at, now=self.now)
            self.reports.hear(hub.hub_id, sorted(streams - former))
            taken.copied |= self.reports.watch(hub.hub_id, sorted(streams), now=self.now)
            self.reports.thin(hub.hub_id, now=self.now)
            if streams:
                self.reports.settle(hub.hub_id, list_codes)
        if done:
            self._acknowledge(hub.hub_id)
        for name in done:
            try:
                inbox.remove(name)
            except OSError:
                taken.left += 1

    def _look(self, hub: Hub, inbox: Inbox, name: str, taken: Taken) -> None:
        segment = self._check(hub, inbox, name, taken)
        taken.segments += segment is not None
        taken.events += len(segment.events) if segment is not None else 0

    def _try_keep(self, hub_id: str, inbox: Inbox, segment: _Segment, taken: Taken) -> bool:
        """Keep a segment, or refuse it alone: what one hub sends must not end the work for all."""
        try:
            with self.reports.transaction():
                self._keep(hub_id, segment, taken)
        except (OSError, Error, sqlite3.Error):
            raise  # the office's own disk or database
        except Exception as error:
            self._refuse(hub_id, inbox, segment.name, segment.data, f"{type(error).__name__}: {error}", taken)
            return False
        return True

    def _check(self, hub: Hub, inbox: Inbox, name: str, taken: Taken) -> _Segment | None:
        """Return what is in a file; what is no report of this hub is put aside."""
        try:
            data = inbox.read(name)
        except OSError as error:
            self._refuse(hub.hub_id, inbox, name, None, f"cannot be read: {error.strerror}", taken)
            return None
        try:
            return self._open(hub, inbox, name, data)
        except (_RefusedError, BadDataError) as error:
            reason = error.message if isinstance(error, BadDataError) else str(error)
        except (OSError, Error, sqlite3.Error):
            raise  # the office's own disk or database
        except Exception as error:  # whatever a crafted file brings about: it is refused, the next one is met
            reason = f"{type(error).__name__}: {error}"
        self._refuse(hub.hub_id, inbox, name, data, reason, taken)
        return None

    def _refuse(
        self, hub_id: str, inbox: Inbox, name: str, data: bytes | None, reason: str, taken: Taken
    ) -> None:
        why = f"{name[:80]!r}: {reason:.2000}"
        taken.refused.append(why)
        if self.dry_run:
            return
        self._put_aside(hub_id, data, why)
        if data is not None:
            with contextlib.suppress(OSError):  # a read-only stick: noted, and met again
                inbox.remove(name)

    def _open(self, hub: Hub, inbox: Inbox, name: str, data: bytes | None) -> _Segment:
        if data is None:
            raise _RefusedError(self._clear(hub.hub_id, inbox, name))
        if hub.revoked_at is not None:
            raise _RefusedError("this hub is revoked")
        if len(data) > MAX_SEGMENT_BYTES:
            raise _RefusedError(f"larger than {MAX_SEGMENT_BYTES} bytes")
        if name_segment(data) != name:
            raise _RefusedError("its content does not hash to its name")
        sealed = self._unseal(data, hub.hub_id)
        events: list[Event] = []
        faults: list[str] = []
        count = 0
        for number, line in enumerate(() if self.reports.knows(hub.hub_id, name) else sealed.lines, 1):
            try:
                events.append(decode_event(line))
            except BadDataError as error:
                count += 1
                if count <= _MAX_FAULTS:
                    faults.append(f"line {number}: {error.message}")
        came = self._came_at(inbox, name)
        return _Segment(name, data, sealed.seqs, sealed.receipt_key, events, faults, count, came)

    def _came_at(self, inbox: Inbox, name: str) -> datetime:
        """Return when a report was left in the depot, by the office's clock; one on a stick comes now.

        A file's time is as its writer says: it lies between the last look and this one.
        """
        written_at = inbox.arrived_at(name) if self.way == "link" else None
        if written_at is None or written_at > self.now:
            return self.now
        return max(written_at, self.ingested_at or written_at)

    def _unseal(self, data: bytes, hub_id: str) -> Segment:
        """Open a report with the present key, or with one before: it may have waited long on a stick."""
        present, *before = self.private_keys
        try:
            return unseal(data, present, hub_id=hub_id)
        except BadDataError:
            for key in before:
                with contextlib.suppress(BadDataError):
                    return unseal(data, key, hub_id=hub_id)
            raise

    def _clear(self, hub_id: str, inbox: Inbox, name: str) -> str:
        """Put away what is no file; say what it was and what became of it."""
        what = "a link, a folder or a device where a file belongs"
        if self.dry_run:
            return what
        is_gone = inbox.clear(name, self.quarantine.folder_of(hub_id))
        self.quarantine.trim_hub(hub_id)
        return f"{what}; it is put away" if is_gone else f"{what}; remove it by hand"

    def _keep(self, hub_id: str, segment: _Segment, taken: Taken) -> None:
        self.reports.acknowledge(hub_id, segment.seqs, segment.receipt_key)
        if self.reports.knows(hub_id, segment.name):
            taken.repeated += 1
            return
        new, known = self.reports.take(
            hub_id,
            segment.name,
            segment.events,
            now=self.now,
            arrived_at=segment.arrived_at,
            via=self.way,
            find_codes=list_codes,
        )
        taken.segments += 1
        taken.events += new
        taken.repeated += known
        if segment.faults:  # its good events are in: a hub is not made to send the rest for ever
            more = segment.fault_count - len(segment.faults)
            told = "; ".join(segment.faults) + (f"; {more} more" if more > 0 else "")
            taken.refused.append(f"{segment.name}: {told}")
            self._put_aside(hub_id, segment.data, f"{segment.name}: {told}")

    def _put_aside(self, hub_id: str, data: bytes | None, why: str) -> None:
        """Keep what was refused for a person to look at, as long as it is not too much; note why."""
        self.reports.note(hub_id, "refused", why, now=self.now)
        if data is not None:
            self.quarantine.keep(hub_id, data)

    @property
    def quarantine(self) -> Quarantine:
        """Where goes what is refused."""
        return Quarantine(self.office.quarantine)

    def _acknowledge(self, hub_id: str) -> None:
        """Tell the hub what it may forget."""
        with readable_by_hubs():
            write_durably(
                self.office.depot / depot.acks_path(hub_id),
                encode_acks(self.reports.list_acks(hub_id)),
                prepare=only_for(hub_id),
            )
