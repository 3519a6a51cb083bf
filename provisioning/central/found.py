"""Make a central installation: all of it, or nothing."""

import errno
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from content_packs import depot
from content_packs.durable import fsync_dir, sync_filesystem, write_durably
from content_packs.errors import UsageError, local_error
from provisioning.central import metadata
from provisioning.central.fleet import open_fleet
from provisioning.central.keys import KeyAccess
from provisioning.central.office import Office, readable_by_hubs
from provisioning.central.release import release
from provisioning.central.reports import open_reports


def found_office(
    folder: Path, *, name: str, hash_bits: int, now: datetime, access: KeyAccess | None = None
) -> Office:
    """Make depot, keys, fleet database and hub-root.json in a new or empty folder.

    Everything is made beside it and takes its place in one step. `access` says which passphrases the offline
    keys get; without it none.

    Raises:
        UsageError: the folder holds something, or is a mount point.
        LocalError: the disk refuses.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder}: not an empty folder", hint="Give the name of a new folder.")
        with readable_by_hubs():
            folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
        try:
            _fill(Office(unfinished, access or KeyAccess()), name, hash_bits, now)
            unfinished.chmod(0o755)
            sync_filesystem(unfinished)
            _put_in_place(unfinished, folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        fsync_dir(folder.parent)
    except OSError as error:
        raise local_error(error, f"making {folder}") from error
    return Office(folder, access or KeyAccess())


def _put_in_place(unfinished: Path, folder: Path) -> None:
    try:
        unfinished.replace(folder)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        raise UsageError(
            f"{folder}: a disk is mounted there, and an installation takes its place in one step",
            hint=f"Give the name of a new folder on that disk, for example {folder / 'central'}.",
        ) from error


def _fill(office: Office, name: str, hash_bits: int, now: datetime) -> None:
    keys = office.open_keys()
    keys.create()
    with readable_by_hubs():
        write_durably(office.depot / depot.FORMAT_PATH, depot.FORMAT_TEXT)
        root_bytes = metadata.create(office.tuf, keys, hash_bits=hash_bits, now=now)
        write_durably(office.root, root_bytes)
    office.lock.touch()
    with open_reports(office.reports_db):
        pass  # made empty
    with open_fleet(office.fleet_db) as fleet:
        fleet.describe(name, now=now)
        release(office, fleet, now=now)
