"""What hubs have reported of one version of a pack, from the newest report of each kind."""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.central.fleet import Assignment, Hub
from provisioning.central.reports import Heard
from provisioning.central.rollouts.model import HubFacts, Rollout, Seen
from provisioning.central.wanted import find_closest

Newest = Mapping[str, Mapping[str, Heard]]  # by hub and kind of event


def see(newest: Mapping[str, Heard], pack_id: str, version: int) -> Seen:
    """Return what the newest reports of a hub say of a version."""
    name = f"{pack_id}@{version}"
    packs, sync, update = (newest.get(kind) for kind in ("packs", "sync", "update"))
    body = _body(packs)
    have = body.get("have", {}).get(pack_id)
    shown = version in body.get("kept", {}).get(pack_id, ())
    return Seen(
        heard_at=max((heard.received_at for heard in newest.values()), default=""),
        packs_at=_at(packs),
        have=have,
        is_known=body.get("want", {}).get(pack_id) == version,
        is_coming=body.get("fetching", {}).get(pack_id) == version,
        needs_space=body.get("needs_space", {}).get(pack_id) == version,
        is_put_back=shown and _sync_ended(sync, packs),
        sync_at=_at(sync),
        fault=_body(sync).get("failed", {}).get(name, ""),
        update_at=_at(update),
        update=_body(update).get("states", {}).get(name, ""),
        update_why=_body(update).get("reasons", {}).get(name, ""),
    )


def _at(heard: Heard | None) -> str:
    return heard.received_at if heard is not None else ""


def _body(heard: Heard | None) -> Mapping[str, Any]:
    return heard.event.body if heard is not None else {}


def _sync_ended(sync: Heard | None, packs: Heard | None) -> bool:
    """Whether packs were told at the end of a sync: one under way may be about to show the version."""
    if sync is None or packs is None or sync.event.stream != packs.event.stream:
        return False
    return packs.event.seq <= sync.event.seq + 1


def find_facts(
    newest: Newest, rollout: Rollout, hubs: Iterable[Hub], assignments: Iterable[Assignment]
) -> dict[str, HubFacts]:
    """Return what is known of each enrolled hub, for one rollout.

    What a hub reported before it was enrolled, or its card replaced, was another card's, and is left out.
    """
    of_pack = [assignment for assignment in assignments if assignment.pack_id == rollout.pack_id]
    return {
        hub.hub_id: HubFacts(
            hub,
            why_not(hub, of_pack, rollout.version),
            see(_since(newest.get(hub.hub_id, {}), hub), rollout.pack_id, rollout.version),
        )
        for hub in hubs
        if hub.revoked_at is None
    }


def _since(newest: Mapping[str, Heard], hub: Hub) -> Mapping[str, Heard]:
    return {kind: heard for kind, heard in newest.items() if heard.received_at >= hub.card_since}


def why_not(hub: Hub, assignments: Iterable[Assignment], version: int) -> str:
    """Return why a hub does not follow a rollout: "pinned" to another version, "unassigned", or nothing."""
    closest = next(iter(find_closest(hub, assignments).values()), None)
    if closest is None:
        return "unassigned"
    return "pinned" if closest.version not in (None, version) else ""
