"""Decide what a sync does: pure, from the offers, what each still needs, and the facts of this hub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from content_packs.depot import MIB
from content_packs.trust import Offer

WORKING_BYTES = 256 * MIB  # staging, database and index while a pack is installed: DESIGN §6

ActionKind = Literal["install", "activate", "remove", "needs-space", "held", "up-to-date"]


@dataclass(frozen=True, slots=True)
class Need:
    """What the version that is offered still needs, counted from its index and this hub's store."""

    download_bytes: int  # still to travel
    new_bytes: int  # that its files will take on the disk beyond what is there


@dataclass(frozen=True, slots=True)
class Action:
    """One step for one pack; `download_bytes` and `needed_bytes` are still to come."""

    kind: ActionKind
    pack_id: str
    version: int
    from_version: int | None = None
    title: str = ""
    download_bytes: int = 0
    needed_bytes: int = 0
    reason: str = ""
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so on this hub now."""

    current: Mapping[str, int]  # pack id → version that learners see
    kept: Mapping[str, Sequence[int]]  # pack id → versions that lie whole on the disk
    held: Mapping[str, int] = field(default_factory=dict)  # pack id → version rolled back from
    free_bytes: int = 0
    reserve_bytes: int = 0  # never filled by packs


def list_to_fetch(offers: Sequence[Offer], facts: Facts) -> list[Offer]:
    """Return the offers whose version is neither shown, nor kept on this disk, nor held back here."""
    return [
        offer
        for offer in offers
        if facts.current.get(offer.pack_id) != offer.version
        and facts.held.get(offer.pack_id) != offer.version
        and offer.version not in facts.kept.get(offer.pack_id, ())
    ]


def list_hidden(offers: Sequence[Offer], facts: Facts) -> list[str]:
    """Return the packs that lie on this disk though no learner sees them and no office offers them."""
    offered = {offer.pack_id for offer in offers}
    return sorted(
        pack_id for pack_id in facts.kept if pack_id not in offered and pack_id not in facts.current
    )


def plan(offers: Sequence[Offer], facts: Facts, needs: Mapping[str, Need]) -> list[Action]:
    """Return one action per pack: what frees or costs nothing first, then small packs, then large ones.

    `needs` holds what each pack of `list_to_fetch` needs; one that is missing there is left out. Nothing that
    learners see is removed to make room: an install that does not fit becomes `needs-space`. A pack that the
    office no longer assigns is removed from what they see.
    """
    offered = {offer.pack_id for offer in offers}
    actions = [
        Action("remove", pack_id, version, version, reason="the office no longer assigns it")
        for pack_id, version in sorted(facts.current.items())
        if pack_id not in offered
    ]
    to_fetch = {offer.pack_id for offer in list_to_fetch(offers, facts)}
    actions += [_at_hand(offer, facts) for offer in offers if offer.pack_id not in to_fetch]
    left = facts.free_bytes - facts.reserve_bytes
    fetched = [offer for offer in offers if offer.pack_id in to_fetch and offer.pack_id in needs]
    for offer in sorted(fetched, key=lambda o: (needs[o.pack_id].download_bytes, o.pack_id)):
        action = _to_fetch(offer, facts, needs[offer.pack_id], left)
        if action.kind == "install":
            left -= needs[offer.pack_id].new_bytes
        actions.append(action)
    return sorted(actions, key=lambda action: _ORDER.index(action.kind))


_ORDER: tuple[ActionKind, ...] = ("remove", "activate", "install", "needs-space", "held", "up-to-date")


def _at_hand(offer: Offer, facts: Facts) -> Action:
    current = facts.current.get(offer.pack_id)
    kind: ActionKind = "activate"
    reason = "already on this disk"
    if current == offer.version:
        kind, reason = "up-to-date", ""
    elif facts.held.get(offer.pack_id) == offer.version:
        kind, reason = "held", "rolled back on this hub; waiting for a newer version"
    return Action(kind, offer.pack_id, offer.version, current, offer.title, reason=reason, offer=offer)


def _to_fetch(offer: Offer, facts: Facts, need: Need, left: int) -> Action:
    needed = need.new_bytes + min(WORKING_BYTES, need.download_bytes)
    fits = needed <= left
    return Action(
        "install" if fits else "needs-space",
        offer.pack_id,
        offer.version,
        facts.current.get(offer.pack_id),
        offer.title,
        need.download_bytes,
        needed,
        "" if fits else f"needs {needed} bytes for a moment, {max(0, left)} may be used",
        offer,
    )
