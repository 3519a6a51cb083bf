"""Installed packs that change the hub itself, verified again as root.

The files lie in a folder of the hub's own account, which proves little. What counts is what the office
signed: the root of trust is taken from the school config, which only root can write; the signatures are
verified once more, and each file is hashed while it is read.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from content_packs.errors import BadDataError, HashMismatchError, NotFoundError, local_error
from content_packs.index import FileEntry, Index, read_index_json
from content_packs.kinds import KINDS
from content_packs.trust import offers_from_cache
from hub.card.places import CardPlaces
from hub.card.school import read_last_good
from hub.library.installed import FILES, current_version, read_installed_index_json
from hub.school.root import unpack_root
from hub.settings import HubPaths
from hub.updates import KINDS as UPDATES

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SystemPack:
    """A pack for the hub itself that the office assigned, and that is here."""

    kind: str
    index: Index
    files_dir: Path

    @property
    def pack_id(self) -> str:
        """Its id."""
        return self.index.pack.id

    @property
    def version(self) -> int:
        """The pack's own version."""
        return self.index.pack.version

    @property
    def details(self) -> dict[str, Any]:
        """What the index says of it: docs/format/pack-v1.md §7."""
        return dict(self.index.details)

    def entry(self, path: str) -> FileEntry:
        """Return what the signed index says of a file; NotFoundError where it has none."""
        for entry in self.index.files:
            if entry.path == path:
                return entry
        raise NotFoundError(f"{self.pack_id} v{self.version}: no {path} in it")

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file without following a link: we are root, and the folder is another account's."""
        try:
            descriptor = os.open(self.files_dir / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise local_error(error, f"reading {path} of {self.pack_id}") from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadDataError(f"{self.pack_id} v{self.version}: {path} is no file")
            yield file

    def read(self, path: str) -> bytes:
        """Return the bytes of a small file, which are those that were signed; else HashMismatchError."""
        entry = self.entry(path)
        with self.open(path) as file:
            data = file.read(entry.size + 1)
        require_hash(self, entry, hashlib.sha256(data).hexdigest())
        return data

    def chunks(self, path: str, *, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a file from `start` on; who takes them hashes them."""
        with self.open(path) as file:
            file.seek(start)
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


def require_hash(pack: SystemPack, entry: FileEntry, found: str) -> None:
    """Raise HashMismatchError where a file of a pack is not the one that was signed."""
    if found != entry.sha256:
        raise HashMismatchError(
            f"{pack.pack_id} v{pack.version}: {entry.path}: expected {entry.sha256}, got {found}",
            hint="Run `hub repair`, then `hub sync`: the file comes again.",
        )


def find_system_packs(places: CardPlaces, hub_id: str, *, now: datetime) -> list[SystemPack]:
    """Return the packs for the hub itself, the newest first, that are installed, assigned and signed.

    Raises:
        IdentityError: the office knows no such hub.
        LocalError: the disk cannot be read.
    """
    paths, root = places.hub, _root_of_trust(places)
    if root is None or not paths.root.is_file():
        return []
    offers = offers_from_cache(paths.trust, root, hub_id, now=now)
    found = []
    for offer in offers.packs if offers else ():
        if offer.kind not in UPDATES or current_version(paths, offer.pack_id) != offer.version:
            continue
        pack = _read(paths, offer.pack_id, offer.version, offer.index_json_sha256)
        if pack is not None and pack.kind == offer.kind:
            found.append(pack)
    return sorted(found, key=lambda pack: (pack.version, pack.pack_id), reverse=True)


def _read(paths: HubPaths, pack_id: str, version: int, sha256: str) -> SystemPack | None:
    """Return an installed pack; None where its index is not the signed one: `hub repair` makes it good."""
    try:
        index_json = read_installed_index_json(paths, pack_id, version)
        if hashlib.sha256(index_json).hexdigest() != sha256:
            return None
        index = read_index_json(index_json, kinds=KINDS)
    except BadDataError:
        return None
    except OSError as error:
        raise local_error(error, f"reading {pack_id} v{version}") from error
    if any(KINDS[index.pack.kind].check_details(index.details)):
        return None
    return SystemPack(index.pack.kind, index, paths.packs / pack_id / str(version) / FILES)


def _root_of_trust(places: CardPlaces) -> bytes | None:
    """Return the root that only root can change; None on a card without an office: it takes nobody's system.
    That in the hub's own folder proves nothing: whoever took the portal over can put another there.
    """
    try:
        config = read_last_good(places)
        return unpack_root(config.central.root) if config is not None and config.central.root else None
    except ValueError as error:
        raise BadDataError(f"central.root of the school config: {error}") from error
    except OSError as error:
        raise local_error(error, "reading the root of trust") from error
