"""Which versions each hub shall have: rules without I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioning.central.fleet import Assignment, Fleet, Hub, Published

EVERYBODY = "all"  # the ring that holds every hub, whatever its own ring is


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the depot shall say: versions on offer, and by hub its packs with their versions."""

    packs: tuple[Published, ...]
    by_hub: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """What one hub gets instead of what; None: nothing."""

    hub_id: str
    pack_id: str
    before: int | None
    after: int | None


def read_wanted(fleet: Fleet) -> Wanted:
    """Return what the depot shall say by the fleet database."""
    packs = tuple(pack for pack in fleet.list_packs() if pack.withdrawn_at is None)
    hubs = [hub for hub in fleet.list_hubs() if hub.revoked_at is None]
    assignments = fleet.list_assignments()
    return Wanted(packs, {hub.hub_id: resolve(hub, assignments, packs) for hub in hubs})


def resolve(hub: Hub, assignments: Iterable[Assignment], packs: Sequence[Published]) -> Mapping[str, int]:
    """Return the packs of one hub: its own assignments go before its ring's, those before everybody's.

    Without a version it is the newest on offer. A version that is not on offer leaves the pack out.
    """
    on_offer = {(pack.pack_id, pack.version) for pack in packs}
    newest = {pack.pack_id: pack.version for pack in sorted(packs, key=lambda pack: pack.version)}
    chosen: dict[str, int] = {}
    for assignment in sorted((a for a in assignments if _rank(a, hub)), key=lambda a: _rank(a, hub)):
        chosen.pop(assignment.pack_id, None)
        version = assignment.version or newest.get(assignment.pack_id)
        if version is not None and (assignment.pack_id, version) in on_offer:
            chosen[assignment.pack_id] = version
    return dict(sorted(chosen.items()))


def _rank(assignment: Assignment, hub: Hub) -> int:
    """Return how closely an assignment means this hub; 0: not at all."""
    if assignment.audience == "hub":
        return 3 if assignment.name == hub.hub_id else 0
    if assignment.name == hub.ring:
        return 2
    return 1 if assignment.name == EVERYBODY else 0


def list_changes(before: Wanted, after: Wanted) -> list[Change]:
    """Return what changes for which hub, by hub and pack."""
    changes = []
    for hub_id in sorted(before.by_hub.keys() | after.by_hub.keys()):
        old, new = before.by_hub.get(hub_id, {}), after.by_hub.get(hub_id, {})
        for pack_id in sorted(old.keys() | new.keys()):
            change = Change(hub_id, pack_id, old.get(pack_id), new.get(pack_id))
            if change.before != change.after:
                changes.append(change)
    return changes
