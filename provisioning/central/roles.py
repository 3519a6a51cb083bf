"""The roles of the depot's signed metadata, who signs them, how long they last. docs/adr/0002-trust.md."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)

from content_packs import depot
from content_packs.depot import PUBLISHER, SIGNED_AT
from provisioning.central.deltas import OfferedDelta
from provisioning.central.fleet import Published
from provisioning.central.keys import ROOT_KEYS, KeyRing
from provisioning.central.wanted import Terms

PACKS = "packs"  # delegates to the bins packs-…
ASSIGNMENTS = "assignments"  # delegates to the bins hubs-…
ROOT_THRESHOLD = 2
DEFAULT_HASH_BITS = 6  # 64 bins: for 200 packs and 1000 hubs a bin holds 3 packs, or 16 hubs
MAX_HASH_BITS = 12

BIN_OWNERS = (PACKS, ASSIGNMENTS)
_BINS = {PACKS: "packs", ASSIGNMENTS: "hubs"}  # role → prefix of its bins
_PATHS = {PACKS: "packs/*/*/index.zst", ASSIGNMENTS: "assignments/*"}
_OF_PUBLISHERS = timedelta(days=730)
_LIFETIMES = {  # expiry never blocks a hub, it only warns: long is kind
    Root.type: timedelta(days=3652),
    Targets.type: timedelta(days=730),
    PACKS: timedelta(days=730),
    ASSIGNMENTS: timedelta(days=365),
    Snapshot.type: timedelta(days=365),
    Timestamp.type: timedelta(days=90),
}
_EMPTY_SHA256 = sha256(b"").hexdigest()


def key_name(role: str) -> str:
    """Return the name of the key that signs a role other than root."""
    return next((owner for owner, prefix in _BINS.items() if role.startswith(f"{prefix}-")), role)


def delegator_of(role: str) -> str:
    """Return the role that says which key signs this one."""
    if role in BIN_OWNERS or role.startswith(PUBLISHER):
        return Targets.type
    owner = key_name(role)
    return Root.type if owner == role else owner


def _lifetime(role: str) -> timedelta:
    return _OF_PUBLISHERS if role.startswith(PUBLISHER) else _LIFETIMES[key_name(role)]


def expiry(role: str, now: datetime) -> datetime:
    """Return until when a role signed now is fresh."""
    return (now + _lifetime(role)).replace(microsecond=0)


def is_due(role: str, signed: Signed, now: datetime) -> bool:
    """Tell whether half of a role's time has passed, so that it is signed anew on this occasion."""
    return signed.expires - now < _lifetime(role) / 2


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who signs the packs whose ids begin with a prefix, instead of PACKS."""

    name: str
    prefix: str
    key: Key

    @property
    def role(self) -> str:
        """The name of its role, and of its key."""
        return PUBLISHER + self.name


def make_root(keys: KeyRing, now: datetime) -> Root:
    """Return the first root: two of three offline keys sign what comes after it."""
    root = Root(version=1, expires=expiry(Root.type, now), consistent_snapshot=True)
    for name in ROOT_KEYS:
        root.add_key(keys.signer(name).public_key, Root.type)
    root.roles[Root.type].threshold = ROOT_THRESHOLD
    for role in (Targets.type, Snapshot.type, Timestamp.type):
        root.add_key(keys.signer(role).public_key, role)
    return root


def make_targets(keys: KeyRing, hash_bits: int, now: datetime) -> dict[str, Targets]:
    """Return the first version of every targets role, with its delegations and the office's own target."""
    office = office_target(keys.read_seal_key().public_key().public_bytes_raw())
    roles = {
        Targets.type: Targets(
            1, expires=expiry(Targets.type, now), targets={office.path: office}, delegations=_top(keys)
        )
    }
    for role, prefix in _BINS.items():
        key = keys.signer(role).public_key
        bins = SuccinctRoles([key.keyid], 1, hash_bits, prefix)
        delegations = Delegations({key.keyid: key}, succinct_roles=bins)
        roles[role] = Targets(1, expires=expiry(role, now), delegations=delegations)
        roles |= {name: Targets(1, expires=expiry(name, now)) for name in bins.get_roles()}
    return roles


def _top(keys: KeyRing) -> Delegations:
    return make_top({role: keys.signer(role).public_key for role in _BINS}, ())


def make_top(owners: Mapping[str, Key], publishers: Iterable[Publisher]) -> Delegations:
    """Return whom `targets` lets sign what: publishers first, each for its own prefix and nothing else.

    All are terminating: what a publisher's role does not hold is not looked for in PACKS, and the other
    way round nobody else can bring a pack with its prefix.
    """
    keys: dict[str, Key] = {}
    roles: dict[str, DelegatedRole] = {}
    for publisher in sorted(publishers, key=lambda each: each.name):
        paths = [_PATHS[PACKS].replace("*", f"{publisher.prefix}*", 1)]
        roles[publisher.role] = DelegatedRole(publisher.role, [publisher.key.keyid], 1, True, paths)
        keys[publisher.key.keyid] = publisher.key
    for role, key in owners.items():
        roles[role] = DelegatedRole(role, [key.keyid], 1, terminating=True, paths=[_PATHS[role]])
        keys[key.keyid] = key
    return Delegations(keys, roles)


def list_owners(top: Targets) -> dict[str, Key]:
    """Return the keys of PACKS and ASSIGNMENTS, as `targets` names them."""
    keys = {} if top.delegations is None else top.delegations.keys
    return {owner: keys[_by_name(top)[owner].keyids[0]] for owner in BIN_OWNERS}


def list_delegated(top: Targets) -> list[str]:
    """Return the roles to which `targets` delegates: PACKS, ASSIGNMENTS and those of publishers."""
    return list(_by_name(top))


def _by_name(top: Targets) -> dict[str, DelegatedRole]:
    if top.delegations is None or top.delegations.roles is None:
        raise AssertionError("`targets` delegates to nobody")
    return top.delegations.roles


def with_role_key(top: Targets, role: str, key: Key) -> Delegations:
    """Return whom `targets` lets sign what, with another key for one role."""
    before = _by_name(top)
    renewed = {
        name: DelegatedRole(name, [key.keyid], 1, known.terminating, known.paths) if name == role else known
        for name, known in before.items()
    }
    keys = {} if top.delegations is None else {**top.delegations.keys, key.keyid: key}
    used = {keyid for known in renewed.values() for keyid in known.keyids}
    return Delegations({keyid: each for keyid, each in keys.items() if keyid in used}, renewed)


def with_bins_key(owner: Targets, key: Key) -> Delegations:
    """Return how PACKS or ASSIGNMENTS spreads its targets, signed by another key."""
    bins = succinct(owner)
    renewed = SuccinctRoles([key.keyid], 1, bins.bit_length, bins.name_prefix)
    return Delegations({key.keyid: key}, succinct_roles=renewed)


def make_snapshot(
    version: int, targets: Mapping[str, Targets], now: datetime, before: Snapshot | None = None
) -> Snapshot:
    """Return the list of all versions; without hashes, since versions and signatures bind them.

    A role that was listed once stays: TUF's client refuses a snapshot that lacks one, so the roles of
    publishers that are gone keep their last version.
    """
    meta = {} if before is None else dict(before.meta)
    meta |= {f"{role}.json": MetaFile(signed.version) for role, signed in targets.items()}
    return Snapshot(version, expires=expiry(Snapshot.type, now), meta=meta)


def make_timestamp(version: int, snapshot: Snapshot, now: datetime) -> Timestamp:
    """Return what names the newest snapshot, and when it was signed."""
    signed_at = {SIGNED_AT: now.isoformat(timespec="seconds")}
    return Timestamp(
        version, None, expiry(Timestamp.type, now), MetaFile(snapshot.version), unrecognized_fields=signed_at
    )


def sort_into_bins(
    roles: Mapping[str, Targets], targets: Iterable[TargetFile]
) -> dict[str, dict[str, TargetFile]]:
    """Return the targets by the bin that must hold them."""
    bins: dict[str, dict[str, TargetFile]] = {}
    for target in targets:
        bins.setdefault(find_bin(roles, target.path), {})[target.path] = target
    return bins


def find_bin(roles: Mapping[str, Targets], path: str) -> str:
    """Return the bin, or the role of a publisher, that must hold a target."""
    if not path.startswith("packs/"):
        return succinct(roles[ASSIGNMENTS]).get_role_for_target(path)
    for name, role in _by_name(roles[Targets.type]).items():
        if name.startswith(PUBLISHER) and path.startswith((role.paths or [""])[0].partition("*")[0]):
            return name
    return succinct(roles[PACKS]).get_role_for_target(path)


def succinct(owner: Targets) -> SuccinctRoles:
    """Return how PACKS or ASSIGNMENTS spreads its targets."""
    if owner.delegations is None or owner.delegations.succinct_roles is None:
        raise AssertionError("this role is not split into bins")
    return owner.delegations.succinct_roles


def pack_target(pack: Published, steps: Iterable[OfferedDelta] = ()) -> TargetFile:
    """Return the target of a pack version: its index, and what a hub plans with; `steps` lead to it."""
    custom: dict[str, object] = {
        "kind": pack.kind,
        "title": pack.title,
        "language": pack.language,
        "index_json_sha256": pack.index_json_sha256,
        "index_json_size": pack.index_json_size,
        "download_bytes": pack.download_bytes,
        "unpacked_bytes": pack.unpacked_bytes,
    }
    if entries := [_delta(pack, step) for step in steps]:
        custom["deltas"] = entries
    path = depot.index_path(pack.pack_id, pack.version)
    return TargetFile(pack.index_length, {"sha256": pack.index_sha256}, path, {"custom": custom})


def _delta(pack: Published, step: OfferedDelta) -> dict[str, object]:
    """Return what a hub must know of a delta; of one that ends at `pack` that is little."""
    row = step.delta
    said: dict[str, object] = {"from": row.from_version, "size": row.size, "head_size": row.head_size}
    if row.version != pack.version:
        said["to"] = row.version
        said["index_json_sha256"] = step.to.index_json_sha256
        said["index_json_size"] = step.to.index_json_size
    return said


def _assigned(pack_id: str, version: int, terms: Terms) -> dict[str, object]:
    """Return one pack of an assignment; the usual terms take no bytes."""
    said: dict[str, object] = {"id": pack_id, "version": version}
    if terms.priority:
        said["priority"] = terms.priority
    if terms.replace:
        said["replace"] = True
    if terms.quiet_hours:
        said["quiet_hours"] = terms.quiet_hours
    if terms.day_mb:
        said["day_mb"] = terms.day_mb
    return said


def assignment_target(
    hub_id: str, packs: Mapping[str, int], terms: Mapping[str, Terms] | None = None
) -> TargetFile:
    """Return the target of a hub: there is no file behind it, all is in `custom`."""
    custom = {"packs": [_assigned(*pack, (terms or {}).get(pack[0], Terms())) for pack in packs.items()]}
    return TargetFile(0, {"sha256": _EMPTY_SHA256}, depot.assignment_target(hub_id), {"custom": custom})


def office_target(seal_key: bytes, before: TargetFile | None = None) -> TargetFile:
    """Return the target that says what hubs must know of the office: to which key they seal reports.

    What else it said `before` stays.
    """
    said = before.custom if before is not None and isinstance(before.custom, dict) else {}
    custom = {**said, "seal_key": seal_key.hex()}
    return TargetFile(0, {"sha256": _EMPTY_SHA256}, depot.OFFICE_TARGET, {"custom": custom})


def with_host_keys(office: TargetFile, host_keys: Sequence[str]) -> TargetFile:
    """Return the office's target with the host keys by which hubs shall know the depot; none: not said."""
    custom = {key: value for key, value in (office.custom or {}).items() if key != "host_keys"}
    if host_keys:
        custom["host_keys"] = list(host_keys)
    return TargetFile(office.length, dict(office.hashes), office.path, {"custom": custom})
