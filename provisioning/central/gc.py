"""Collect garbage: take off the offers what no hub needs, and delete what nobody can be fetching any more.

In two steps, each at least a grace apart. First a version leaves the signed metadata; the files of one that
no metadata have named for the grace are deleted in a later run. So a hub that verified metadata within the
grace finds whatever they name. A run that is cut is finished by the next one: rows of fleet.db say that
files are gone only when they are.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from content_packs import depot
from content_packs.built import open_built
from content_packs.errors import BadDataError, UsageError, local_error
from provisioning.central import metadata
from provisioning.central.fleet import Fleet, Published, iso, open_fleet
from provisioning.central.held import GRACE, Held, list_deletable, list_held, list_retirable
from provisioning.central.office import Office, changing
from provisioning.central.publishers import key_of
from provisioning.central.release import read_wanted, release
from provisioning.central.reports import open_reports
from provisioning.central.rollouts.store import Rollouts

MAX_UPLOAD_AGE = timedelta(days=30)  # of a report that a hub began to send and never went on with

_VERSIONED = re.compile(r"([1-9][0-9]*)\.([a-z0-9-]+)\.json")


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A file of the depot that nobody needs."""

    path: Path
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What one run did, or with `dry_run` would do. Packs are `<id>@<version>`."""

    retired: tuple[str, ...]  # off the offers; their files stay for the grace
    freed: tuple[str, ...]  # their files are deleted
    files: tuple[Rubbish, ...]
    waiting_for_key: tuple[str, ...] = ()  # would be retired, but the key of `packs` is not here

    @property
    def freed_bytes(self) -> int:
        """The size of all that is deleted."""
        return sum(file.size for file in self.files)


def collect(office: Office, *, now: datetime, grace: timedelta = GRACE, dry_run: bool = False) -> Collected:
    """Take versions off the offers and delete files, by the rules of held.py.

    Raises:
        BadDataError: the index of a version that is kept is damaged: what it needs is not known.
        BusyError: another command is changing this installation.
    """
    with changing(office, "gc"), open_fleet(office.fleet_db) as fleet:
        with fleet.transaction(keep=not dry_run):
            retired, waiting = _retire(office, fleet, now, grace)
        if not dry_run:
            release(office, fleet, now=now)
        try:
            freed, files = _list_rubbish(office, fleet, now, grace)
            if not dry_run:
                _delete(office, files)
        except OSError as error:
            raise local_error(error, "collecting garbage in the depot") from error
        if not dry_run:
            _thin_reports(office, now)
            with fleet.transaction():
                for pack in freed:
                    fleet.save_pack(replace(pack, freed_at=iso(now)))
                    fleet.save_deltas(pack.pack_id, pack.version, [])
    return Collected(_names(retired), _names(freed), tuple(files), _names(waiting))


def read_held(
    office: Office, fleet: Fleet, *, now: datetime, grace: timedelta = GRACE
) -> dict[str, set[int]]:
    """Return by pack the versions that some hub may have, and whose files are whole in the depot."""
    wanted = read_wanted(fleet)
    reported: Held = {}
    if office.reports_db.is_file():  # a dry run makes no files
        with open_reports(office.reports_db) as reports:
            reported = reports.held_versions(wanted.by_hub)
    return list_held(fleet.list_packs(), wanted, reported, now=now, grace=grace)


def _thin_reports(office: Office, now: datetime) -> None:
    """Forget old reports, those too of hubs that no longer say anything."""
    if office.reports_db.is_file():
        with open_reports(office.reports_db) as reports, reports.transaction():
            for hub_id in reports.list_hubs():
                reports.thin(hub_id, now=now)


def _retire(
    office: Office, fleet: Fleet, now: datetime, grace: timedelta
) -> tuple[list[Published], list[Published]]:
    """Take versions off the offers; return them, and those that wait for the key that signs this."""
    held = read_held(office, fleet, now=now, grace=grace)
    rolled_out = Rollouts(fleet).list_versions()
    found = list_retirable(
        fleet.list_packs(), fleet.list_assignments(), held, rolled_out, now=now, grace=grace
    )
    keys = office.open_keys()
    is_ready = {name: keys.is_ready(name) for name in {key_of(fleet, pack.pack_id) for pack in found}}
    retired = [pack for pack in found if is_ready[key_of(fleet, pack.pack_id)]]
    for pack in retired:
        fleet.save_pack(replace(pack, retired_at=iso(now)))
    return retired, [pack for pack in found if pack not in retired]


def _list_rubbish(
    office: Office, fleet: Fleet, now: datetime, grace: timedelta
) -> tuple[list[Published], list[Rubbish]]:
    """Return the versions to free, and every file to delete: theirs, then what nobody knows."""
    packs = fleet.list_packs()
    freed = list_deletable(packs, read_held(office, fleet, now=now, grace=grace), now=now, grace=grace)
    kept = [pack for pack in packs if pack.freed_at is None and pack not in freed]
    needed = {path for pack in kept for path in _files_of(office.depot, pack)}
    found: dict[Path, Rubbish] = {}
    for rubbish in (
        *_files_of_freed(office.depot, freed, needed),
        *_strangers(office.depot, kept, needed, now - grace),
        *_old_metadata(office, now - grace),
        *_unfinished(office.depot, now),
    ):
        found.setdefault(rubbish.path, rubbish)
    return freed, list(found.values())


def _files_of(folder: Path, pack: Published) -> list[Path]:
    """Return the files of a version that its index names."""
    try:
        built = open_built(folder / depot.pack_dir(pack.pack_id, pack.version))
    except (BadDataError, UsageError) as error:
        raise BadDataError(
            f"{pack.name}: its index in the depot is missing or damaged: nothing was deleted",
            hint="Publish this version again from its built pack, or withdraw it.",
        ) from error
    return [folder / path for path, _ in built.list_files()]


def _files_of_freed(folder: Path, freed: Iterable[Published], needed: set[Path]) -> Iterator[Rubbish]:
    """Yield the files of versions; the index last, since a run that is cut needs it again."""
    for pack in freed:
        place = folder / depot.pack_dir(pack.pack_id, pack.version)
        index = place / depot.INDEX_NAME
        paths = set(place.iterdir()) if place.is_dir() else set()
        with contextlib.suppress(BadDataError):  # without it, its objects are strangers
            paths |= {path for path in _files_of(folder, pack) if path.is_file()} - needed
        for path in sorted(paths, key=lambda path: (path == index, path)):
            yield Rubbish(path, path.stat().st_size, f"of {pack.name}, named no more")


def _strangers(
    folder: Path, kept: Iterable[Published], needed: set[Path], before: datetime
) -> Iterator[Rubbish]:
    """Yield old files that no version needs: a publish was cut, or a version without an index was freed."""
    folders = {folder / depot.pack_dir(pack.pack_id, pack.version) for pack in kept}
    for path in _list_files(folder / "packs"):
        if path.parent not in folders and _is_older(path, before):
            yield Rubbish(path, path.stat().st_size, "of no version")
    for path in _list_files(folder / "objects"):
        if path not in needed and _is_older(path, before):
            yield Rubbish(path, path.stat().st_size, "of no version")


def _old_metadata(office: Office, before: datetime) -> Iterator[Rubbish]:
    """Yield versions of roles that others have followed long ago; never a root, nor what is in use."""
    current = metadata.read_current(office.tuf, office.root.read_bytes())
    found = [(match[2], int(match[1]), path) for path, match in _versioned(office.tuf) if match[2] != "root"]
    for (role, _, path), (next_role, _, successor) in pairwise(sorted(found)):
        if role == next_role and path.name not in current.files and _is_older(successor, before):
            yield Rubbish(path, path.stat().st_size, "metadata that others have followed")


def _versioned(folder: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in folder.iterdir():
        if match := _VERSIONED.fullmatch(path.name):
            yield path, match


def _unfinished(folder: Path, now: datetime) -> Iterator[Rubbish]:
    """Yield what interrupted writers left: our own at once, since we hold the lock; hubs may go on."""
    for part in ("packs", "objects", "tuf", depot.HEADS, depot.NEWS):
        for path in _list_files(folder / part):
            if path.name.startswith("."):
                yield Rubbish(path, path.stat().st_size, "its writing was cut")
    for path in _list_files(folder / "inbox"):
        if path.name.startswith(".") and _is_older(path, now - MAX_UPLOAD_AGE):
            yield Rubbish(path, path.stat().st_size, "its upload was cut")


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _is_older(path: Path, moment: datetime) -> bool:
    return path.stat().st_mtime <= moment.timestamp()


def _delete(office: Office, files: Sequence[Rubbish]) -> None:
    """Delete files in order, and the folders that become empty."""
    for rubbish in files:
        rubbish.path.unlink(missing_ok=True)
    for folder in {rubbish.path.parent for rubbish in files}:
        _remove_empty(folder, office.depot)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder of packs or objects and those above it, as far as they are empty."""
    if folder.relative_to(root).parts[0] not in ("packs", "objects"):
        return
    while folder.parent != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _names(packs: Iterable[Published]) -> tuple[str, ...]:
    return tuple(pack.name for pack in packs)
