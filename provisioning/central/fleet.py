"""fleet.db: what the office wants. The depot follows it (release.py), so after a crash this is the truth."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from provisioning.central.database import open_database, transaction

_ANEW = "Make a new installation with `central init DIR`, and each hub anew with `hub init DIR`."
migrations = Migrations("central")


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a pack in the depot. Rows are never deleted: a version is never given twice."""

    pack_id: str
    version: int
    kind: str
    title: str
    language: str
    index_sha256: str
    index_length: int
    index_json_sha256: str  # of the index unpacked
    index_json_size: int
    download_bytes: int
    unpacked_bytes: int
    published_at: str  # ISO 8601, UTC
    withdrawn_at: str | None = None
    wanted_until: str | None = None  # when the last hub stopped being told to have it
    retired_at: str | None = None  # when `central gc` took it off the offers
    unnamed_since: str | None = None  # since when no signed metadata name it
    freed_at: str | None = None  # when its files were deleted from the depot

    @property
    def name(self) -> str:
        """`<id>@<version>`, as commands name it."""
        return f"{self.pack_id}@{self.version}"

    @property
    def on_offer(self) -> bool:
        """Whether hubs may be told to have it."""
        return self.withdrawn_at is None and self.retired_at is None


@dataclass(frozen=True, slots=True)
class DeltaRow:
    """One delta in the depot; sizes are bytes."""

    pack_id: str
    version: int  # that it makes
    from_version: int
    size: int
    head_size: int

    def makes(self, pack: Published) -> bool:
        """Tell whether it makes this version."""
        return (self.pack_id, self.version) == (pack.pack_id, pack.version)


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub of the fleet; a revoked one stays in the list."""

    hub_id: str
    school: str
    ring: str
    public_key: str  # OpenSSH, without a comment; empty: its card is replaced, the new one not approved yet
    enrolled_at: str  # ISO 8601, UTC
    revoked_at: str | None = None
    revoked_why: str | None = None
    replaced_at: str | None = None  # when its card was given up for a new one
    school_code: str = ""  # as its card says; empty: it was enrolled without one

    @property
    def card_since(self) -> str:
        """Since when what is said of its card is about the one that it has now."""
        return max(self.enrolled_at, self.replaced_at or "")


@dataclass(frozen=True, slots=True)
class Card:
    """A card that was made for a school, whose hub has not been approved yet."""

    hub_id: str
    school_code: str
    school: str
    ring: str
    token_key: str  # OpenSSH: the public half of the key that its one-time token gives
    made_at: str  # ISO 8601, UTC
    expires_at: str  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class Assignment:
    """A pack for one hub, or for the hubs of a ring; `version` None means always the newest."""

    audience: Literal["hub", "ring"]
    name: str  # the hub's id or the ring
    pack_id: str
    version: int | None
    priority: int = 0  # -9 to 9; what has more comes first
    when_full: Literal["wait", "replace"] = "wait"  # where old and new do not fit on a hub together
    quiet_hours: str = ""  # such as "08:00-15:00", by the hub's clock: this pack waits
    day_mb: int = 0  # of this pack, over the uplink; 0: as the hub has it


@dataclass(frozen=True, slots=True)
class Head:
    """What was written for one hub into heads/ and news/ of the depot."""

    hub_id: str
    sha256: str  # of the file heads/<hub>
    state: str  # content_packs.head.state_of
    meaning: str  # a digest of what it tells this hub
    signed_at: str  # of its timestamp


@migrations()
def m001_first(db: Database) -> None:
    """Make the tables of the first release.

    Once that is out, a change of a table is a new migration. Columns stand here as they are, not as the
    dataclasses above have them: those change with the program.
    """
    db.table("packs").create(
        {
            "pack_id": str,
            "version": int,
            "kind": str,
            "title": str,
            "language": str,
            "index_sha256": str,
            "index_length": int,
            "index_json_sha256": str,
            "index_json_size": int,
            "download_bytes": int,
            "unpacked_bytes": int,
            "published_at": str,
            "withdrawn_at": str,
            "wanted_until": str,
            "retired_at": str,
            "unnamed_since": str,
            "freed_at": str,
        },
        pk=("pack_id", "version"),
    )
    db.table("deltas").create(
        {"pack_id": str, "version": int, "from_version": int, "size": int, "head_size": int},
        pk=("pack_id", "version", "from_version"),
    )
    db.table("hubs").create(
        {
            "hub_id": str,
            "school": str,
            "ring": str,
            "public_key": str,
            "enrolled_at": str,
            "revoked_at": str,
            "revoked_why": str,
            "replaced_at": str,
            "school_code": str,
        },
        pk="hub_id",
    )
    db.table("assignments").create(
        {
            "audience": str,
            "name": str,
            "pack_id": str,
            "version": int,
            "priority": int,
            "when_full": str,
            "quiet_hours": str,
            "day_mb": int,
        },
        pk=("audience", "name", "pack_id"),
    )
    db.table("heads").create(
        {"hub_id": str, "sha256": str, "state": str, "meaning": str, "signed_at": str}, pk="hub_id"
    )
    db.table("about").create({"key": str, "value": str}, pk="key")


@migrations()
def m002_cards(db: Database) -> None:
    """Make the table of cards that wait for their hub."""
    db.table("cards").create(
        {
            "hub_id": str,
            "school_code": str,
            "school": str,
            "ring": str,
            "token_key": str,
            "made_at": str,
            "expires_at": str,
        },
        pk="hub_id",
    )


@migrations()
def m003_publishers(db: Database) -> None:
    """Make the table of those who sign packs of their own."""
    db.table("publishers").create(
        {
            "name": str,
            "prefix": str,
            "title": str,
            "public_key": str,
            "added_at": str,
            "revoked_at": str,
        },
        pk="name",
    )


@migrations()
def m004_rollouts(db: Database) -> None:
    """Make the tables of rollouts: provisioning/central/rollouts/store.py."""
    db.table("rollouts").create(
        {
            "rollout_id": int,
            "pack_id": str,
            "version": int,
            "base": int,
            "stages": str,
            "stage": int,
            "state": str,
            "reason": str,
            "wait_s": int,
            "enough": int,
            "at_least_s": int,
            "max_fail": int,
            "deadline": str,
            "started_at": str,
            "stage_at": str,
            "changed_at": str,
            "released_at": str,
        },
        pk="rollout_id",
    )
    db.table("rollout_hubs").create(
        {
            "rollout_id": int,
            "hub_id": str,
            "enrolled_at": str,
            "stage": int,
            "before": int,
            "reached_at": str,
            "state": str,
            "reason": str,
            "since": str,
            "accepted": int,
        },
        pk=("rollout_id", "hub_id"),
    )


@migrations()
def m005_filters(db: Database) -> None:
    """Make the tables of the content filter: provisioning/central/filters/tables.py."""
    db.table("filter_lists").create(
        {"name": str, "category": str, "domains": int, "sha256": str, "source": str, "added_at": str},
        pk="name",
    )
    db.table("filter_policies").create(
        {
            "name": str,
            "block": str,  # JSON, as the next and allow_lists
            "lesson_block": str,
            "lesson_time": str,
            "safe_search": int,
            "allow_lists": str,
            "set_at": str,
        },
        pk="name",
    )
    db.table("filter_answers").create(
        {"name": str, "policy": str, "verdict": str, "answered_at": str}, pk=("name", "policy")
    )


class Fleet:
    """Typed reading and writing of fleet.db; the only module that knows its tables, but for those of parts
    that have a class of their own.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def database(self) -> Database:
        """The database itself, for the modules that have tables of their own in it."""
        return self._db

    def list_packs(self) -> list[Published]:
        """Return every version ever published, oldest version of a pack first."""
        return [Published(**row) for row in self._db.query("select * from packs order by pack_id, version")]

    def list_deltas(self) -> list[DeltaRow]:
        """Return every delta in the depot."""
        rows = self._db.query("select * from deltas order by pack_id, version, from_version")
        return [DeltaRow(**row) for row in rows]

    def list_hubs(self) -> list[Hub]:
        """Return every hub, revoked ones too, by id."""
        return [Hub(**row) for row in self._db.query("select * from hubs order by hub_id")]

    def list_assignments(self) -> list[Assignment]:
        """Return every assignment."""
        rows = self._db.query("select * from assignments order by audience, name, pack_id")
        return [Assignment(**row) for row in rows]

    def save_pack(self, pack: Published) -> None:
        """Add a version, or change whether it is withdrawn."""
        self._db.table("packs").upsert(asdict(pack), pk=("pack_id", "version"))

    def list_heads(self) -> list[Head]:
        """Return what was written into the depot for each hub."""
        return [Head(**row) for row in self._db.query("select * from heads order by hub_id")]

    def replace_heads(self, heads: Iterable[Head]) -> None:
        """Note that just these lie in the depot."""
        with self.transaction():
            self._db.table("heads").delete_where()
            self._db.table("heads").insert_all([asdict(head) for head in heads])

    def save_deltas(self, pack_id: str, version: int, deltas: Iterable[DeltaRow]) -> None:
        """Note the deltas that make a version, instead of those noted before."""
        table = self._db.table("deltas")
        table.delete_where("pack_id = ? and version = ?", [pack_id, version])
        table.insert_all(asdict(delta) for delta in deltas)

    def save_hub(self, hub: Hub) -> None:
        """Add or change a hub."""
        self._db.table("hubs").upsert(asdict(hub), pk="hub_id")

    def replace_key(self, hub_id: str, public_key: str) -> None:
        """Give an enrolled hub another key."""
        self._db.table("hubs").update(hub_id, {"public_key": public_key})

    def list_cards(self) -> list[Card]:
        """Return every card whose hub has not been approved, expired ones too, by id."""
        return [Card(**row) for row in self._db.query("select * from cards order by hub_id")]

    def save_card(self, card: Card) -> None:
        """Add a card, or replace the one for the same hub."""
        self._db.table("cards").upsert(asdict(card), pk="hub_id")

    def delete_card(self, hub_id: str) -> None:
        """Forget a card: its token lets nobody in any more."""
        self._db.table("cards").delete_where("hub_id = ?", [hub_id])

    def save_assignment(self, assignment: Assignment) -> None:
        """Add an assignment, or give it another version."""
        self._db.table("assignments").upsert(asdict(assignment), pk=("audience", "name", "pack_id"))

    def delete_assignment(self, assignment: Assignment) -> None:
        """Forget an assignment."""
        key = [assignment.audience, assignment.name, assignment.pack_id]
        self._db.table("assignments").delete_where("audience = ? and name = ? and pack_id = ?", key)

    def delete_assignments_of(self, hub_id: str) -> None:
        """Forget what was assigned to one hub by its id; those of its rings stay."""
        self._db.table("assignments").delete_where("audience = 'hub' and name = ?", [hub_id])

    def describe(self, name: str, *, now: datetime) -> None:
        """Note whose installation this is."""
        about = {"name": name, "made_at": iso(now)}
        rows = [{"key": key, "value": value} for key, value in about.items()]
        self._db.table("about").insert_all(rows, pk="key")

    def name(self) -> str:
        """Return whose installation this is; empty where nobody said."""
        return self.note("name")

    def note(self, key: str) -> str:
        """Return what was noted about this installation under a key; empty where nothing was."""
        rows = self._db.query("select value from about where key = ?", [key])
        return next((str(row["value"]) for row in rows), "")

    def save_note(self, key: str, value: str) -> None:
        """Note something about this installation, such as where its depot is."""
        self._db.table("about").upsert({"key": key, "value": value}, pk="key")

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All changes inside are kept together, or none: after an error, or where `keep` is false."""
        with transaction(self._db, keep=keep):
            yield


@contextmanager
def open_fleet(path: Path) -> Iterator[Fleet]:
    """Open fleet.db, made and migrated where needed; errors are those of `open_database`."""
    with open_database(path, migrations, hint=_ANEW) as db:
        yield Fleet(db)


def iso(now: datetime) -> str:
    """Return a time as the database keeps it."""
    return now.isoformat(timespec="seconds")
