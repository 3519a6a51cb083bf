"""A real central installation in a folder, and a hub's trust that reads its depot."""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from content_packs import trust
from content_packs.built import BuiltPack
from content_packs.transports.local import open_local
from content_packs.transports.transport import Transport
from provisioning.central import assign as assigning
from provisioning.central import enrol as enrolling
from provisioning.central import publish as publishing
from provisioning.central.fleet import Assignment
from provisioning.central.found import found_office
from provisioning.central.office import Office
from provisioning.central.release import change
from support.built import build

NOW = datetime(2021, 11, 20, 12, tzinfo=UTC)  # long ago: by this machine's clock all is expired
HUB = "h-1"


def new_key() -> str:
    """Return a new hub's public key, as the fleet keeps it."""
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@dataclass
class OfficeAtWork:
    """Does what `central` does, without the command line."""

    office: Office
    now: datetime = NOW
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def found(cls, folder: Path, *, hash_bits: int = 1, now: datetime = NOW) -> "OfficeAtWork":
        """Make an installation in `folder`."""
        return cls(found_office(folder, name="", hash_bits=hash_bits, now=now), now)

    @classmethod
    def first_day(cls, folder: Path) -> "OfficeAtWork":
        """Found an installation that has maths v1 on offer, and one hub that shall have the newest."""
        work = cls.found(folder)
        work.publish(work.build("maths", 1))
        work.enrol()
        work.assign("maths")
        return work

    def copy(self, folder: Path) -> "OfficeAtWork":
        """Return an independent copy of this installation."""
        shutil.copytree(self.office.dir, folder)
        return OfficeAtWork(Office(folder), self.now, dict(self.keys))

    @property
    def root_bytes(self) -> bytes:
        """What hubs ship with."""
        return self.office.root.read_bytes()

    def build(self, pack_id: str, version: int, text: str = "Дроби.", **fields: object) -> BuiltPack:
        """Build a small web pack beside the installation."""
        folder = self.office.dir.parent / "built" / pack_id
        page = f"<!doctype html><html lang=uk><title>{text}</title><p>{text} {version}</p></html>"
        return build(folder, {"index.html": page.encode()}, id=pack_id, version=version, **fields)

    def publish(self, *builts: BuiltPack, **options: Any) -> publishing.Outcome:
        """Publish built packs."""
        outcome, _ = change(
            self.office,
            lambda fleet: publishing.publish(self.office, fleet, builts, now=self.now, **options),
            doing="publish",
            now=self.now,
            dry_run=options.get("dry_run", False),
        )
        return outcome

    def withdraw(self, pack_id: str, version: int) -> None:
        """Withdraw one version."""
        self._change(lambda fleet: publishing.withdraw(fleet, pack_id, version, now=self.now))

    def enrol(self, hub_id: str = HUB, *, ring: str | None = "all", key: str | None = None) -> None:
        """Enrol a hub, with a key of its own unless one is given."""
        public = key or self.keys.setdefault(hub_id, new_key())
        self._change(
            lambda fleet: enrolling.enrol(fleet, hub_id, public, school="Школа", ring=ring, now=self.now)
        )

    def revoke(self, hub_id: str = HUB) -> None:
        """Revoke a hub."""
        self._change(lambda fleet: enrolling.revoke(fleet, hub_id, now=self.now))

    def assign(self, spec: str, *, ring: str | None = None, hub_id: str | None = None) -> None:
        """Assign a pack; to the hub HUB where neither ring nor hub is given."""
        assignment = self._assignment(spec, ring, hub_id)
        self._change(lambda fleet: assigning.assign(fleet, assignment))

    def unassign(self, spec: str, *, ring: str | None = None, hub_id: str | None = None) -> None:
        """Take an assignment back."""
        assignment = self._assignment(spec, ring, hub_id)
        self._change(lambda fleet: assigning.unassign(fleet, assignment))

    def _assignment(self, spec: str, ring: str | None, hub_id: str | None) -> Assignment:
        hub = HUB if ring is None and hub_id is None else hub_id
        return assigning.make_assignment(assigning.parse_spec(spec), ring=ring, hub_id=hub)

    def _change(self, edit) -> None:
        change(self.office, edit, doing="test", now=self.now)

    def touch(self) -> None:
        """Run a command that changes nothing, which still finishes what a crash left."""
        self._change(lambda _: None)


@dataclass
class HubTrust:
    """A hub's side: its root, its trust folder, and what it is offered."""

    root_bytes: bytes
    trust_dir: Path
    hub_id: str = HUB

    def refresh(self, depot: Path, *, now: datetime = NOW, older_is_fine: bool = False) -> trust.Offers:
        """Read the depot in a folder."""
        with open_local(depot) as transport:
            return self.refresh_over(transport, now=now, older_is_fine=older_is_fine)

    def refresh_over(self, transport: Transport, *, now: datetime = NOW, **options: Any) -> trust.Offers:
        """Read the depot behind a transport."""
        return trust.refresh(
            transport,
            trust_dir=self.trust_dir,
            root_bytes=self.root_bytes,
            hub_id=self.hub_id,
            now=now,
            **options,
        )

    def offered(self, depot: Path) -> dict[str, int]:
        """Return the offered versions by pack."""
        return versions(self.refresh(depot))


def versions(offers: trust.Offers) -> dict[str, int]:
    """Return the offered versions by pack."""
    return {offer.pack_id: offer.version for offer in offers.packs}
