"""Where things lie in a central installation."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from content_packs.durable import locked
from content_packs.errors import BusyError, UsageError
from provisioning.central.keys import KeyAccess, KeyRing

PATIENCE_S = 10.0  # with another command; most are done in a second, 2000 hubs take some
_MAX_DOING = 100


@dataclass(frozen=True, slots=True)
class Office:
    """The folder that `central init DIR` made."""

    dir: Path
    access: KeyAccess = field(default_factory=KeyAccess, compare=False, repr=False)

    def open_keys(self) -> KeyRing:
        """Return the keys: those in `keys`, and those where `access` says."""
        return KeyRing(self.keys, self.access)

    @property
    def depot(self) -> Path:
        """What hubs and sticks are served from: docs/format/depot-v1.md."""
        return self.dir / "depot"

    @property
    def tuf(self) -> Path:
        """Signed metadata, inside the depot."""
        return self.depot / "tuf"

    @property
    def heads(self) -> Path:
        """One file for each enrolled hub, inside the depot."""
        return self.depot / "heads"

    @property
    def keys(self) -> Path:
        """Private signing keys: offline/ may be moved to a stick, online/ stays."""
        return self.dir / "keys"

    @property
    def hub_keys(self) -> Path:
        """An authorized_keys file for each enrolled hub, for sshd."""
        return self.dir / "hub-keys"

    @property
    def fleet_db(self) -> Path:
        """The fleet database: what the depot shall say."""
        return self.dir / "fleet.db"

    @property
    def reports_db(self) -> Path:
        """What hubs have reported. A file of its own: publishing may hold fleet.db for hours."""
        return self.dir / "reports.db"

    @property
    def quarantine(self) -> Path:
        """What lay in an inbox and is no report, by hub: quarantine.py."""
        return self.dir / "quarantine"

    @property
    def filters(self) -> Path:
        """Lists of names, and what was last made of them: provisioning/central/filters."""
        return self.dir / "filters"

    @property
    def ingest_lock(self) -> Path:
        """Held by the one `central ingest` that runs."""
        return self.dir / ".ingest.lock"

    @property
    def people_db(self) -> Path:
        """Who may use the dashboard, what was done, and notes about schools."""
        return self.dir / "people.db"

    @property
    def session_key(self) -> Path:
        """What the dashboard signs its cookies with."""
        return self.keys / "online" / "session.key"

    @property
    def uploads(self) -> Path:
        """What was sent to the dashboard to be published, a folder for each."""
        return self.dir / "uploads"

    @property
    def root(self) -> Path:
        """hub-root.json: the first root, which every hub ships with."""
        return self.dir / "hub-root.json"

    @property
    def lock(self) -> Path:
        """Held by the one command that changes something."""
        return self.dir / ".lock"


@contextmanager
def changing(office: Office, doing: str) -> Iterator[None]:
    """Be the one command that changes this installation; one that is soon done is waited for.

    What is being done stands in the lock's file, for whoever has to wait; it means nothing once that is free.

    Raises:
        BusyError: another command has been at it for all that time.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(office.lock, doing=doing, patience_s=PATIENCE_S))
        except BusyError as error:
            raise BusyError(
                f"{doing}: another command is changing this installation{_tell_other(office)}",
                hint="Wait until it has ended, an hour perhaps where a large pack is published; then again.",
            ) from error
        _note_in(office.lock, f"{doing}, since {datetime.now(UTC):%H:%M} UTC")
        try:
            yield
        finally:
            _note_in(office.lock, "")


def _note_in(lock: Path, text: str) -> None:
    with suppress(OSError):  # a full disk: who waits is told less
        lock.write_text(text, encoding="utf-8")


def _tell_other(office: Office) -> str:
    with suppress(OSError):
        text = office.lock.read_bytes()[:_MAX_DOING].decode("utf-8", "replace")
        return f": {text}" if text.isprintable() and text else ""
    return ""


@contextmanager
def readable_by_hubs() -> Iterator[None]:
    """Make new folders 0755 and files 0644, whatever the umask is: docs/format/depot-v1.md §3.

    sshd reads a depot as each hub's own account, and refuses one that a group may write. The umask is
    that of the whole process; a process of `central` makes files in one thread only.
    """
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def find_office(given: str | None, access: KeyAccess | None = None) -> Office:
    """Return the installation in `given` (--dir), else in $CENTRAL_DIR; `access` says where keys lie besides.

    Raises:
        UsageError: neither is set, or `central init` never made one there.
    """
    chosen = given or os.environ.get("CENTRAL_DIR")
    if not chosen:
        raise UsageError(
            "which installation? no --dir and no $CENTRAL_DIR",
            hint="Say `central --dir DIR …`, or set CENTRAL_DIR, to the folder that `central init` made.",
        )
    office = Office(Path(chosen).absolute(), access or KeyAccess())
    if not office.fleet_db.is_file() or not office.root.is_file():
        raise UsageError(
            f"{office.dir}: no central installation there", hint="Make one with: central init DIR"
        )
    return office
