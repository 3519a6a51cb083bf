"""Make Kolibri's channels what the installed packs say: desired state, safe to cut off at any point.

`plan_channels` decides and holds no I/O; `Channels.reconcile` acts. channels.json notes, after the last step
of each channel, which version of which pack it is at; whatever was cut off is simply planned again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from content_packs.durable import write_durably
from content_packs.errors import LocalError, ProcessDownError
from content_packs.kinds import kolibri as kind
from hub.kolibri import content_tree
from hub.kolibri.home import KolibriHome
from hub.kolibri.manage import Manage
from hub.library.installed import InstalledPack

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class InstalledChannel:
    """One channel of an installed pack."""

    id: str
    title: str
    version: int  # the channel's own, which need not be the pack's
    pack_id: str
    pack_version: int
    export_root: Path  # holds databases/ and storage/

    @property
    def stamp(self) -> str:
        """What names these bytes: a version of a pack never changes."""
        return f"{self.pack_id}@{self.pack_version}"

    @property
    def database(self) -> Path:
        """The channel's database in the pack."""
        return self.export_root / "databases" / f"{self.id}.sqlite3"


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """One channel as Kolibri has it."""

    id: str
    title: str
    version: int
    resources: int
    is_own: bool  # Kolibri has a database of its own for it, which it prefers to ours


class Verb(Enum):
    """What to do with a channel."""

    ADD = "add"
    UPGRADE = "upgrade"  # Kolibri sees by itself that the version is newer
    REPLACE = "replace"  # same or older version with other bytes: it has to forget the channel first
    REPAIR = "repair"  # links went missing
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do; `channel` is None for a removal."""

    verb: Verb
    channel_id: str
    channel: InstalledChannel | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be made right, and why. `id` is a channel's, or a pack's whose channels are unknown."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What one reconciling did."""

    done: tuple[Action, ...] = ()
    failed: tuple[Failure, ...] = ()


def plan_channels(
    installed: Iterable[InstalledChannel],
    known: Mapping[str, KnownChannel],
    stamps: Mapping[str, str],
    *,
    damaged: frozenset[str] = frozenset(),
) -> list[Action]:
    """Return what brings Kolibri to the installed packs; channels that others imported are left alone. Pure.

    `stamps` says at which pack version each channel of ours is; `damaged` channels lack files in the tree.
    """
    wanted: dict[str, InstalledChannel] = {}
    for channel in installed:
        wanted.setdefault(channel.id, channel)
    actions = [
        Action(verb, channel.id, channel)
        for channel in wanted.values()
        if (verb := _verb(channel, known.get(channel.id), stamps.get(channel.id), channel.id in damaged))
    ]
    return actions + [Action(Verb.REMOVE, gone) for gone in sorted(stamps.keys() - wanted.keys())]


def _verb(
    channel: InstalledChannel, known: KnownChannel | None, stamp: str | None, damaged: bool
) -> Verb | None:
    if known is None:
        return Verb.ADD
    if stamp == channel.stamp:
        return Verb.REPAIR if damaged else None
    # Without a stamp somebody else imported it, or we were cut off: its state is not to be trusted.
    if stamp is not None and channel.version > known.version and not known.is_own:
        return Verb.UPGRADE
    return Verb.REPLACE


def channels_of(packs: Iterable[InstalledPack]) -> list[InstalledChannel]:
    """Return the channels of the installed packs of kind kolibri; what `faults_of` names is left out."""
    found: list[InstalledChannel] = []
    for pack in _kolibri_packs(packs):
        if root := kind.find_export_root(pack.content_dir):
            found.extend(_channels_in(pack, root))
    return found


def faults_of(packs: Iterable[InstalledPack]) -> list[Failure]:
    """Return, for each pack whose channels cannot all be known, the first reason."""
    faults: list[Failure] = []
    for pack in _kolibri_packs(packs):
        reason = next(kind.check_details(pack.details), "")
        if not reason and kind.find_export_root(pack.content_dir) is None:
            reason = "it has no folder databases/"
        if reason:
            faults.append(Failure(pack.pack.id, reason))
    return faults


def _kolibri_packs(packs: Iterable[InstalledPack]) -> Iterator[InstalledPack]:
    return (pack for pack in packs if pack.pack.kind == kind.KIND.name)


def _channels_in(pack: InstalledPack, root: Path) -> Iterator[InstalledChannel]:
    for info in kind.read_channels(pack.details):
        yield InstalledChannel(
            id=info.id,
            title=info.title,
            version=info.version,
            pack_id=pack.pack.id,
            pack_version=pack.pack.version,
            export_root=root,
        )


def list_known(home: KolibriHome) -> dict[str, KnownChannel]:
    """Return Kolibri's channels by id, read from its database without a write (pinned version: 0.19.5)."""
    with closing(sqlite3.connect(f"{home.database.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        rows = connection.execute(
            "SELECT id, name, version, total_resource_count FROM content_channelmetadata"
        ).fetchall()
    return {
        identity: KnownChannel(
            id=identity,
            title=title,
            version=version,
            resources=resources or 0,
            is_own=(home.own_databases / f"{identity}.sqlite3").is_file(),
        )
        for identity, title, version, resources in rows
    }


@dataclass
class Channels:
    """Carries out the plan for one Kolibri."""

    home: KolibriHome
    manage: Manage
    stamps_path: Path
    stamps: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.stamps = _read_stamps(self.stamps_path)

    def reconcile(self, installed: list[InstalledChannel]) -> ReconcileReport:
        """Do what is needed; a channel that fails does not keep the others from theirs."""
        damaged = frozenset(channel.id for channel in installed if self._is_damaged(channel))
        done: list[Action] = []
        failed: list[Failure] = []
        for action in plan_channels(installed, list_known(self.home), self.stamps, damaged=damaged):
            try:
                self._carry_out(action)
                done.append(action)
            except LocalError as error:
                failed.append(Failure(action.channel_id, error.message))
        if done and not failed:
            self._drop_unused(installed)
        return ReconcileReport(tuple(done), tuple(failed))

    def _is_damaged(self, channel: InstalledChannel) -> bool:
        tree = self.home.content
        if not content_tree.database_place(tree, channel.id).is_file():
            return True
        return bool(content_tree.find_missing(tree, content_tree.list_stored(channel.export_root)))

    def _carry_out(self, action: Action) -> None:
        if action.verb in (Verb.REPLACE, Verb.REMOVE) and action.channel_id in list_known(self.home):
            self.manage.delete(action.channel_id)
        if action.channel is None:
            content_tree.drop_database(self.home.content, action.channel_id)
            self._note(action.channel_id, None)
        else:
            self._put(action.channel)
            self._note(action.channel_id, action.channel.stamp)

    def _put(self, channel: InstalledChannel) -> None:
        content_tree.link_stored(self.home.content, content_tree.list_stored(channel.export_root))
        content_tree.copy_database(self.home.content, channel.id, channel.database)
        self.manage.scan(channel.id)
        found = list_known(self.home).get(channel.id)
        if found is None or found.version != channel.version:
            have = "no such channel" if found is None else f"version {found.version}"
            message = f"channel {channel.title!r}: expected version {channel.version}, Kolibri has {have}"
            raise ProcessDownError(message, hint=f"See {self.manage.log_path}.")

    def _note(self, channel_id: str, stamp: str | None) -> None:
        if stamp is None:
            self.stamps.pop(channel_id, None)
        else:
            self.stamps[channel_id] = stamp
        text = json.dumps({"format": _FORMAT, "channels": self.stamps}, indent=1, sort_keys=True)
        write_durably(self.stamps_path, text.encode())

    def _drop_unused(self, installed: list[InstalledChannel]) -> None:
        keep: dict[str, Path] = {}
        for channel in installed:
            keep |= content_tree.list_stored(channel.export_root)
        content_tree.drop_stored(self.home.content, keep)


def _read_stamps(path: Path) -> dict[str, str]:
    """Return the stamps; a missing or damaged file counts as none, then every channel is made anew."""
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        return {name: str(stamp) for name, stamp in values["channels"].items() if kind.is_id(name)}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}
