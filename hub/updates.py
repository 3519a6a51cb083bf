"""What became of updates of the hub itself, as root tells it: updates.json in the hub's folder.

Written by `hub card update` and `hub card health` on a card, and only told: nothing is decided by it.

    format   1
    image    version of the image that runs
    items    the last one of each kind: kind, pack_id, version, name, state, before, why, at
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from content_packs.durable import write_durably
from content_packs.owner import read_plain
from hub.settings import HubPaths

FORMAT = 1
KINDS = ("software", "image")  # of packs that change the hub itself
State = Literal["refused", "writing", "waiting", "trying", "good", "failed"]
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Update:
    """One update: a pack's version, and what became of it. `why` is English, for the technician."""

    kind: str  # "software" or "image"
    pack_id: str
    version: int
    name: str  # the version for people
    state: State
    before: str = ""  # the name of what ran before it
    why: str = ""
    at: str = ""  # since when it is so, ISO 8601

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Update":
        """Return what `asdict` said; ValueError where it is something else."""
        texts = {name: values.get(name, "") for name in cls.__slots__ if name != "version"}
        version = values.get("version")
        if not all(isinstance(text, str) and len(text) <= _MAX_TEXT for text in texts.values()):
            raise ValueError("an update: expected texts")
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            raise ValueError(f"an update: version: expected a number, got {version!r:.40}")
        if texts["state"] not in get_args(State):
            raise ValueError(f"an update: state: expected one of {get_args(State)}, got {texts['state']!r}")
        return cls(**texts, version=version)


@dataclass(frozen=True, slots=True)
class Updates:
    """Everything that is told."""

    image: str = ""
    items: tuple[Update, ...] = ()

    def find(self, kind: str) -> Update | None:
        """Return the last update of a kind."""
        return next((item for item in self.items if item.kind == kind), None)

    def with_item(self, item: Update) -> "Updates":
        """Return the same with another last update of its kind."""
        others = tuple(other for other in self.items if other.kind != item.kind)
        return Updates(self.image, tuple(sorted((*others, item), key=lambda one: one.kind)))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"format": FORMAT, "image": self.image, "items": [asdict(item) for item in self.items]}


def read_updates(paths: HubPaths) -> Updates | None:
    """Return what root told last; None on a hub that is no card, or before anything was told."""
    return read_updates_file(paths.updates)


def read_updates_file(path: Path) -> Updates | None:
    """Return what a file tells; None where there is none, or none that can be read."""
    try:
        values = json.loads(read_plain(path))
        return Updates(str(values["image"]), tuple(Update.from_dict(item) for item in values["items"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_updates_file(path: Path, updates: Updates, *, mode: int = 0o644) -> None:
    """Tell it; where the file says so already, nothing is written: a card wears.

    Raises:
        OSError: the disk refuses.
    """
    if read_updates_file(path) != updates:
        write_durably(path, json.dumps(updates.to_dict(), ensure_ascii=False).encode(), mode=mode)
