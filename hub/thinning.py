"""What of the outbox's journal is thrown away where it grew too large. Pure rules, over lines of JSON.

Lines are read loosely: one of another release of this program is still a line with a kind.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.events import DroppedBody

_ANEW = ("health", "packs")  # what later events say anew


@dataclass(slots=True)
class Thinned:
    """What stays, in order, and the counts of what does not."""

    lines: list[bytes]
    dropped: Counter[str] = field(default_factory=Counter)
    quiet: Counter[str] = field(default_factory=Counter)
    quiet_bytes: int = 0

    def to_body(self) -> DroppedBody:
        """Return the event that says it."""
        return DroppedBody(dict(self.dropped), dict(self.quiet), self.quiet_bytes)

    def count(self, values: Mapping[str, Any]) -> None:
        """Count an event that goes. What it counted itself stays counted."""
        kind, body = kind_of(values), values.get("body")
        body = body if isinstance(body, dict) else {}
        if kind == "dropped":
            self.dropped.update(_counts(body.get("dropped")))
        else:
            self.dropped[kind] += 1
        if kind == "sync":
            self.quiet[str(body.get("result", "unknown"))] += 1
            self.quiet_bytes += _number(body.get("received_bytes")) + _number(body.get("sent_bytes"))
        self.quiet.update(_counts(body.get("quiet")))
        self.quiet_bytes += _number(body.get("quiet_bytes"))


def thin(lines: Sequence[bytes], *, max_bytes: int) -> Thinned:
    """Return at most `max_bytes` of these lines, and what to say of the others.

    The oldest go first: of `health`, then of `packs`, which later events say anew, then of all the rest, of
    which the counts stay. The newest `health` and the newest `packs` stay in any case: they are small.
    """
    found = [read_line(line) for line in lines]
    size = sum(map(len, lines))
    kept = [True] * len(lines)
    thinned = Thinned([])
    for number in _list_droppable([kind_of(values) for values in found]):
        if size <= max_bytes:
            break
        kept[number] = False
        size -= len(lines[number])
        thinned.count(found[number])
    thinned.lines = [line for line, stays in zip(lines, kept, strict=True) if stays]
    return thinned


def _list_droppable(kinds: Sequence[str]) -> list[int]:
    """Return what may go, first what is missed least: what only counts goes into the new counts."""
    places = {kind: [n for n, found in enumerate(kinds) if found == kind] for kind in ("dropped", *_ANEW)}
    anew = [number for kind in _ANEW for number in places[kind][:-1]]
    return places["dropped"] + anew + [n for n, kind in enumerate(kinds) if kind not in places]


def read_line(line: bytes) -> Mapping[str, Any]:
    """Return the members of a line; none where it has none."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def kind_of(values: Mapping[str, Any]) -> str:
    """Return the kind of a line."""
    kind = values.get("kind")
    return kind if isinstance(kind, str) and kind else "unknown"


def _counts(value: object) -> dict[str, int]:
    return {str(key): _number(n) for key, n in value.items()} if isinstance(value, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
