"""Copies of offline keys, on sticks: made, read back, and never over a newer key."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from content_packs.durable import forget_cached, write_durably
from content_packs.errors import LocalError, UsageError, local_error
from provisioning.central import metadata
from provisioning.central.keys import OFFLINE_KEYS, keyid_of
from provisioning.central.metadata import Current
from provisioning.central.office import Office
from provisioning.central.rotation import keyids_of

Copies = Sequence[tuple[Path, Path]]  # each key's file, and the one that is to hold the same


def is_offline(name: str) -> bool:
    """Tell whether a key is one that a person keeps."""
    return name in OFFLINE_KEYS or name.startswith("publisher-")


def plan_copies(office: Office, folder: Path, names: Iterable[str]) -> Copies:
    """Return what `copy_keys` would copy into a folder.

    Raises:
        UsageError: a key is not here; or what lies there is the key that hubs know, and ours is not.
        LocalError: a key here is damaged.
    """
    ring = office.open_keys()
    current = metadata.read_current(office.tuf, office.root.read_bytes())
    copies = []
    for name in names:
        path = ring.find(name) if is_offline(name) else None
        if path is None:
            raise UsageError(f"no offline key {name} here", hint="`central keys list` tells which are.")
        target = folder / path.name
        _check_older(current, name, path, target)
        copies.append((path, target))
    return copies


def _check_older(current: Current, name: str, path: Path, target: Path) -> None:
    keyids, ours = keyids_of(current, name), keyid_of(path)
    with suppress(LocalError):  # there is none, or what is there is damaged: nothing is lost
        if keyid_of(target) in keyids and ours not in keyids:
            raise UsageError(
                f"{target} is the key {name} that hubs know, and {path} is an older one",
                hint=f"Copy it the other way: {target} over {path}.",
            )


def copy_keys(copies: Copies, *, move: bool = False) -> None:
    """Copy keys, read them back and compare; with `move` delete them here once all of them are there.

    Raises:
        LocalError: a disk refuses, or gives back other bytes; nothing was deleted.
    """
    for path, target in copies:
        _copy(path, target)
    for path, target in copies if move else ():
        if path.resolve() != target.resolve():
            _shred(path)


def _copy(path: Path, target: Path) -> None:
    try:
        data = path.read_bytes()
        if path.resolve() != target.resolve():
            write_durably(target, data, mode=0o600)
            forget_cached(target)
        if target.read_bytes() != data:
            raise LocalError(
                f"{target}: gives back other bytes than were written", hint="Take another stick."
            )
    except OSError as error:
        raise local_error(error, f"copying {path} to {target}") from error


def _shred(path: Path) -> None:
    """Write over a key before its name goes; on flash this may leave a copy, which a passphrase protects."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())  # else the kernel drops it, together with the name
        path.unlink()
    except OSError as error:
        raise local_error(error, f"deleting {path}") from error
