"""Make the depot say what fleet.db wants: the second half of every command that changes something.

Order: a command first stores data in the depot, then commits fleet.db, then comes here: SSH keys,
signed metadata (the timestamp last), heads. Each file appears whole and each step can be taken again, so
after a crash anywhere readers see the old state or the new, and the next changing command finishes.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from content_packs.durable import locked, write_durably
from content_packs.errors import local_error
from provisioning.central import metadata, roles
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.heads import write_heads
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office, readable_by_hubs
from provisioning.central.ssh_keys import authorized_line
from provisioning.central.wanted import Change, list_changes, read_wanted

Result = TypeVar("Result")


def change(
    office: Office, edit: Callable[[Fleet], Result], *, doing: str, now: datetime, dry_run: bool = False
) -> tuple[Result, list[Change]]:
    """Run `edit` on the fleet database, all or nothing, and let the depot follow it.

    Returns what `edit` returned, and what changes for which hub. With `dry_run` nothing is kept.

    Raises:
        BusyError: another command is changing this installation.
    """
    with locked(office.lock, doing=doing), open_fleet(office.fleet_db) as fleet:
        with fleet.transaction(keep=not dry_run):
            before = read_wanted(fleet)
            result = edit(fleet)
            after = read_wanted(fleet)
        if not dry_run:
            release(office, fleet, now=now)
        return result, list_changes(before, after)


def release(office: Office, fleet: Fleet, *, now: datetime) -> None:
    """Bring SSH keys, metadata and heads up to what the fleet database says. Call it with the lock held."""
    wanted = read_wanted(fleet)
    targets = [roles.pack_target(pack) for pack in wanted.packs]
    targets += [roles.assignment_target(hub_id, packs) for hub_id, packs in wanted.by_hub.items()]
    try:
        with readable_by_hubs():
            _write_hub_keys(office, fleet)
            _remove_leftovers(office)
            root_bytes = office.root.read_bytes()
            current = metadata.update(office.tuf, KeyRing(office.keys), root_bytes, targets, now=now)
            write_heads(office.heads, current, wanted)
    except OSError as error:
        raise local_error(error, "writing the depot") from error


def _write_hub_keys(office: Office, fleet: Fleet) -> None:
    office.hub_keys.mkdir(exist_ok=True)
    lines = {
        hub.hub_id: authorized_line(hub.hub_id, hub.public_key).encode()
        for hub in fleet.list_hubs()
        if hub.revoked_at is None
    }
    for path in office.hub_keys.iterdir():
        if path.name not in lines:
            path.unlink()
    for hub_id, line in lines.items():
        path = office.hub_keys / hub_id
        if not path.exists() or path.read_bytes() != line:
            write_durably(path, line)


def _remove_leftovers(office: Office) -> None:
    """Remove the temporary files of writes that a crash cut short; nobody else writes: the lock is held."""
    for path in office.tuf.glob(".*.tmp"):
        path.unlink()
