"""Who stole keys of the office and writes what hubs read: signs with what he has, and makes up the rest."""

import shutil
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Signed, Snapshot, TargetFile, Targets, Timestamp

from provisioning.central import metadata, roles
from support.office import OfficeAtWork


class Thief:
    """Has some keys of an office, by name, and a depot of his own in `folder`, a copy of the office's."""

    def __init__(self, work: OfficeAtWork, folder: Path, *stolen: str) -> None:
        ring = work.office.open_keys()
        self._signers = {name: ring.signer(name) for name in stolen}
        self._made_up = CryptoSigner.generate_ed25519()
        self._now = work.now
        self.current = metadata.read_current(work.office.tuf, work.root_bytes)
        self.depot = folder
        shutil.copytree(work.office.tuf, folder / "tuf")

    def keyid(self, name: str) -> str:
        """Return by what the metadata know a stolen key."""
        return self._signers[name].public_key.keyid

    def put(self, role: str, *targets: TargetFile, version: int = 0) -> Targets:
        """Return a version of a role with its targets and these instead of those of the same path."""
        before = self.current.targets[role]
        held = before.targets | {target.path: target for target in targets}
        return Targets(version or before.version + 1, None, before.expires, held, before.delegations)

    def sign(self, *changed: tuple[str, Targets], snapshot: Snapshot | None = None, ahead: int = 1) -> None:
        """Write these roles, a snapshot that names them, and a timestamp, `ahead` versions further."""
        for role, signed in changed:
            self._write(f"{signed.version}.{role}.json", role, signed)
        named = {**self.current.targets, **dict(changed)}
        if snapshot is None:
            snapshot = roles.make_snapshot(
                self.current.snapshot.version + ahead, named, self._now, self.current.snapshot
            )
        self._write(f"{snapshot.version}.snapshot.json", Snapshot.type, snapshot)
        timestamp = roles.make_timestamp(self.current.timestamp.version + ahead, snapshot, self._now)
        self._write("timestamp.json", Timestamp.type, timestamp)

    def _write(self, name: str, role: str, signed: Signed) -> None:
        made = Metadata(signed)
        made.sign(self._signers.get(roles.key_name(role), self._made_up))
        (self.depot / "tuf" / name).write_bytes(made.to_bytes())


def forged_pack(pack_id: str, version: int, kind: str = "web") -> TargetFile:
    """Return the target of a pack that no office ever saw."""
    custom = {
        "kind": kind,
        "title": "Forged",
        "language": "uk",
        "index_json_sha256": "f" * 64,
        "index_json_size": 10,
        "download_bytes": 10,
        "unpacked_bytes": 10,
    }
    path = f"packs/{pack_id}/{version}/index.zst"
    return TargetFile(10, {"sha256": "e" * 64}, path, {"custom": custom})
