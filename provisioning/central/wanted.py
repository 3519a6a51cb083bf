"""Which versions each hub shall have: rules without I/O."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.central.fleet import Assignment, Hub, Published

EVERYBODY = "all"  # the ring that holds every hub, whatever its own ring is


@dataclass(frozen=True, slots=True)
class Terms:
    """How a hub shall take a pack; the usual way where nothing else is said."""

    priority: int = 0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the depot shall say: versions on offer, and by hub its packs with their versions and terms."""

    packs: tuple[Published, ...]
    by_hub: Mapping[str, Mapping[str, int]]
    terms: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)  # by hub, unusual ones only


@dataclass(frozen=True, slots=True)
class Change:
    """What one hub gets instead of what; None: nothing."""

    hub_id: str
    pack_id: str
    before: int | None
    after: int | None


def list_wanted(
    packs: Iterable[Published], hubs: Iterable[Hub], assignments: Collection[Assignment]
) -> Wanted:
    """Return what the depot shall say, of everything that the office has."""
    on_offer = tuple(pack for pack in packs if pack.on_offer)
    enrolled = [hub for hub in hubs if hub.revoked_at is None]
    by_hub = {hub.hub_id: resolve(hub, assignments, on_offer) for hub in enrolled}
    return Wanted(on_offer, by_hub, {hub.hub_id: resolve_terms(hub, assignments) for hub in enrolled})


def resolve(hub: Hub, assignments: Iterable[Assignment], packs: Sequence[Published]) -> Mapping[str, int]:
    """Return the packs of one hub: its own assignments go before its ring's, those before everybody's.

    Without a version it is the newest on offer. A version that is not on offer leaves the pack out. Of
    filters a hub uses one: that which means it most closely.
    """
    on_offer = {(pack.pack_id, pack.version) for pack in packs}
    newest = {pack.pack_id: pack.version for pack in sorted(packs, key=lambda pack: pack.version)}
    closest = _closest(hub, assignments)
    chosen: dict[str, int] = {}
    for pack_id, assignment in closest.items():
        version = assignment.version or newest.get(pack_id)
        if version is not None and (pack_id, version) in on_offer:
            chosen[pack_id] = version
    for pack_id in _further_filters(hub, {name: closest[name] for name in chosen}, packs):
        del chosen[pack_id]
    return dict(sorted(chosen.items()))


def _further_filters(hub: Hub, chosen: Mapping[str, Assignment], packs: Iterable[Published]) -> Sequence[str]:
    """Return the filters that another goes before: a school's own before its ring's, then by id."""
    filters = {pack.pack_id for pack in packs if pack.kind == "filter" and pack.pack_id in chosen}
    return sorted(filters, key=lambda name: (-_rank(chosen[name], hub), name))[1:]


def resolve_terms(hub: Hub, assignments: Iterable[Assignment]) -> Mapping[str, Terms]:
    """Return the terms of the packs of one hub that are not the usual ones, from the same assignments."""
    terms = {
        pack_id: Terms(assignment.priority, assignment.when_full == "replace")
        for pack_id, assignment in _closest(hub, assignments).items()
    }
    return {pack_id: said for pack_id, said in sorted(terms.items()) if said != Terms()}


def _closest(hub: Hub, assignments: Iterable[Assignment]) -> Mapping[str, Assignment]:
    """Return for each pack the assignment that means this hub most closely."""
    meant = sorted((a for a in assignments if _rank(a, hub)), key=lambda a: _rank(a, hub))
    return {assignment.pack_id: assignment for assignment in meant}


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
