"""Rings: which hubs get a version together. A ring is there as long as a hub is in it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from content_packs.errors import UsageError
from provisioning.central.assign import check_ring, suggest
from provisioning.central.fleet import Fleet, Hub
from provisioning.central.wanted import EVERYBODY


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring and its hubs; `all` holds every hub, and `own` are those in no other ring."""

    name: str
    hubs: tuple[Hub, ...]
    own: int
    assigned: tuple[str, ...]  # packs, as `assign` names them


def list_rings(fleet: Fleet) -> list[Ring]:
    """Return the rings that have a hub or an assignment, `all` last: it is what rollouts end with."""
    hubs = [hub for hub in fleet.list_hubs() if hub.revoked_at is None]
    assignments = [a for a in fleet.list_assignments() if a.audience == "ring"]
    names = {hub.ring for hub in hubs} | {a.name for a in assignments} | {EVERYBODY}
    return [
        Ring(
            name,
            tuple(hub for hub in hubs if name in (EVERYBODY, hub.ring)),
            sum(hub.ring == name for hub in hubs),
            tuple(
                a.pack_id if a.version is None else f"{a.pack_id}@{a.version}"
                for a in assignments
                if a.name == name
            ),
        )
        for name in sorted(names, key=lambda name: (name == EVERYBODY, name))
    ]


def move(fleet: Fleet, hub_ids: Iterable[str], ring: str) -> list[Hub]:
    """Put hubs into a ring; return those that were in another one.

    Raises:
        UsageError: it is no name of a ring, or no such hub is enrolled.
    """
    check_ring(ring)
    enrolled = {hub.hub_id: hub for hub in fleet.list_hubs() if hub.revoked_at is None}
    wanted = list(dict.fromkeys(hub_ids))
    for hub_id in wanted:
        if hub_id not in enrolled:
            raise UsageError(f"no hub {hub_id} is enrolled", hint=suggest(hub_id, set(enrolled)))
    moved = [enrolled[hub_id] for hub_id in wanted if enrolled[hub_id].ring != ring]
    for hub in moved:
        fleet.save_hub(replace(hub, ring=ring))
    return moved
