"""Give a role another key, so that hubs follow at any moment, and a crash leaves the old or the new.

What `targets` delegates changes in one step, when the timestamp is written. For a role that the root names
it takes two roots: one that knows both keys, then all is signed by the new one, then one that knows it alone.
docs/adr/0022-keys.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from content_packs import depot
from content_packs.depot import PUBLISHER
from content_packs.durable import write_durably
from content_packs.errors import LocalError, UsageError, local_error
from provisioning.central import metadata, roles
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.keyfile import is_encrypted, read_key_file
from provisioning.central.keys import OFFLINE_KEYS, ONLINE_KEYS, ROOT_KEYS, SEAL_KEY, KeyRing, keyid_of
from provisioning.central.metadata import Current
from provisioning.central.office import Office, changing, readable_by_hubs
from provisioning.central.publishers import Publishers, find_publisher
from provisioning.central.rehearsal import rehearsal, trial
from provisioning.central.release import read_wanted, release
from provisioning.central.roles import BIN_OWNERS

TOP_ROLES = (Targets.type, Snapshot.type, Timestamp.type)
_ALWAYS = (Snapshot.type, Timestamp.type)  # sign after every change
_TWO_LOST = (
    "Plug in the sticks with two root keys: central --key-dir FOLDER --key-dir FOLDER … "
    "If two are lost for good, no key that the root names can ever change: see docs/howto/keys.en.md."
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of one key, or with `rehearsed` would."""

    name: str
    place: Path | None  # where the new one lies
    is_encrypted: bool
    roots: tuple[int, int]  # the newest version before and after
    signed: tuple[str, ...]  # roles that were signed anew, but for the root
    hubs: int  # that read the result with the client that hubs run
    rehearsed: bool = False


def rotate(
    office: Office,
    name: str,
    *,
    now: datetime,
    lost: bool = False,
    into: Path | None = None,
    dry_run: bool = False,
) -> Rotated:
    """Replace a key, once that went well on a copy; with `dry_run` on the copy alone.

    `lost`: the former one is not needed, and the new one is made in `into`, else where it would be at first.

    Raises:
        UsageError: no such key. LocalError: a key that has to sign is not here; nothing was changed.
        BadDataError: a hub would refuse the result; nothing was changed.
        BusyError: another command is changing this installation.
    """
    with changing(office, f"keys rotate {name}"), open_fleet(office.fleet_db) as fleet:
        _check_name(fleet, name)
        root_bytes = office.root.read_bytes()
        before = metadata.read_current(office.tuf, root_bytes)
        keys = KeyRing(office.keys, office.access, keep=not dry_run)
        if not lost:
            _require_former(keys, before, name)
        _open_signers(keys, before, name, now)
        wanted = read_wanted(fleet).by_hub
        with trial(office, root_bytes, list(wanted), now) as hubs:
            with rehearsal(office, root_bytes) as (copy, its_fleet):
                ring = KeyRing(office.keys, office.access, keep=False)
                replace_key(copy, its_fleet, ring, name, None, now)
                tried = hubs.check(copy, wanted)
                done = _describe(name, before, metadata.read_current(copy.tuf, root_bytes), tried)
            if dry_run:
                return replace(done, rehearsed=True)
            replace_key(office, fleet, keys, name, into, now)
            tried = hubs.check(office, wanted)
        done = _describe(name, before, metadata.read_current(office.tuf, root_bytes), tried)
        _ship_newest_root(office)
        place = office.open_keys().find(name)
        locked_file = place is not None and is_encrypted(read_key_file(place))
        return replace(done, place=place, is_encrypted=locked_file)


def _describe(name: str, before: Current, after: Current, hubs: int) -> Rotated:
    signed = [
        file.removesuffix(".json")
        for file, meta in after.snapshot.meta.items()
        if (known := before.snapshot.meta.get(file)) is None or known.version != meta.version
    ]
    signed += [
        role
        for role, old, new in (
            (Snapshot.type, before.snapshot, after.snapshot),
            (Timestamp.type, before.timestamp, after.timestamp),
        )
        if old.version != new.version
    ]
    return Rotated(name, None, False, (before.root.version, after.root.version), tuple(signed), hubs)


def check_names(office: Office, names: Iterable[str]) -> None:
    """Raise UsageError where one of these is no key, before the first is replaced."""
    with open_fleet(office.fleet_db) as fleet:
        for name in names:
            _check_name(fleet, name)


def _check_name(fleet: Fleet, name: str) -> None:
    known = (*OFFLINE_KEYS, *ONLINE_KEYS, SEAL_KEY)
    if name.startswith(PUBLISHER):
        find_publisher(fleet, name.removeprefix(PUBLISHER))
    elif name not in known:
        raise UsageError(
            f"no key {name!r:.80}",
            hint=f"There is {', '.join(known)}, and {PUBLISHER}NAME of each publisher.",
        )


def _require_former(keys: KeyRing, current: Current, name: str) -> None:
    """Raise where the key to replace is not here: by mistake a second one would be made somewhere else."""
    place = keys.find(name) if name == SEAL_KEY else keys.find_known(name, keyids_of(current, name))
    if place is None:
        raise LocalError(
            f"the key {name} that hubs know is not here",
            hint=f"Plug in its stick: central --key-dir FOLDER … If it is lost: central keys recover {name}",
        )


def keyids_of(current: Current, name: str) -> Sequence[str]:
    """Return by what hubs know a key that signs; of one that they do not know, nothing."""
    return root_keyids(current) if name in ROOT_KEYS else current.keyids_of(name)


def root_keyids(current: Current) -> Sequence[str]:
    """Return the keys of the root."""
    return current.root.roles[Root.type].keyids


def list_signers(name: str) -> tuple[str, ...]:
    """Return the keys that must be here to replace one, but for those of the root."""
    if name in ROOT_KEYS:
        return ()
    if name in TOP_ROLES:
        return tuple(role for role in _ALWAYS if role != name)
    return (Targets.type, *_ALWAYS)


def needs_root(name: str) -> bool:
    """Tell whether two root keys must be here to replace a key."""
    return name in ROOT_KEYS or name in TOP_ROLES


def _open_signers(keys: KeyRing, current: Current, name: str, now: datetime) -> None:
    """Open every key that will sign, before anything is changed."""
    if needs_root(name):
        _open_root_keys(keys, current, name, now)
    for signer in list_signers(name):
        if keys.find_known(signer, current.keyids_of(signer)) is None:
            raise LocalError(
                f"the key {signer}, which has to sign, is not here",
                hint=f"Plug in its stick: central --key-dir FOLDER … If lost: central keys recover {signer}",
            )
    keys.require(*list_signers(name))


def _open_root_keys(keys: KeyRing, current: Current, name: str, now: datetime) -> dict[str, CryptoSigner]:
    """Return as many of the root's keys as have to sign: if possible none that is being replaced."""
    threshold = current.root.roles[Root.type].threshold
    here = [each for each in ROOT_KEYS if keys.find_known(each, root_keyids(current)) is not None]
    chosen = sorted(here, key=lambda each: each == name)[:threshold]
    if len(chosen) < threshold:
        raise LocalError(f"{threshold} keys of the root have to sign, and here {_are(here)}", hint=_TWO_LOST)
    signers = [keys.settle(each, root_keyids(current), now=now) for each in chosen]
    return dict(zip(chosen, signers, strict=True))


def _are(names: Sequence[str]) -> str:
    return f"is only {names[0]}" if names else "is none"


def replace_key(
    office: Office, fleet: Fleet, keys: KeyRing, name: str, into: Path | None, now: datetime
) -> None:
    """Make and sign everything, unrehearsed; hold the lock. What a crash left the next command finishes."""
    root_bytes = office.root.read_bytes()
    current = metadata.read_current(office.tuf, root_bytes)
    signers = _open_root_keys(keys, current, name, now) if needs_root(name) else {}
    with readable_by_hubs():
        old_keyid = _root_keyid(keys, current, name) if name in ROOT_KEYS else ""
        _adopt_staged(keys, current, name, now)
        new = keys.stage(name, into)
        if name in ROOT_KEYS:
            _replace_root_key(office.tuf, current, signers.values(), keys.signer(name), old_keyid, now)
        elif name in TOP_ROLES:
            _replace_top_key(office.tuf, keys, root_bytes, current, signers.values(), name, now)
        elif name in BIN_OWNERS:
            _replace_owner_key(office.tuf, keys, root_bytes, current, name, now)
        elif isinstance(new, X25519PrivateKey):
            _replace_seal_key(office.tuf, keys, root_bytes, current, new, now)
        elif isinstance(new, Ed25519PrivateKey):
            row = find_publisher(fleet, name.removeprefix(PUBLISHER))
            with fleet.transaction():
                public = new.public_key().public_bytes_raw().hex()
                Publishers(fleet).save(replace(row, public_key=public))
    release(office, fleet, now=now, keys=keys)
    keys.adopt(name, now=now)


def _adopt_staged(keys: KeyRing, current: Current, name: str, now: datetime) -> None:
    """Give a key its name that was staged before a crash, as hubs may use it: no other is put over it."""
    known = keys.find_known(name, keyids_of(current, name)) if name != SEAL_KEY else None
    if name == SEAL_KEY or (known is not None and known.name != f"{name}.pem"):
        keys.adopt(name, now=now)


def _root_keyid(keys: KeyRing, current: Current, name: str) -> str:
    """Return by what the root knows one of its keys, also where that is lost and the others are here."""
    keyids = root_keyids(current)
    path = keys.find_known(name, keyids)
    if path is not None:
        return keyid_of(path)
    others = [keys.find_known(other, keyids) for other in ROOT_KEYS if other != name]
    known = {keyid_of(path) for path in others if path is not None}
    left = [keyid for keyid in keyids if keyid not in known]
    if len(left) != 1:
        raise LocalError(
            f"which of the root's keys was {name}? {len(left)} of them are not here",
            hint="Plug in the sticks with both other root keys: central --key-dir FOLDER --key-dir FOLDER …",
        )
    return left[0]


def _replace_root_key(
    folder: Path,
    current: Current,
    signers: Iterable[CryptoSigner],
    new: CryptoSigner,
    old_keyid: str,
    now: datetime,
) -> None:
    root = _next_root(current, now)
    root.revoke_key(old_keyid, Root.type)
    root.add_key(new.public_key, Root.type)
    metadata.write_root(folder, [*signers, new], root)


def _replace_top_key(
    folder: Path,
    keys: KeyRing,
    root_bytes: bytes,
    current: Current,
    signers: Iterable[CryptoSigner],
    role: str,
    now: datetime,
) -> None:
    signers = list(signers)
    public: Key = keys.signer(role).public_key
    both = _next_root(current, now)
    both.add_key(public, role)
    metadata.write_root(folder, signers, both)
    current = metadata.read_current(folder, root_bytes)
    draft = metadata.draft_of(current)
    current = metadata.sign_draft(folder, keys, root_bytes, current, draft, anew=[role], now=now)
    alone = _next_root(current, now)
    for keyid in list(alone.roles[role].keyids):
        if keyid != public.keyid:
            alone.revoke_key(keyid, role)
    metadata.write_root(folder, signers, alone)


def _next_root(current: Current, now: datetime) -> Root:
    root = Root.from_dict(current.root.to_dict())
    root.version += 1
    root.expires = roles.expiry(Root.type, now)
    return root


def _replace_owner_key(
    folder: Path, keys: KeyRing, root_bytes: bytes, current: Current, owner: str, now: datetime
) -> None:
    public: Key = keys.signer(owner).public_key
    draft = metadata.draft_of(current)
    top = draft.targets[Targets.type]
    draft.targets[Targets.type] = metadata.replace_delegations(top, roles.with_role_key(top, owner, public))
    bins = roles.with_bins_key(draft.targets[owner], public)
    draft.targets[owner] = metadata.replace_delegations(draft.targets[owner], bins)
    metadata.sign_draft(folder, keys, root_bytes, current, draft, now=now)


def _replace_seal_key(
    folder: Path, keys: KeyRing, root_bytes: bytes, current: Current, new: X25519PrivateKey, now: datetime
) -> None:
    draft = metadata.draft_of(current)
    top = draft.targets[Targets.type]
    before = top.targets.get(depot.OFFICE_TARGET)
    office = roles.office_target(new.public_key().public_bytes_raw(), before)
    draft.targets[Targets.type] = metadata.replace_targets(top, {**top.targets, office.path: office})
    metadata.sign_draft(folder, keys, root_bytes, current, draft, now=now)


def _ship_newest_root(office: Office) -> None:
    """Let new hubs begin with the newest root, and the office itself: keys that are gone count no more."""
    try:
        known = office.root.read_bytes()
        current = metadata.read_current(office.tuf, known)
        newest = current.files[current.name_of(Root.type)]
        if newest != known:
            write_durably(office.root, newest)
    except OSError as error:
        raise local_error(error, f"writing {office.root}") from error
