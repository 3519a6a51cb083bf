"""The outbox: events wait here until the office has acknowledged them, whatever happens to link and power.

    outbox/state            stream, its receipt key, next number, what was sent when; twice, so that no
                            flipped bit is believed
    outbox/journal          events, a line each: CRC-32, a space, JSON
    outbox/segments/<stream>.<first>-<last>.<sha256>.<receipt key>
                            sealed, to be sent or acknowledged: its SeqRange, its name in a depot, and what
                            tells an ack of the office from one that somebody else has written

An event may leave twice, after a crash; the office takes it in once, by its stream and number.
"""

import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from secrets import token_hex
from typing import Any

from content_packs.depot import MIB
from content_packs.durable import fsync_dir, locked, write_durably
from content_packs.errors import local_error
from content_packs.segment import Ack, SeqRange, group_lines, make_receipt_key, name_segment, seal
from hub.events import Body, Event, body_of, encode_event
from hub.settings import HubPaths
from hub.thinning import read_line, thin

RESEND_AFTER = timedelta(days=7)  # a segment without an ack for so long was lost on the way
MAX_JOURNAL_BYTES = 7 * MIB  # years of reports that nobody fetched; the events of one sync may come on top
MAX_SEGMENTS_BYTES = 8 * MIB  # beyond it events wait in the journal, which can be thinned
_THINNED_TO = 0.75  # of MAX_JOURNAL_BYTES, so that not every event thins anew
_TAIL_BYTES = 64 * 1024  # of the journal, where its last event is looked for
_CRC_DIGITS = 8
_NAME = re.compile(r"([0-9]{14}-[0-9a-f]{16})\.([0-9]{1,16})-([0-9]{1,16})\.([0-9a-f]{64})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the office has not acknowledged."""

    events: int  # in the journal
    segments: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A segment on this disk, as its name tells."""

    path: Path
    seqs: SeqRange
    name: str  # in a depot
    receipt_key: str

    @property
    def size(self) -> int:
        """Bytes; 0 where it was acknowledged while somebody looked."""
        return self.path.stat().st_size if self.path.exists() else 0


@dataclass(frozen=True, slots=True)
class _State:
    stream: str = ""
    receipt_key: str = ""  # of this stream
    next_seq: int = 0
    sent: Mapping[str, str] = field(default_factory=dict)  # segment → when, ISO 8601
    remembered: Mapping[str, Any] = field(default_factory=dict)  # for who appends: see `Outbox.append`


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one hub. Several processes may use it at once.

    Every method raises LocalError where the disk refuses; what was there before is then still there.
    """

    paths: HubPaths

    @property
    def remembered(self) -> Mapping[str, Any]:
        """What `append` was told to remember; empty where it was lost."""
        return self._read_state().remembered

    def append(
        self, bodies: Sequence[Body], *, at: datetime, boot_id: str, remember: Mapping[str, Any]
    ) -> None:
        """Add events, and remember in the same step what the caller wants to know next time."""
        with self._working("writing a report"):
            state = self._read_state()
            if bodies:
                bodies = [*self._thin(), *bodies]
                state = self._numbered(state, at)
            # The numbers are taken before they are used: a line that a power cut tears is never told anew.
            self._write_state(
                replace(state, next_seq=state.next_seq + len(bodies), remembered=dict(remember))
            )
            events = [
                Event(state.stream, seq, boot_id, at.isoformat(timespec="seconds"), b.KIND, body_of(b))
                for seq, b in enumerate(bodies, state.next_seq)
            ]
            if events:
                self._append_lines([encode_event(event) for event in events])

    def seal(self, hub_id: str, seal_key: bytes) -> None:
        """Put the events of the journal into segments, as long as these are not too many already."""
        with self._working("sealing reports"):
            self._clear_leftovers()
            state, held = self._read_state(), self._list_segments()
            room = MAX_SEGMENTS_BYTES - sum(segment.size for segment in held)
            groups = list(_list_groups(self._read_lines()))
            sealed = 0
            for group in groups:
                seqs = _seqs_of(group, [segment.seqs for segment in held])
                receipt_key = _receipt_key_of(seqs.stream, state, held)
                data = seal(hub_id, seqs, group, seal_key, receipt_key)
                if len(data) > room:
                    break
                room -= len(data)
                held.append(self._keep_segment(seqs, data, receipt_key))
                sealed += 1
            if sealed:
                self._write_journal([line for group in groups[sealed:] for line in group])

    def read_unsent(self, *, now: datetime, again: bool = False) -> dict[str, bytes]:
        """Return the segments to send, by name; with `again` those too that were sent already."""
        with self._working("reading reports"):
            sent = {} if again else self._read_state().sent
            unsent = [each for each in self._list_segments() if not _is_recent(sent.get(each.name), now)]
            return {each.name: data for each in unsent if (data := _read_segment(each)) is not None}

    def note_sent(self, names: Iterable[str], *, now: datetime) -> None:
        """Remember that these segments were sent, so that they are not sent again soon."""
        with self._working("noting what was sent"):
            state = self._read_state()
            here = {segment.name for segment in self._list_segments()}
            sent = {**state.sent, **dict.fromkeys(names, now.isoformat(timespec="seconds"))}
            self._write_state(replace(state, sent={n: at for n, at in sent.items() if n in here}))

    def acknowledge(self, acks: Sequence[Ack]) -> int:
        """Forget the segments that the office has taken in; return how many."""
        with self._working("forgetting reports"):
            held = self._list_segments()
            acked = [each for each in held if any(ack.covers(each.seqs, each.receipt_key) for ack in acks)]
            for segment in acked:
                segment.path.unlink()
            if acked:
                fsync_dir(self._segments)
            return len(acked)

    def waiting(self) -> Waiting:
        """Look at what waits, writing nothing."""
        try:
            lines, segments = self._read_lines(), self._list_segments()
            size = sum(map(len, lines)) + sum(segment.size for segment in segments)
        except OSError as error:
            raise local_error(error, "looking at the reports that wait") from error
        return Waiting(len(lines), len(segments), size)

    def _numbered(self, state: _State, at: datetime) -> _State:
        """Return the state with a stream, and with a number that no event of the journal has."""
        if not state.stream:
            stream = f"{at:%Y%m%d%H%M%S}-{token_hex(8)}"
            return replace(state, stream=stream, receipt_key=make_receipt_key(), next_seq=1)
        return replace(state, next_seq=max(state.next_seq, self._last_seq(state.stream) + 1))

    def _last_seq(self, stream: str) -> int:
        """Return the number of the last event of a stream in the journal, 0 where there is none.

        Numbers grow along the journal, so as a rule its last line tells, however long it is.
        """
        size = self._journal_bytes()
        length = _TAIL_BYTES
        while size:
            for place in map(_place_of, reversed(self._read_lines(max(0, size - length)))):
                if place is not None and place[0] == stream:
                    return place[1]
            if length >= size:
                break
            length *= 4
        return 0

    @property
    def _segments(self) -> Path:
        return self.paths.outbox / "segments"

    @property
    def _journal(self) -> Path:
        return self.paths.outbox / "journal"

    def _working(self, doing: str) -> AbstractContextManager[None]:
        return _Working(self.paths, doing)

    def _list_segments(self) -> list[_Sealed]:
        """Return the segments, the oldest first."""
        if not self._segments.is_dir():
            return []
        found = [segment for path in self._segments.iterdir() if (segment := _sealed_of(path)) is not None]
        return sorted(found, key=lambda segment: (segment.seqs.stream, segment.seqs.first, segment.name))

    def _keep_segment(self, seqs: SeqRange, data: bytes, receipt_key: str) -> _Sealed:
        name = name_segment(data)
        path = self._segments / f"{seqs.stream}.{seqs.first}-{seqs.last}.{name}.{receipt_key}"
        write_durably(path, data, mode=0o600)
        return _Sealed(path, seqs, name, receipt_key)

    def _clear_leftovers(self) -> None:
        self._segments.mkdir(exist_ok=True)
        for path in self._segments.iterdir():
            if _sealed_of(path) is None:
                path.unlink()

    def _journal_bytes(self) -> int:
        return self._journal.stat().st_size if self._journal.exists() else 0

    def _read_lines(self, start: int = 0) -> list[bytes]:
        """Return the events of the journal, or of its end; what a power cut tore or zeroed is passed over."""
        try:
            with self._journal.open("rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return []
        return [line for found in data.split(b"\n") if (line := _checked(found)) is not None]

    def _append_lines(self, lines: Sequence[bytes]) -> None:
        text = b"".join(map(_framed, lines))
        is_new = not self._journal.exists()
        descriptor = os.open(self._journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                text = b"\n" + text  # after a torn line
            while text:
                text = text[file.write(text) :]
            os.fsync(descriptor)
        if is_new:
            fsync_dir(self.paths.outbox)

    def _write_journal(self, lines: Sequence[bytes]) -> None:
        write_durably(self._journal, b"".join(map(_framed, lines)), mode=0o600)

    def _thin(self) -> list[Body]:
        """Where the journal is too large, throw its oldest events away; return the event that says so."""
        if self._journal_bytes() <= MAX_JOURNAL_BYTES:
            return []
        thinned = thin(self._read_lines(), max_bytes=int(MAX_JOURNAL_BYTES * _THINNED_TO))
        self._write_journal(thinned.lines)
        return [thinned.to_body()] if thinned.dropped else []

    def _read_state(self) -> _State:
        try:
            lines = (self.paths.outbox / "state").read_bytes().splitlines()
        except FileNotFoundError:
            return _State()
        if len(lines) != 2 or lines[0] != lines[1]:
            return _State()  # a new stream begins: numbers must not be given twice
        try:
            return _State(**json.loads(lines[0]))
        except (ValueError, TypeError):
            return _State()

    def _write_state(self, state: _State) -> None:
        line = json.dumps(asdict(state)).encode() + b"\n"
        write_durably(self.paths.outbox / "state", line * 2, mode=0o600)


class _Working(AbstractContextManager[None]):
    """Holds the outbox's lock, and says what an error of the disk means."""

    def __init__(self, paths: HubPaths, doing: str) -> None:
        self._paths, self._doing = paths, doing
        self._lock = locked(paths.lock("outbox"), doing=doing, wait=True)

    def __enter__(self) -> None:
        try:
            self._lock.__enter__()
            if not self._paths.outbox.is_dir():
                self._paths.outbox.mkdir(mode=0o700)
                fsync_dir(self._paths.dir)
        except OSError as error:
            raise local_error(error, self._doing) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._lock.__exit__(None, None, None)
        if isinstance(error, OSError):
            raise local_error(error, self._doing) from error


def _list_groups(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield what belongs into one segment each: events of one stream, in order, not too many."""
    numbered = [line for line in lines if _place_of(line) is not None]
    for _, found in groupby(numbered, key=lambda line: (_place_of(line) or ("", 0))[0]):
        yield from group_lines(found)


def _seqs_of(group: Sequence[bytes], held: Iterable[SeqRange]) -> SeqRange:
    """Return what a segment of these events stands for, where the hub still holds those segments."""
    places = [place for line in group if (place := _place_of(line)) is not None]
    stream = places[0][0]
    first, last = min(seq for _, seq in places), max(seq for _, seq in places)
    before = [seqs.last for seqs in held if seqs.stream == stream and seqs.last < first]
    return SeqRange(stream, max(before, default=-1) + 1, last)


def _place_of(line: bytes) -> tuple[str, int] | None:
    """Return the stream and the number of an event; None for a line that cannot be one."""
    values = read_line(line)
    stream, seq = values.get("stream"), values.get("seq")
    return (stream, seq) if isinstance(stream, str) and isinstance(seq, int) else None


def _sealed_of(path: Path) -> _Sealed | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    return _Sealed(path, SeqRange(match[1], int(match[2]), int(match[3])), match[4], match[5])


def _receipt_key_of(stream: str, state: _State, held: Iterable[_Sealed]) -> str:
    """Return the receipt key of a stream; of one whose state was lost, that of a segment, or a new one."""
    known = [each.receipt_key for each in held if each.seqs.stream == stream]
    if stream == state.stream:
        known.insert(0, state.receipt_key)
    return next(filter(None, known), None) or make_receipt_key()


def _read_segment(segment: _Sealed) -> bytes | None:
    """Return a segment; one that the disk has spoilt goes away, since nobody could read it."""
    data = segment.path.read_bytes()
    if name_segment(data) == segment.name:
        return data
    segment.path.unlink()
    return None


def _framed(line: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(line), line)


def _checked(framed: bytes) -> bytes | None:
    digits, line = framed[:_CRC_DIGITS], framed[_CRC_DIGITS + 1 :]
    return line if line and digits == b"%08x" % zlib.crc32(line) else None


def _is_recent(sent_at: str | None, now: datetime) -> bool:
    """Whether it was sent a short time ago; a time that cannot be counts as never, clocks jump."""
    try:
        passed = now - datetime.fromisoformat(sent_at or "")
    except (ValueError, TypeError):
        return False
    return timedelta(0) <= passed < RESEND_AFTER
