"""The heads in the depot: for each enrolled hub one file with all metadata that it needs now, and its news.

A head is written anew only when something in it means something new to its hub. So a hub that no change
touches finds nothing new, and a change for one school writes the files of that school alone.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from content_packs import depot
from content_packs.depot import SIGNED_AT
from content_packs.durable import write_together
from content_packs.errors import BadDataError
from content_packs.head import head_text, pack_text, state_of, unpack_text
from content_packs.news import MAX_STEPS, NewsStep, decode_news, encode_news, make_step
from provisioning.central import roles
from provisioning.central.fleet import Fleet, Head
from provisioning.central.metadata import Current
from provisioning.central.wanted import Wanted

# A hub's clock is never earlier than its newest head was signed, and its roles must not seem expired.
MAX_AGE = timedelta(days=30)


def list_head_files(current: Current, hub_id: str, packs: Mapping[str, int]) -> list[str]:
    """Return the names of the metadata files that a hub with these packs needs."""
    bins = {roles.find_bin(current.targets, path) for path in _paths(hub_id, packs)}
    needed = [Timestamp.type, Snapshot.type, Targets.type, *roles.BIN_OWNERS, *sorted(bins)]
    if current.root.version > 1:
        needed.insert(0, Root.type)  # the newest one; a hub reads those between from tuf/
    return [current.name_of(role) for role in needed]


def _paths(hub_id: str, packs: Mapping[str, int]) -> list[str]:
    return [depot.assignment_target(hub_id), *(depot.index_path(*pack) for pack in packs.items())]


def _text(current: Current, hub_id: str, packs: Mapping[str, int]) -> bytes:
    return head_text({name: current.files[name] for name in list_head_files(current, hub_id, packs)})


class _Meanings:
    """Digests of all that metadata tell a hub; what they tell others does not change one."""

    def __init__(self, current: Current) -> None:
        self._current = current
        versions = [current.name_of(role) for role in (Root.type, Targets.type, *roles.BIN_OWNERS)]
        self._versions = json.dumps(versions)
        self._said: dict[str, str] = {}  # by path: the hubs of a fleet share most of their packs

    def digest(self, hub_id: str, packs: Mapping[str, int]) -> str:
        """Return the digest for a hub with these packs."""
        said = [self._versions, *(self._say(path) for path in _paths(hub_id, packs))]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def _say(self, path: str) -> str:
        if path not in self._said:
            role = roles.find_bin(self._current.targets, path)
            target = self._current.targets[role].targets[path].to_dict()
            self._said[path] = json.dumps([path, target], sort_keys=True)
        return self._said[path]


def write_heads(folder: Path, fleet: Fleet, current: Current, wanted: Wanted) -> None:
    """Bring every head and its news up to date; remove those of hubs that are not enrolled.

    `folder` is the depot. What is there counts only as it was written from here: anything else is damaged,
    or was put there by somebody else, and is replaced.
    """
    _remove_strangers(folder, wanted)
    known = {head.hub_id: head for head in fleet.list_heads() if head.hub_id in wanted.by_hub}
    signed_at = str(current.timestamp.unrecognized_fields[SIGNED_AT])
    meanings, packing = _Meanings(current), _Packing()
    changed: dict[str, _NewHead] = {}
    for hub_id, packs in wanted.by_hub.items():
        meaning, before = meanings.digest(hub_id, packs), known.get(hub_id)
        if not _is_fine(folder, before, meaning, signed_at):
            head = packing.pack(_text(current, hub_id, packs))
            row = Head(hub_id, _sha256(head.packed), head.state, meaning, signed_at)
            changed[hub_id] = _NewHead(row, head.packed, _make_news(folder, before, hub_id, head, packing))
    # In this order: whoever is led to the new head finds its news, and is never sent back to the old one.
    write_together({folder / path: data for new in changed.values() for path, data in new.news.items()})
    write_together({folder / depot.head_path(hub_id): new.packed for hub_id, new in changed.items()})
    for hub_id, new in changed.items():
        _remove_outdated(folder / depot.news_dir(hub_id), {Path(path).name for path in new.news})
    fleet.replace_heads([*{**known, **{hub_id: new.row for hub_id, new in changed.items()}}.values()])


@dataclass(frozen=True, slots=True)
class _NewHead:
    row: Head
    packed: bytes
    news: Mapping[str, bytes]  # path in the depot → content


def _remove_strangers(folder: Path, wanted: Wanted) -> None:
    heads, news = folder / depot.HEADS, folder / depot.NEWS
    heads.mkdir(exist_ok=True)
    news.mkdir(exist_ok=True)
    for path in (*heads.iterdir(), *news.iterdir()):
        if path.name not in wanted.by_hub:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _remove_outdated(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in keep:
            path.unlink()


def _is_fine(folder: Path, head: Head | None, meaning: str, signed_at: str) -> bool:
    """Tell whether what lies in the depot is what was written there, and still says all to its hub."""
    if head is None or head.meaning != meaning:
        return False
    if datetime.fromisoformat(signed_at) - datetime.fromisoformat(head.signed_at) >= MAX_AGE:
        return False
    news = _read(folder / depot.news_path(head.hub_id, head.state))
    return news == encode_news([]) and _sha256(_read(folder / depot.head_path(head.hub_id))) == head.sha256


def _make_news(
    folder: Path, before: Head | None, hub_id: str, head: "_Packed", packing: "_Packing"
) -> dict[str, bytes]:
    """Return the news of every state from which there is a way to this head, its own among them."""
    files = {depot.news_path(hub_id, head.state): encode_news([])}
    old = _read(folder / depot.head_path(hub_id))
    if before is None or _sha256(old) != before.sha256:
        return files  # nobody knows what the news that lie there lead to
    steps = [] if head.state == before.state else [packing.step(before.state, old, head)]
    for path in (folder / depot.news_dir(hub_id)).glob("[0-9a-f]*"):
        longer = _lengthen(path, before.state, head.state, steps)
        if longer is not None and len(longer) < len(head.packed):
            files[depot.news_path(hub_id, path.name)] = longer
    return files


def _lengthen(path: Path, old: str, new: str, steps: Sequence[NewsStep]) -> bytes | None:
    """Return the news in a file, made to lead to the state `new`; None where they cannot, or are too many."""
    data = path.read_bytes()
    try:
        present = decode_news(data)
    except BadDataError:
        return None
    end = present[-1].to_state if present else path.name
    if end == new:
        return data  # a crash came just after it was written
    longer = [*present, *steps]
    return encode_news(longer) if end == old and len(longer) <= MAX_STEPS else None


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class _Packed:
    """A head's text, its name, and what lies in the depot."""

    state: str
    text: bytes
    packed: bytes


class _Packing:
    """Packs each text once: hubs of one bin with the same packs have the same head.

    It keeps what was packed, not the texts, which are ten times as large: 200 MB for 2000 hubs.
    """

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        self._steps: dict[tuple[str, str], NewsStep] = {}

    def pack(self, text: bytes) -> _Packed:
        """Return a head."""
        state = state_of(text)
        if state not in self._packed:
            self._packed[state] = pack_text(text)
        return _Packed(state, text, self._packed[state])

    def step(self, state: str, old: bytes, new: _Packed) -> NewsStep:
        """Return the step from the head in the file `old`, of this state, to a new one."""
        if (state, new.state) not in self._steps:
            self._steps[state, new.state] = make_step(unpack_text(old), new.text)
        return self._steps[state, new.state]
