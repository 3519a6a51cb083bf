"""The signed metadata in depot/tuf: read and verified, brought up to date, written so that readers see
the old state or the new. `timestamp.json` alone decides which versions count; whatever lies beyond it was
left by a crash and is written again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Delegations,
    Key,
    Metadata,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from content_packs import depot
from content_packs.depot import PUBLISHER
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

    def keyids_of(self, role: str) -> list[str]:
        """Return by which keys hubs know a role."""
        return _keyids(self.root, self.targets, role)


@dataclass(frozen=True, slots=True)
class Draft:
    """What shall be signed next: by whom, and what each role holds. Versions are still those before."""

    root: Root
    targets: dict[str, Targets]

    def keyids_of(self, role: str) -> list[str]:
        """Return by which keys hubs will know a role."""
        return _keyids(self.root, self.targets, role)


def _keyids(root: Root, targets: Mapping[str, Targets], role: str) -> list[str]:
    above = roles.delegator_of(role)
    if above != Root.type and above not in targets:
        return []
    delegator = root if above == Root.type else targets[above]
    try:
        return list(delegator.get_delegated_role(role).keyids)
    except ValueError:
        return []  # a publisher that comes, or is gone


def create(folder: Path, keys: KeyRing, *, hash_bits: int, now: datetime) -> bytes:
    """Write the first version of all metadata; return the root that hubs ship with."""
    root = roles.make_root(keys, now)
    root_bytes = write_root(folder, [keys.signer(name) for name in ROOT_KEYS], root)
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
    publishers: Iterable[roles.Publisher] = (),
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
    draft = draft_of(current)
    delegate(draft, roles.list_owners(current.targets[Targets.type]), publishers, now)
    _tell_host_keys(draft, keys, host_keys)
    bins = roles.sort_into_bins(draft.targets, wanted)
    for role, signed in draft.targets.items():
        if role != Targets.type:  # that one was made with the keys
            draft.targets[role] = replace_targets(signed, bins.get(role, {}))
    return sign_draft(folder, keys, root_bytes, current, draft, now=now)


def draft_of(current: Current) -> Draft:
    """Return a draft that says what is signed already."""
    return Draft(current.root, dict(current.targets))


def delegate(
    draft: Draft, owners: Mapping[str, Key], publishers: Iterable[roles.Publisher], now: datetime
) -> None:
    """Let just these keys sign packs and assignments, and just these publishers theirs."""
    top = draft.targets[Targets.type]
    delegations = roles.make_top(owners, publishers)
    draft.targets[Targets.type] = replace_delegations(top, delegations)
    for role in roles.list_delegated(draft.targets[Targets.type]):
        draft.targets.setdefault(role, Targets(1, None, roles.expiry(role, now)))
    for role in [role for role in draft.targets if role.startswith(PUBLISHER)]:
        if not draft.keyids_of(role):
            del draft.targets[role]


def replace_targets(signed: Targets, targets: dict[str, TargetFile]) -> Targets:
    """Return the role with other targets."""
    return Targets(signed.version, signed.spec_version, signed.expires, targets, signed.delegations)


def replace_delegations(signed: Targets, delegations: Delegations) -> Targets:
    """Return the role with other delegations."""
    return Targets(signed.version, signed.spec_version, signed.expires, signed.targets, delegations)


def sign_draft(
    folder: Path,
    keys: KeyRing,
    root_bytes: bytes,
    current: Current,
    draft: Draft,
    *,
    anew: Collection[str] = (),
    now: datetime,
) -> Current:
    """Sign and write what a draft says otherwise than the present state, what is due, and the roles `anew`.

    Raises:
        LocalError: as `update`.
    """
    changed = {role for role in _all_roles(draft) if draft.keyids_of(role) != current.keyids_of(role)}
    changed |= set(anew)
    renewed = {
        role: _next_version(current, role, signed, now)
        for role, signed in draft.targets.items()
        if role in changed or signed != current.targets.get(role) or _is_renewable(role, signed, keys, now)
    }
    targets = {**draft.targets, **renewed}
    snapshot, timestamp = current.snapshot, current.timestamp
    new_snapshot = bool(renewed) or Snapshot.type in changed or roles.is_due(Snapshot.type, snapshot, now)
    if new_snapshot:
        snapshot = roles.make_snapshot(snapshot.version + 1, targets, now, before=snapshot)
    if not (new_snapshot or Timestamp.type in changed or roles.is_due(Timestamp.type, timestamp, now)):
        return current
    timestamp = roles.make_timestamp(timestamp.version + 1, snapshot, now)
    for role in (*renewed, *([Snapshot.type] if new_snapshot else []), Timestamp.type):
        _settle_key(draft, role, keys, now)
    _write(folder, keys, renewed, snapshot if new_snapshot else None, timestamp)
    return read_current(folder, root_bytes)


def _all_roles(draft: Draft) -> Iterator[str]:
    yield from (Snapshot.type, Timestamp.type)
    yield from draft.targets


def _next_version(current: Current, role: str, signed: Targets, now: datetime) -> Targets:
    """Return the version after the last one that hubs may have seen, also of a publisher that came back."""
    listed = current.snapshot.meta.get(f"{role}.json")
    version = listed.version + 1 if listed is not None else 1
    return Targets(version, None, roles.expiry(role, now), signed.targets, signed.delegations)


def _settle_key(draft: Draft, role: str, keys: KeyRing, now: datetime) -> None:
    """Raise LocalError unless our key for a role is one that hubs know, before it signs anything."""
    name, keyids = roles.key_name(role), draft.keyids_of(role)
    keyid = keys.settle(name, keyids, now=now).public_key.keyid
    if keyid not in keyids:
        raise LocalError(
            f"the key {name}.pem is not the one that hubs know: {keyid[:12]}…",
            hint="Put back the newest one from its backup: central keys list tells which; a lost one: "
            f"central keys recover {name}",
        )


def _tell_host_keys(draft: Draft, keys: KeyRing, host_keys: Sequence[str]) -> None:
    """Let the office's own target name these host keys, where its key is here to sign it."""
    top = draft.targets[Targets.type]
    office = top.targets.get(depot.OFFICE_TARGET)
    if office is not None and keys.is_ready(Targets.type):
        told = {depot.OFFICE_TARGET: roles.with_host_keys(office, host_keys)}
        draft.targets[Targets.type] = replace_targets(top, {**top.targets, **told})


def list_signed_host_keys(current: Current) -> tuple[str, ...]:
    """Return the host keys of the depot that hubs are told now."""
    office = current.targets[Targets.type].targets.get(depot.OFFICE_TARGET)
    return tuple((office.custom or {}).get("host_keys", ())) if office is not None else ()


def _is_renewable(role: str, signed: Targets, keys: KeyRing, now: datetime) -> bool:
    return roles.is_due(role, signed, now) and keys.is_ready(roles.key_name(role))


def write_root(folder: Path, signers: Iterable[Signer], root: Root) -> bytes:
    """Sign and write a root; from then on readers that come from the one before may follow it."""
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    data = metadata.to_bytes(_COMPACT)
    write_durably(folder / f"{root.version}.{Root.type}.json", data)
    return data


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


def list_roots(folder: Path) -> list[str]:
    """Return the names of all roots: hubs out there may know any of them, and go from there."""
    return [path.name for path in folder.glob(f"[1-9]*.{Root.type}.json")]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files of one folder, checks who signed them, and keeps their bytes."""

    folder: Path
    files: dict[str, bytes]

    def read_root(self, root_bytes: bytes) -> Root:
        """Walk from the root that we know to the newest."""
        root = Metadata[Root].from_bytes(root_bytes).signed
        self.files[f"{root.version}.{Root.type}.json"] = root_bytes
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
        top = self._read_targets(Targets.type, root, snapshot)
        targets = {Targets.type: top}
        for role in roles.list_delegated(top):
            targets[role] = self._read_targets(role, top, snapshot)
            for name in roles.succinct(targets[role]).get_roles() if role in roles.BIN_OWNERS else ():
                targets[name] = self._read_targets(name, targets[role], snapshot)
        return targets

    def _read_targets(self, role: str, delegator: Root | Targets, snapshot: Snapshot) -> Targets:
        if f"{role}.json" not in snapshot.meta:
            raise RepositoryError(f"the snapshot does not name {role}")
        version = snapshot.meta[f"{role}.json"].version
        signed = self.read(Targets, f"{version}.{role}.json", delegator, role)
        if signed.version != version:
            raise RepositoryError(f"{role}: expected version {version}, got {signed.version}")
        return signed
