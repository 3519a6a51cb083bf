"""Make the depot say what fleet.db wants: the second half of every command that changes something.

Order: a command first stores data in the depot, then commits fleet.db, then comes here: SSH keys,
signed metadata (the timestamp last), heads. Each file appears whole and each step can be taken again, so
after a crash anywhere readers see the old state or the new, and the next changing command finishes.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from content_packs import depot
from content_packs.durable import write_durably
from content_packs.errors import local_error
from provisioning.central import metadata, roles
from provisioning.central.deltas import list_steps
from provisioning.central.fleet import Card, Fleet, iso, open_fleet
from provisioning.central.heads import write_heads
from provisioning.central.held import list_unwanted
from provisioning.central.host_keys import list_host_keys, note_told
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office, changing, readable_by_hubs
from provisioning.central.publishers import list_signing
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.ssh_keys import authorized_line
from provisioning.central.sshd.follow import follow
from provisioning.central.wanted import Change, Wanted, list_changes, list_wanted

Result = TypeVar("Result")


def change(
    office: Office, edit: Callable[[Fleet], Result], *, doing: str, now: datetime, dry_run: bool = False
) -> tuple[Result, list[Change]]:
    """Run `edit` on the fleet database, all or nothing, and let the depot follow it.

    Returns what `edit` returned, and what changes for which hub. With `dry_run` nothing is kept.

    Raises:
        BusyError: another command is changing this installation.
    """
    with changing(office, doing), open_fleet(office.fleet_db) as fleet:
        with fleet.transaction(keep=not dry_run):
            before = read_wanted(fleet)
            result = edit(fleet)
            after = read_wanted(fleet)
            _note_unwanted(fleet, before, after, now)
        if not dry_run:
            release(office, fleet, now=now)
        return result, list_changes(before, after)


def read_wanted(fleet: Fleet) -> Wanted:
    """Return what the depot shall say by the fleet database."""
    courses = Rollouts(fleet).read_courses()
    return list_wanted(fleet.list_packs(), fleet.list_hubs(), fleet.list_assignments(), courses)


def release(office: Office, fleet: Fleet, *, now: datetime, keys: KeyRing | None = None) -> None:
    """Bring SSH keys, metadata and heads up to what the fleet database says. Call it with the lock held.

    `keys` are the office's unless others are given, as in a rehearsal.
    """
    wanted = read_wanted(fleet)
    deltas = fleet.list_deltas()
    targets = [roles.pack_target(pack, list_steps(pack, wanted.packs, deltas)) for pack in wanted.packs]
    targets += [
        roles.assignment_target(hub_id, packs, wanted.terms.get(hub_id))
        for hub_id, packs in wanted.by_hub.items()
    ]
    try:
        with readable_by_hubs():
            waiting = [card for card in fleet.list_cards() if card.expires_at > iso(now)]
            is_changed = _write_hub_keys(office, fleet, waiting)
            _make_inboxes(office, {*wanted.by_hub, *(card.hub_id for card in waiting)})
            _remove_leftovers(office)
            root_bytes = office.root.read_bytes()
            current = metadata.update(
                office.tuf,
                keys or office.open_keys(),
                root_bytes,
                targets,
                publishers=list_signing(fleet),
                host_keys=list_host_keys(fleet),
                now=now,
            )
            write_heads(office.depot, fleet, current, wanted)
        note_told(fleet, metadata.list_signed_host_keys(current), now=now)
        if is_changed:
            follow(office.dir)
    except OSError as error:
        raise local_error(error, "writing the depot") from error
    _note_unnamed(fleet, now)


def _note_unwanted(fleet: Fleet, before: Wanted, after: Wanted, now: datetime) -> None:
    """Write down until when hubs were told to have a version: one may fetch it for a long time yet."""
    unwanted = list_unwanted(before, after)
    for pack in fleet.list_packs():
        if (pack.pack_id, pack.version) in unwanted:
            fleet.save_pack(replace(pack, wanted_until=iso(now)))


def _note_unnamed(fleet: Fleet, now: datetime) -> None:
    """Write down since when the metadata that lie there name a version no more."""
    changed = [pack for pack in fleet.list_packs() if pack.on_offer != (pack.unnamed_since is None)]
    with fleet.transaction():
        for pack in changed:
            fleet.save_pack(replace(pack, unnamed_since=None if pack.on_offer else iso(now)))


def _write_hub_keys(office: Office, fleet: Fleet, waiting: Iterable[Card]) -> bool:
    """Write who may sign in; tell whether that is new."""
    is_changed = False
    office.hub_keys.mkdir(exist_ok=True)
    lines = {
        hub.hub_id: authorized_line(hub.hub_id, hub.public_key).encode()
        for hub in fleet.list_hubs()
        if hub.revoked_at is None and hub.public_key
    }
    for card in waiting:
        expires_at = datetime.fromisoformat(card.expires_at)
        line = authorized_line(card.hub_id, card.token_key, until=expires_at).encode()
        lines[card.hub_id] = lines.get(card.hub_id, b"") + line
    for path in office.hub_keys.iterdir():
        if path.name not in lines:
            path.unlink()
            is_changed = True
    for hub_id, line in lines.items():
        path = office.hub_keys / hub_id
        if not path.exists() or path.read_bytes() != line:
            write_durably(path, line)
            is_changed = True
    return is_changed


def _make_inboxes(office: Office, hubs: Iterable[str]) -> None:
    """Make a folder for each hub's reports; whoever runs sshd gives it to the hub's own account."""
    for hub_id in hubs:
        folder = office.depot / depot.inbox_dir(hub_id)
        if not folder.is_dir():
            folder.parent.mkdir(exist_ok=True)
            folder.mkdir(mode=0o700)


def _remove_leftovers(office: Office) -> None:
    """Remove the temporary files of writes that a crash cut short; nobody else writes: the lock is held."""
    for path in office.tuf.glob(".*.tmp"):
        path.unlink()
