"""The signed metadata in depot/tuf: read and verified, brought up to date, written so that readers see
the old state or the new. `timestamp.json` alone decides which versions count; whatever lies beyond it was
left by a crash and is written again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from content_packs import depot
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, LocalError
from provisioning.central import roles
from provisioning.central.keys import ROOT_KEYS, KeyRing

T = TypeVar("T", Root, Timestamp, Snapshot, Targets)
_COMPACT = JSONSerializer(compact=True)
_HINT = "Restore the depot's tuf folder from a backup: it was changed by something else than `central`."


@dataclass(frozen=True, slots=True)
class Current:
    """One consistent state, verified from the root down. `files` holds the bytes as they lie, by name."""

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Mapping[str, Targets]
    files: Mapping[str, bytes]

    def name_of(self, role: str) -> str:
        """Return the file name of a role's current version."""
        if role == Timestamp.type:
            return f"{role}.json"
        signed: Signed = {Root.type: self.root, Snapshot.type: self.snapshot, **self.targets}[role]
        return f"{signed.version}.{role}.json"

    def check_key(self, role: str, keys: KeyRing) -> None:
        """Raise LocalError unless our key for a role is the one that hubs know, before it signs anything."""
        above = roles.delegator_of(role)
        delegator = self.root if above == Root.type else self.targets[above]
        keyid = keys.signer(roles.key_name(role)).public_key.keyid
        if keyid not in delegator.get_delegated_role(role).keyids:
            raise LocalError(
                f"the key {roles.key_name(role)}.pem is not the one that hubs know: {keyid[:12]}…",
                hint="Put back the key that `central init` made, from its backup.",
            )


def create(folder: Path, keys: KeyRing, *, hash_bits: int, now: datetime) -> bytes:
    """Write the first version of all metadata; return the root that hubs ship with."""
    root = Metadata(roles.make_root(keys, now))
    for name in ROOT_KEYS:
        root.sign(keys.signer(name), append=True)
    root_bytes = root.to_bytes(_COMPACT)
    write_durably(folder / "1.root.json", root_bytes)
    targets = roles.make_targets(keys, hash_bits, now)
    snapshot = roles.make_snapshot(1, targets, now)
    _write(folder, keys, targets, snapshot, roles.make_timestamp(1, snapshot, now))
    return root_bytes


def update(
    folder: Path,
    keys: KeyRing,
    root_bytes: bytes,
    wanted: Iterable[TargetFile],
    *,
    host_keys: Sequence[str] = (),
    now: datetime,
) -> Current:
    """Make the metadata say just `wanted`; what says so already is signed again only when it is due.

    `host_keys` are those of the depot; the offline key `targets` signs them, and they wait until it is here.

    Raises:
        BadDataError: the present metadata is damaged or not ours.
        LocalError: a key that is needed is not here, or is another one; nothing was written.
    """
    current = read_current(folder, root_bytes)
    of_office = _of_office(current, keys, host_keys)
    bins = {Targets.type: of_office} | roles.sort_into_bins(current.targets, wanted)
    renewed = {
        role: roles.next_version(role, signed, bins.get(role, {}), now)
        for role, signed in current.targets.items()
        if bins.get(role, {}) != signed.targets or _is_renewable(role, signed, keys, now)
    }
    targets = {**current.targets, **renewed}
    snapshot, timestamp = current.snapshot, current.timestamp
    new_snapshot = bool(renewed) or roles.is_due(Snapshot.type, snapshot, now)
    if new_snapshot:
        snapshot = roles.make_snapshot(snapshot.version + 1, targets, now)
    if not new_snapshot and not roles.is_due(Timestamp.type, timestamp, now):
        return current
    timestamp = roles.make_timestamp(timestamp.version + 1, snapshot, now)
    for role in (*renewed, Snapshot.type, Timestamp.type):
        current.check_key(role, keys)
    _write(folder, keys, renewed, snapshot if new_snapshot else None, timestamp)
    return read_current(folder, root_bytes)


def _of_office(current: Current, keys: KeyRing, host_keys: Sequence[str]) -> dict[str, TargetFile]:
    """Return the targets of the role `targets`: what hubs must know of the office."""
    signed = dict(current.targets[Targets.type].targets)
    office = signed.get(depot.OFFICE_TARGET)
    if office is not None and keys.has(Targets.type):
        signed[depot.OFFICE_TARGET] = roles.with_host_keys(office, host_keys)
    return signed


def list_signed_host_keys(current: Current) -> tuple[str, ...]:
    """Return the host keys of the depot that hubs are told now."""
    office = current.targets[Targets.type].targets.get(depot.OFFICE_TARGET)
    return tuple((office.custom or {}).get("host_keys", ())) if office is not None else ()


def _is_renewable(role: str, signed: Targets, keys: KeyRing, now: datetime) -> bool:
    return roles.is_due(role, signed, now) and keys.has(roles.key_name(role))


def _write(
    folder: Path,
    keys: KeyRing,
    targets: Mapping[str, Targets],
    snapshot: Snapshot | None,
    timestamp: Timestamp,
) -> None:
    """Sign everything, then write it: the timestamp last, so that a reader follows it to what is there."""
    files = {f"{signed.version}.{role}.json": _sign(keys, role, signed) for role, signed in targets.items()}
    if snapshot is not None:
        files[f"{snapshot.version}.{Snapshot.type}.json"] = _sign(keys, Snapshot.type, snapshot)
    files[f"{Timestamp.type}.json"] = _sign(keys, Timestamp.type, timestamp)
    for name, data in files.items():
        write_durably(folder / name, data)


def _sign(keys: KeyRing, role: str, signed: T) -> bytes:
    metadata = Metadata(signed)
    metadata.sign(keys.signer(roles.key_name(role)))
    return metadata.to_bytes(_COMPACT)


def read_current(folder: Path, root_bytes: bytes) -> Current:
    """Read the state that `timestamp.json` names, every signature checked: this folder is dumb storage.

    Raises:
        BadDataError: a file is missing, damaged, or not signed by our keys.
    """
    reader = _Reader(folder, {})
    try:
        root = reader.read_root(root_bytes)
        timestamp = reader.read(Timestamp, f"{Timestamp.type}.json", root)
        snapshot = reader.read(Snapshot, f"{timestamp.snapshot_meta.version}.{Snapshot.type}.json", root)
        targets = reader.read_targets(root, snapshot)
    except RepositoryError as error:
        raise BadDataError(f"{folder}: {error}", hint=_HINT) from error
    except FileNotFoundError as error:
        raise BadDataError(f"{error.filename}: is missing", hint=_HINT) from error
    return Current(root, timestamp, snapshot, targets, reader.files)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files of one folder, checks who signed them, and keeps their bytes."""

    folder: Path
    files: dict[str, bytes]

    def read_root(self, root_bytes: bytes) -> Root:
        """Walk from the first root to the newest."""
        root = Metadata[Root].from_bytes(root_bytes).signed
        for version in count(root.version + 1):
            name = f"{version}.{Root.type}.json"
            if not (self.folder / name).exists():
                break
            newer = self.read(Root, name, root)
            itself = Metadata[Root].from_bytes(self.files[name])
            newer.verify_delegate(Root.type, itself.signed_bytes, itself.signatures)
            root = newer
        return root

    def read(self, kind: type[T], name: str, delegator: Root | Targets, role: str | None = None) -> T:
        data = (self.folder / name).read_bytes()
        metadata = Metadata[T].from_bytes(data)
        if not isinstance(metadata.signed, kind):
            raise RepositoryError(f"{name}: expected {kind.type}, got {metadata.signed.type}")
        delegator.verify_delegate(role or kind.type, metadata.signed_bytes, metadata.signatures)
        self.files[name] = data
        return metadata.signed

    def read_targets(self, root: Root, snapshot: Snapshot) -> dict[str, Targets]:
        targets = {Targets.type: self._read_targets(Targets.type, root, snapshot)}
        for owner in roles.BIN_OWNERS:
            targets[owner] = self._read_targets(owner, targets[Targets.type], snapshot)
            for name in roles.succinct(targets[owner]).get_roles():
                targets[name] = self._read_targets(name, targets[owner], snapshot)
        return targets

    def _read_targets(self, role: str, delegator: Root | Targets, snapshot: Snapshot) -> Targets:
        if f"{role}.json" not in snapshot.meta:
            raise RepositoryError(f"the snapshot does not name {role}")
        version = snapshot.meta[f"{role}.json"].version
        signed = self.read(Targets, f"{version}.{role}.json", delegator, role)
        if signed.version != version:
            raise RepositoryError(f"{role}: expected version {version}, got {signed.version}")
        return signed
