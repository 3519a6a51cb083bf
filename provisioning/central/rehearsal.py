"""Try a change of keys on a copy of what is signed; the client that hubs run judges what came of it."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from content_packs import depot, trust
from content_packs.errors import BadDataError, Error, IdentityError, local_error
from content_packs.transports.local import open_local
from provisioning.central import metadata
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.office import Office

MAX_HUBS = 20  # of the fleet, spread over it: each takes some hundredths of a second
_NOBODY = "h-nobody"  # where no hub is enrolled yet
Expected = Mapping[str, Mapping[str, int]]  # hub → its packs


@contextmanager
def rehearsal(office: Office, root_bytes: bytes) -> Iterator[tuple[Office, Fleet]]:
    """Give a copy of an installation: its signed metadata, heads and fleet database. No key is copied.

    Raises:
        LocalError: there is no room for it.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="central-rehearsal-") as name:
            copy = Office(Path(name), office.access)
            _copy_signed(office, root_bytes, copy)
            for part in (depot.HEADS, depot.NEWS):
                if (office.depot / part).is_dir():
                    shutil.copytree(office.depot / part, copy.depot / part)
            copy.root.write_bytes(root_bytes)
            with (
                closing(sqlite3.connect(office.fleet_db)) as source,
                closing(sqlite3.connect(copy.fleet_db)) as target,
            ):
                source.backup(target)
            with open_fleet(copy.fleet_db) as fleet:
                yield copy, fleet
    except OSError as error:
        raise local_error(error, "rehearsing on a copy") from error


def _copy_signed(office: Office, root_bytes: bytes, copy: Office) -> None:
    copy.tuf.mkdir(parents=True)
    current = metadata.read_current(office.tuf, root_bytes)
    for name in {*current.files, *metadata.list_roots(office.tuf)}:
        shutil.copyfile(office.tuf / name, copy.tuf / name)


@dataclass(frozen=True, slots=True)
class Trial:
    """Some hubs as they are before a change."""

    folder: Path
    root_bytes: bytes
    hubs: Sequence[str]
    now: datetime

    def check(self, office: Office, expected: Expected) -> int:
        """Let each hub, and one that was never here, read this depot; return how many were tried.

        The first of them reads it without a head too, as one for which that is damaged.

        Raises:
            BadDataError: one of them refuses it, or is offered other packs than it shall have.
        """
        with tempfile.TemporaryDirectory(prefix="central-hubs-") as name:
            for number, hub_id in enumerate(self.hubs or [_NOBODY]):
                known, new = Path(name) / hub_id, Path(name) / f"{hub_id}.new"
                if (self.folder / hub_id).is_dir():
                    shutil.copytree(self.folder / hub_id, known)
                self._ask(office.depot, known, hub_id, expected)
                self._ask(office.depot, new, hub_id, expected)
                if number == 0:
                    copy = Office(Path(name) / "copy")
                    _copy_signed(office, self.root_bytes, copy)
                    self._ask(copy.depot, Path(name) / f"{hub_id}.headless", hub_id, expected)
        return len(self.hubs)

    def _ask(self, depot_dir: Path, trust_dir: Path, hub_id: str, expected: Expected) -> None:
        try:
            offers = _refresh(depot_dir, trust_dir, self.root_bytes, hub_id, self.now)
        except IdentityError:
            if hub_id != _NOBODY:
                raise
            return  # it has verified all, and then found no assignment
        except Error as error:
            raise BadDataError(
                f"{hub_id} would refuse the depot: {error.message}",
                hint="In the rehearsal nothing was changed; after it, restore depot and keys from a backup.",
            ) from error
        offered = {offer.pack_id: offer.version for offer in offers.packs}
        if offered != dict(expected[hub_id]):
            raise BadDataError(
                f"{hub_id} would be offered {offered}, and shall have {dict(expected[hub_id])}",
                hint="Run any `central` command that changes something, which repairs the depot; then again.",
            )


@contextmanager
def trial(office: Office, root_bytes: bytes, hubs: Sequence[str], now: datetime) -> Iterator[Trial]:
    """Give some of these hubs, as they know the depot now; one that cannot read it now knows nothing."""
    step = max(1, -(-len(hubs) // MAX_HUBS))
    with tempfile.TemporaryDirectory(prefix="central-hubs-") as name:
        made = Trial(Path(name), root_bytes, list(hubs)[::step], now)
        for hub_id in made.hubs:
            try:
                _refresh(office.depot, made.folder / hub_id, root_bytes, hub_id, now)
            except Error:
                continue
        yield made


def _refresh(depot_dir: Path, trust_dir: Path, root_bytes: bytes, hub_id: str, now: datetime) -> trust.Offers:
    with open_local(depot_dir) as transport:
        return trust.refresh(transport, trust_dir=trust_dir, root_bytes=root_bytes, hub_id=hub_id, now=now)
