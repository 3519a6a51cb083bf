"""Publishers: who signs packs of their own, each with a key of its own and a prefix of packs' ids.

The prefix stands in what `targets` delegates, so hubs themselves refuse a publisher's pack outside of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import SSlibKey

from content_packs.depot import PUBLISHER, SYSTEM_KINDS
from content_packs.errors import UsageError
from content_packs.meta import PackMeta
from provisioning.central.fleet import Fleet, Published, iso
from provisioning.central.roles import PACKS, Publisher

MAX_PREFIX = 32
RESERVED = ("hub-", "filter-")  # of the hubs' own software and rules
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PREFIX = re.compile(r"([a-z0-9]+-)+")
_MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class PublisherRow:
    """One publisher; a revoked one stays in the list."""

    name: str
    prefix: str  # of the ids of its packs, such as `kyiv-`
    title: str  # as people call it; may be empty
    public_key: str  # ed25519, 64 hexadecimal digits
    added_at: str  # ISO 8601, UTC
    revoked_at: str | None = None

    @property
    def key_name(self) -> str:
        """The name of its key, and of its role."""
        return PUBLISHER + self.name


class Publishers:
    """Typed reading and writing of the table of publishers."""

    def __init__(self, fleet: Fleet) -> None:
        self._db = fleet.database

    def list_all(self) -> list[PublisherRow]:
        """Return every publisher, revoked ones too, by name."""
        return [PublisherRow(**row) for row in self._db.query("select * from publishers order by name")]

    def list_active(self) -> list[PublisherRow]:
        """Return those that sign packs."""
        return [row for row in self.list_all() if row.revoked_at is None]

    def save(self, row: PublisherRow) -> None:
        """Add or change a publisher."""
        self._db.table("publishers").upsert(asdict(row), pk="name")


def list_signing(fleet: Fleet) -> list[Publisher]:
    """Return the publishers as the signed metadata name them."""
    return [
        Publisher(row.name, row.prefix, SSlibKey.from_crypto(_public(row.public_key)))
        for row in Publishers(fleet).list_active()
    ]


def _public(digits: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits))


def find_publisher(fleet: Fleet, name: str) -> PublisherRow:
    """Return a publisher that signs packs.

    Raises:
        UsageError: there is none of this name.
    """
    active = Publishers(fleet).list_active()
    for row in active:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in active) or "none"
    raise UsageError(
        f"no publisher {name!r}; there is {names}",
        hint="Make one with: central publishers add NAME --prefix PREFIX-",
    )


def publisher_of(fleet: Fleet, pack_id: str) -> PublisherRow | None:
    """Return who signs a pack; None: the office."""
    return next((row for row in Publishers(fleet).list_active() if pack_id.startswith(row.prefix)), None)


def key_of(fleet: Fleet, pack_id: str) -> str:
    """Return the name of the key that signs a pack."""
    row = publisher_of(fleet, pack_id)
    return PACKS if row is None else row.key_name


def check_packs(fleet: Fleet, packs: Iterable[PackMeta], name: str | None) -> None:
    """Raise unless all these packs are of the publisher `name`; None: of the office.

    Raises:
        UsageError: one is somebody else's, or there is no such publisher.
    """
    own = find_publisher(fleet, name) if name is not None else None
    for pack in packs:
        pack_id = pack.id
        owner = publisher_of(fleet, pack_id)
        if own is not None and owner != own:
            raise UsageError(
                f"{pack_id}: the packs of the publisher {own.name} begin with {own.prefix}",
                hint=f"Give it an id such as {own.prefix}{pack_id} in pack.toml.",
            )
        if own is not None and pack.kind in SYSTEM_KINDS:
            raise UsageError(
                f"{pack_id}: a pack of the kind {pack.kind} changes the hubs themselves",
                hint="Only the office itself publishes it, and hubs refuse it from a publisher.",
            )
        if own is None and owner is not None:
            raise UsageError(
                f"{pack_id}: packs that begin with {owner.prefix} are of the publisher {owner.name}",
                hint=f"Say: central publish --as {owner.name} …",
            )


def check_new(name: str, prefix: str, title: str, known: Sequence[PublisherRow]) -> None:
    """Raise unless this may be a new publisher.

    Raises:
        UsageError: name or prefix are not valid, or overlap with somebody else's.
    """
    if not _NAME.fullmatch(name) or len(name) > MAX_PREFIX:
        raise UsageError(
            f"publisher {name!r:.80}: expected [a-z0-9] and single hyphens, at most {MAX_PREFIX}",
            hint="For example kyiv.",
        )
    if not _PREFIX.fullmatch(prefix) or len(prefix) > MAX_PREFIX:
        raise UsageError(
            f"--prefix {prefix!r:.80}: expected lower-case letters, digits and '-', and a '-' at the end, "
            f"at most {MAX_PREFIX}",
            hint=f"For example {name}-",
        )
    if len(title) > _MAX_TITLE or not title.isprintable():
        raise UsageError(f"--title {title!r:.80}: expected a name of at most {_MAX_TITLE} characters")
    taken = {row.prefix: f"of the publisher {row.name}" for row in known if row.revoked_at is None}
    taken |= dict.fromkeys(RESERVED, "of the hubs' own packs")
    for other, whose in taken.items():
        if other.startswith(prefix) or prefix.startswith(other):
            raise UsageError(
                f"--prefix {prefix}: overlaps with {other}, {whose}",
                hint="Choose one that no other begins with, and that begins with no other.",
            )
    if any(row.name == name and row.revoked_at is None for row in known):
        raise UsageError(
            f"there is a publisher {name} already", hint="`central publishers list` tells of it."
        )


def add_publisher(
    fleet: Fleet, name: str, prefix: str, title: str, public_key: bytes, *, now: datetime
) -> tuple[PublisherRow, list[Published]]:
    """Let somebody sign packs; return who, and the packs on offer that are signed by this key from now on.

    Raises:
        UsageError: as `check_new`.
    """
    publishers = Publishers(fleet)
    check_new(name, prefix, title, publishers.list_all())
    row = PublisherRow(name, prefix, title, public_key.hex(), iso(now))
    publishers.save(row)
    return row, list_packs_of(fleet, row)


def list_packs_of(fleet: Fleet, row: PublisherRow) -> list[Published]:
    """Return the versions on offer that begin with a publisher's prefix."""
    return [pack for pack in fleet.list_packs() if pack.on_offer and pack.pack_id.startswith(row.prefix)]


def revoke_publisher(
    fleet: Fleet, name: str, *, withdraw: bool, now: datetime
) -> tuple[PublisherRow, list[Published]]:
    """Let somebody sign no more; return who, and the packs that were on offer.

    With `withdraw` nobody shall have them any more; otherwise the office's own key signs them from now on.

    Raises:
        UsageError: no such publisher.
    """
    row = find_publisher(fleet, name)
    packs = list_packs_of(fleet, row)
    if withdraw:
        for pack in packs:
            fleet.save_pack(replace(pack, withdrawn_at=iso(now)))
    revoked = replace(row, revoked_at=iso(now))
    Publishers(fleet).save(revoked)
    return revoked, packs
