"""What a hub tells the office: immutable events, without I/O. Nothing in them is about a learner.

What leaves the school: docs/howto/privacy.en.md. A new kind of event is a dataclass and a line of KINDS.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, get_type_hints

from content_packs.errors import BadDataError
from content_packs.segment import MAX_LINE_BYTES, MAX_NUMBER, STREAM

_MAX_TEXT = 2000  # characters: an error's message
_MAX_ENTRIES = 10_000  # as many as packs in an assignment
_KIND = re.compile(r"[a-z][a-z-]{0,30}")
_BOOT_ID = re.compile(r"[0-9a-f-]{1,36}")


class Body(Protocol):
    """What an event of one kind says."""

    KIND: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SyncBody:
    """How a sync ended, and in `quiet` how many ended since the last report without anything to tell."""

    KIND: ClassVar[str] = "sync"
    started_at: str
    finished_at: str
    road: str  # "uplink", "folder", "other-depot" or "stick"
    result: str  # "ok" or an error's code
    message: str
    received_bytes: int
    sent_bytes: int
    seconds: int
    done: list[str]  # "install maths@3"
    failed: dict[str, str]  # "maths@3" → an error's code
    quiet: dict[str, int] = field(default_factory=dict)  # result → how many syncs
    quiet_bytes: int = 0  # both ways, of the quiet ones


@dataclass(frozen=True, slots=True)
class PacksBody:
    """Which versions are here, shall be here, and are on their way: pack id → version.

    Where all is as it shall be, only `have` says anything: no id is told twice over a metered link.
    """

    KIND: ClassVar[str] = "packs"
    have: dict[str, int]  # what learners see
    want: dict[str, int]  # what the office assigned, where that is another version; 0: nothing
    fetching: dict[str, int]
    needs_space: dict[str, int]
    kept: dict[str, list[int]]  # versions that are whole on the disk and that no learner sees


@dataclass(frozen=True, slots=True)
class HealthBody:
    """How the machine is."""

    KIND: ClassVar[str] = "health"
    free_bytes: int
    total_bytes: int
    uptime_s: int
    clock: str  # what the system's clock says, ISO 8601
    floor: str  # the earliest time that it can be
    software: str
    boots: int  # starts of the machine that saw a sync
    temperature_c: float | None = None
    throttled: str | None = None  # the Raspberry Pi's own word for too hot, or too little power
    card_errors: int | None = None  # of the file system of the hub's disk, in its life
    card_written_bytes: int | None = None  # to it, in its life
    findings: dict[str, str] = field(default_factory=dict)  # code of a check of the status → level, the worst


@dataclass(frozen=True, slots=True)
class UsageBody:
    """How often pages and files of packs were opened on one day: in whole fives, the rest on a later day.

    Counted without anything of who opened them: hub/usage.py.
    """

    KIND: ClassVar[str] = "usage"
    day: str  # by the hub's clock, ISO 8601
    opens: dict[str, int]  # pack id → how often


@dataclass(frozen=True, slots=True)
class DroppedBody:
    """What had to be thrown away unsent, for want of room: kind → how many events.

    Of the syncs among them it keeps what they have in common with quiet ones: how they ended, and bytes.
    """

    KIND: ClassVar[str] = "dropped"
    dropped: dict[str, int]
    quiet: dict[str, int] = field(default_factory=dict)  # result → how many syncs
    quiet_bytes: int = 0  # both ways


@dataclass(frozen=True, slots=True)
class UpdateBody:
    """What became of updates of the hub itself: the last one of each kind."""

    KIND: ClassVar[str] = "update"
    image: str  # the version of the image that runs; empty: no card
    states: dict[str, str]  # "hub-software@7" → "good", "failed", "waiting" …: hub/updates.py
    reasons: dict[str, str]  # why one did not work or is not used


@dataclass(frozen=True, slots=True)
class AppealBody:
    """Which blocked sites somebody asks the office to open, since the report before."""

    KIND: ClassVar[str] = "appeal"
    number: int  # of such a report of this hub
    filter: str  # "filter-primary@7"
    asked: dict[str, int]  # name → how often
    category: dict[str, str]  # name → why it is blocked
    reason: dict[str, str]  # name → what for, where somebody said so


KINDS: Mapping[str, type[Body]] = MappingProxyType(
    {
        body.KIND: body
        for body in (SyncBody, PacksBody, HealthBody, UsageBody, DroppedBody, UpdateBody, AppealBody)
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `(stream, seq)` names it for ever within its hub; seq only grows."""

    stream: str  # made once for an outbox: the time by the hub's clock, a random part
    seq: int
    boot_id: str
    at: str  # by the hub's clock, ISO 8601
    kind: str
    body: Mapping[str, Any]


def encode_event(event: Event) -> bytes:
    """Return an event as one line of JSON, without the line feed.

    Raises:
        BadDataError: it is larger than a line may be.
    """
    line = json.dumps(asdict(event), ensure_ascii=False, separators=(",", ":")).encode()
    if len(line) > MAX_LINE_BYTES:
        raise BadDataError(f"event {event.kind}: expected at most {MAX_LINE_BYTES} bytes, got {len(line)}")
    return line


def body_of(body: Body) -> dict[str, Any]:
    """Return what an event of this kind carries; texts are cut, and in one line."""
    return {key: _one_line(v) if isinstance(v, str) else v for key, v in asdict(body).items()}


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:_MAX_TEXT])


def decode_event(line: bytes) -> Event:
    """Return the event in a line that may come from anybody.

    Members and kinds that are not known are kept as they are: hubs may be newer than the office.

    Raises:
        BadDataError: names the member, what was expected and what was found.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadDataError(f"event: expected at most {MAX_LINE_BYTES} bytes, got {len(line)}")
    try:
        values = json.loads(line, parse_constant=_refuse_constant)
        # What is kept must be writable again: no half of a surrogate pair, no 1e999, no depth beyond reason.
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"event: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadDataError(f"event: expected an object, got {type(values).__name__}")
    event = Event(
        stream=_matching(values, "stream", STREAM),
        seq=_checked(values, "seq", int, "event"),
        boot_id=_matching(values, "boot_id", _BOOT_ID),
        at=_time(values, "at"),
        kind=_matching(values, "kind", _KIND),
        body=_object(values, "body"),
    )
    _check_body(event)
    return event


def _check_body(event: Event) -> None:
    body = KINDS.get(event.kind)
    if body is None:
        return
    types = get_type_hints(body)
    for member in fields(body):
        _checked(event.body, member.name, types[member.name], f"event {event.kind}")
    if event.kind == UsageBody.KIND:
        _day(event.body["day"])


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()


def _is_number_or_none(value: object) -> bool:
    # An int beyond every float cannot be asked whether it is finite; what is kept must be writable on a page.
    return value is None or (isinstance(value, int | float) and -MAX_NUMBER <= value <= MAX_NUMBER)


def _of_list(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, list) and len(value) <= _MAX_ENTRIES and all(is_right(entry) for entry in value)
    )


def _of_dict(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, dict)
        and len(value) <= _MAX_ENTRIES
        and all(_is_text(key) and is_right(entry) for key, entry in value.items())
    )


_RULES: Mapping[object, tuple[str, Callable[[object], bool]]] = {
    int: ("a number from 0", _is_count),
    str: (f"text of at most {_MAX_TEXT} characters", _is_text),
    list[str]: ("a list of texts", _of_list(_is_text)),
    dict[str, int]: ("an object of numbers", _of_dict(_is_count)),
    dict[str, str]: ("an object of texts", _of_dict(_is_text)),
    dict[str, list[int]]: ("an object of lists of numbers", _of_dict(_of_list(_is_count))),
    int | None: ("a number from 0, or null", lambda value: value is None or _is_count(value)),
    float | None: (f"a number of at most {MAX_NUMBER}, or null", _is_number_or_none),
    str | None: ("text or null", lambda value: value is None or _is_text(value)),
}


def _checked(values: Mapping[str, Any], name: str, kind: object, where: str) -> Any:  # noqa: ANN401
    expected, is_right = _RULES[kind]
    value = values.get(name)
    if not is_right(value):
        raise BadDataError(f"{where}: {name}: expected {expected}, got {value!r:.80}")
    return value


def _matching(values: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadDataError(f"event: {name}: expected {pattern.pattern}, got {value!r:.80}")
    return value


def _time(values: Mapping[str, Any], name: str) -> str:
    text: str = _checked(values, name, str, "event")
    try:
        known = datetime.fromisoformat(text)
    except ValueError:
        known = None
    if known is None or known.tzinfo is None:
        raise BadDataError(f"event: {name}: expected a time with its offset, got {text!r:.80}")
    return text


def _day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise BadDataError(f"event usage: day: expected a day as 2026-11-28, got {text!r:.80}") from error


def _object(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    if not isinstance(value, dict):
        raise BadDataError(f"event: {name}: expected an object, got {value!r:.80}")
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
