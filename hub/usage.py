"""How often packs are opened, by day: a number for each pack, and nothing of who opened it.

    usage/2026-11-28.json    {"maths": 12, …}: one file a day, until the office is told

The portal counts in its memory and adds to the file of the day every five minutes in which something was
opened, so a power cut costs these at most, and a card some hundred small writes on a busy day. No address, no
cookie, no account, no page and no hour goes into it. The sync tells the office of the days that are over, in
whole fives: what one learner did alone is in no report. What is left over is counted to a later day.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from content_packs.depot import is_pack_id
from content_packs.durable import locked, write_durably
from content_packs.errors import local_error
from hub.events import UsageBody
from hub.settings import HubPaths

EVERY_S = 300.0
ROUND_TO = 5
_MAX_DAYS = 400  # that wait to be told; then the oldest go
_MAX_COUNT = 10**9
_LOCK = "usage"
Days = Mapping[str, Mapping[str, int]]  # a day as 2026-11-28 → pack id → how often


class Usage:
    """Counts in the portal's process; any thread may count."""

    def __init__(self, paths: HubPaths, now: Callable[[], datetime]) -> None:
        self._paths, self._now = paths, now
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._saved_s = time.monotonic()

    def count(self, pack_id: str) -> None:
        """Count that somebody opened something of a pack."""
        with self._lock:
            self._counts[pack_id] += 1

    def save_when_due(self) -> None:
        """Keep what was counted, where it is time; raises LocalError."""
        if time.monotonic() - self._saved_s >= EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep what was counted.

        Raises:
            LocalError: the disk refuses; it is counted on.
        """
        self._saved_s = time.monotonic()
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            _add(self._paths, _name(self._now()), counts)
        except OSError as error:
            with self._lock:
                self._counts.update(counts)
            raise local_error(error, "counting what is opened") from error


def _add(paths: HubPaths, day: str, counts: Mapping[str, int]) -> None:
    with locked(paths.lock(_LOCK), doing="counting what is opened", wait=True):
        path = _path(paths, day)
        data = Counter(_read(path))
        data.update(counts)
        write_durably(path, json.dumps(data, sort_keys=True).encode())
        for old in _list_files(paths)[:-_MAX_DAYS]:
            old.unlink()


def read_finished(paths: HubPaths, *, now: datetime) -> Days:
    """Return what was counted on other days than this one, the earliest first; of damaged files nothing."""
    return {path.stem: _read(path) for path in _list_files(paths) if path.stem != _name(now)}


def forget(paths: HubPaths, days: Collection[str]) -> None:
    """Forget days that were told; raises OSError."""
    if not days:
        return
    with locked(paths.lock(_LOCK), doing="forgetting what was told", wait=True):
        for day in days:
            _path(paths, day).unlink(missing_ok=True)


def to_bodies(days: Days, rest: Mapping[str, int]) -> tuple[list[UsageBody], dict[str, int]]:
    """Return what to tell of these days, and what is left over for later ones. Pure."""
    left = Counter(rest)
    bodies = []
    for day, counts in days.items():
        left.update(counts)
        opens = {pack_id: count - count % ROUND_TO for pack_id, count in left.items() if count >= ROUND_TO}
        if opens:
            bodies.append(UsageBody(day, dict(sorted(opens.items()))))
            left.subtract(opens)
    return bodies, {pack_id: count for pack_id, count in left.items() if count}


def _name(now: datetime) -> str:
    return now.date().isoformat()


def _path(paths: HubPaths, day: str) -> Path:
    return paths.usage / f"{day}.json"


def _list_files(paths: HubPaths) -> list[Path]:
    try:
        found = [path for path in paths.usage.iterdir() if path.suffix == ".json" and _is_day(path.stem)]
    except FileNotFoundError:
        return []
    return sorted(found)


def _is_day(text: str) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() == text
    return False


def _read(path: Path) -> dict[str, int]:
    """Return what a file counts; of a damaged one nothing."""
    try:
        values = json.loads(path.read_bytes())
        return {name: n for name, n in values.items() if is_pack_id(name) and 0 <= int(n) <= _MAX_COUNT}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}
