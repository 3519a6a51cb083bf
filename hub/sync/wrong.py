"""What came wrong from a depot, and when it is worth asking for it again.

Without this a hub would fetch the same bad bytes at every sync, on a link that is paid by the byte.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from content_packs.durable import write_durably

FILE = ".wrong.json"  # in the store
_TRIES_AT_ONCE = 3  # somebody may be repairing the depot just now
_FIRST_WAIT = timedelta(days=1)
_LONGEST_WAIT = timedelta(days=32)
_MOST = 5000  # names that are remembered


def next_try(times: int, now: datetime) -> datetime:
    """Return when bytes that came wrong so many times may be asked for again."""
    if times < _TRIES_AT_ONCE:
        return now
    doublings = min(times - _TRIES_AT_ONCE, 10)
    return now + min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


@dataclass(slots=True)
class WrongBytes:
    """What is remembered of one depot in one state, beside what is remembered of others.

    `state` names the depot and when its metadata was signed: another state is worth new tries. What a stick
    lacks says nothing of the depot, and what was wrong before the office published again may be right now.
    """

    path: Path | None  # None: only as long as this object lives
    state: str
    now: datetime
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def until(self, name: str) -> datetime | None:
        """Return when these bytes may be asked for again; None where they may be now."""
        entry = self._known.get(name)
        if entry is None or entry["state"] != self.state:
            return None
        noted, until = datetime.fromisoformat(entry["noted"]), datetime.fromisoformat(entry["until"])
        return until if noted <= self.now < until else None

    def is_barred(self, name: str) -> bool:
        """Whether these bytes are not to be asked for now."""
        return self.until(name) is not None

    def note(self, *names: str) -> None:
        """Remember that these bytes came wrong; they get some tries at once.

        Raises:
            OSError: the disk refuses.
        """
        self._note_all(names, 1)

    def bar(self, *names: str) -> None:
        """Remember that these bytes are of no use here, where there is another way to what they make.

        Raises:
            OSError: the disk refuses.
        """
        self._note_all(names, _TRIES_AT_ONCE)

    def note_silence(self, name: str) -> None:
        """Remember that the depot answered, but gave no byte of this; bar it when it was so before.

        Raises:
            OSError: the disk refuses.
        """
        before = self._known.pop(_silence_of(name), None)
        if before is not None and before["state"] == self.state:
            self.bar(name)
        else:
            self.note(_silence_of(name))

    def forget_silence(self, name: str) -> None:
        """Remember that bytes of this came: a silence before was the link's.

        Raises:
            OSError: the disk refuses.
        """
        if self._known.pop(_silence_of(name), None) is not None:
            self._write()

    def _note_all(self, names: Iterable[str], least_times: int) -> None:
        """Write once, however many they are."""
        for name in (found := list(names)):
            self._note(name, least_times)
        if found:
            self._write()

    def _note(self, name: str, least_times: int) -> None:
        before = self._known.get(name, {})
        times = max(least_times, (before["times"] if before.get("state") == self.state else 0) + 1)
        self._known[name] = {
            "state": self.state,
            "times": times,
            "noted": self.now.isoformat(),
            "until": next_try(times, self.now).isoformat(),
        }

    def _write(self) -> None:
        if self.path is not None:
            kept = dict(list(self._known.items())[-_MOST:])
            write_durably(self.path, json.dumps({"format": 1, "wrong": kept}).encode())


def _silence_of(name: str) -> str:
    return f"silent {name}"


def open_wrong(folder: Path, state: str, *, now: datetime) -> WrongBytes:
    """Return what the store in `folder` remembers; a damaged note is an empty one."""
    return WrongBytes(folder / FILE, state, now, _read(folder / FILE))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        values = json.loads(path.read_bytes())["wrong"]
        for entry in values.values():
            if not (isinstance(entry["times"], int) and isinstance(entry["state"], str)):
                return {}
            for name in ("noted", "until"):
                if datetime.fromisoformat(entry[name]).tzinfo is None:
                    return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return dict(values)
