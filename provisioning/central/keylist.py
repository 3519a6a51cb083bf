"""Which keys there are, where they lie, what they sign, and what a person should do about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tuf.api.metadata import Root, Signed, Snapshot, Timestamp

from content_packs import depot
from content_packs.errors import LocalError
from provisioning.central import metadata
from provisioning.central.fleet import open_fleet
from provisioning.central.keyfile import is_encrypted, read_key_file
from provisioning.central.keys import (
    OFFLINE_KEYS,
    ONLINE_KEYS,
    ROOT_KEYS,
    SEAL_KEY,
    KeyRing,
)
from provisioning.central.metadata import Current
from provisioning.central.office import Office
from provisioning.central.publishers import PublisherRow, Publishers

SOON = timedelta(days=60)
_SIGNS = {
    "targets": "who signs packs and assignments",
    "packs": "the packs",
    "assignments": "which hub shall have which packs",
    "snapshot": "which versions belong together",
    "timestamp": "that this is the newest state",
    SEAL_KEY: "nothing: it opens what hubs report",
}


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key. `is_known` None: it is not here, so nobody can tell."""

    name: str
    signs: str
    is_offline: bool
    places: tuple[Path, ...]  # that can be seen now
    is_encrypted: bool | None  # None: not here
    is_known: bool | None  # whether hubs know it by this file
    fresh_until: datetime | None  # what it signed; None: it signs nothing


@dataclass(frozen=True, slots=True)
class Advice:
    """What somebody should do about a key."""

    code: str
    name: str
    text: str
    hint: str


def list_keys(office: Office) -> list[KeyState]:
    """Return every key of the installation.

    Raises:
        BadDataError: the signed metadata are damaged.
    """
    current = metadata.read_current(office.tuf, office.root.read_bytes())
    keys = office.open_keys()
    with open_fleet(office.fleet_db) as fleet:
        publishers = Publishers(fleet).list_active()
    names = (*OFFLINE_KEYS, *(row.key_name for row in publishers), *ONLINE_KEYS, SEAL_KEY)
    return [_look_at(keys, current, name, publishers) for name in names]


def _look_at(keys: KeyRing, current: Current, name: str, publishers: Sequence[PublisherRow]) -> KeyState:
    places = tuple(keys.list_copies(name))
    path = keys.find(name)
    return KeyState(
        name,
        _what_it_signs(name, publishers),
        is_offline=name not in (*ONLINE_KEYS, SEAL_KEY),
        places=places,
        is_encrypted=None if path is None else is_encrypted(read_key_file(path)),
        is_known=None if path is None else _is_known(keys, current, name),
        fresh_until=_fresh_until(current, name),
    )


def _what_it_signs(name: str, publishers: Sequence[PublisherRow]) -> str:
    if name in ROOT_KEYS:
        return "with one other root key: which keys count"
    prefix = next((row.prefix for row in publishers if row.key_name == name), "")
    return f"packs {prefix}…" if prefix else _SIGNS[name]


def _is_known(keys: KeyRing, current: Current, name: str) -> bool:
    try:
        if name == SEAL_KEY:
            office = current.targets["targets"].targets[depot.OFFICE_TARGET]
            public = keys.read_seal_key().public_key().public_bytes_raw().hex()
            return bool(office.custom["seal_key"] == public)
        keyids = current.root.roles[Root.type].keyids if name in ROOT_KEYS else current.keyids_of(name)
        return keys.find_known(name, keyids) is not None
    except LocalError:
        return False  # damaged


def _fresh_until(current: Current, name: str) -> datetime | None:
    if name == SEAL_KEY:
        return None
    if name in ROOT_KEYS:
        return current.root.expires
    signed: dict[str, Signed] = {Snapshot.type: current.snapshot, Timestamp.type: current.timestamp}
    return {**signed, **current.targets}[name].expires


def advise(keys: Sequence[KeyState], *, now: datetime) -> Iterator[Advice]:
    """Yield what a person should do, the most important first."""
    for key in keys:
        if key.is_known is False:
            yield Advice(
                "key-unknown",
                key.name,
                f"{key.places[0] if key.places else key.name}: hubs do not know this key; "
                "it is an old copy, or of another office",
                f"Put the newest copy in its place; if there is none: central keys recover {key.name}",
            )
        if not key.is_offline and not key.places:
            yield Advice(
                "key-missing",
                key.name,
                f"{key.name}: the key is not here",
                f"Restore it from a backup of keys/online; without one: central keys recover {key.name}",
            )
    for key in keys:
        if key.is_offline and key.is_encrypted is False:
            yield Advice(
                "key-open",
                key.name,
                f"{key.places[0]}: has no passphrase: whoever copies this file can sign",
                f"Give it one: central keys passphrase {key.name}",
            )
    for key in keys:
        if key.fresh_until is not None and key.fresh_until - now < SOON:
            yield Advice(
                "key-stale",
                key.name,
                f"{key.name}: what it signed is fresh until {key.fresh_until:%Y-%m-%d}; hubs go on, and warn",
                f"Have the key here when you next publish or assign, or: central keys rotate {key.name}",
            )
