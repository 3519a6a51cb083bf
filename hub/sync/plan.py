"""Decide what a sync does: pure, from the offers, what each still needs, and the facts of this hub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from content_packs.console import size_text
from content_packs.depot import MIB
from content_packs.trust import Offer
from hub.uplink.limits import UNLIMITED, Allowance, Wait, tighter
from hub.uplink.words import wait_text

WORKING_BYTES = 256 * MIB  # staging, database and index while a pack is installed: DESIGN §6

ActionKind = Literal[
    "install", "replace", "waiting", "activate", "remove", "needs-space", "held", "up-to-date"
]
_LEAST_BEFOREHAND = MIB  # less is not worth another day
FETCHING: tuple[ActionKind, ...] = ("install", "replace", "waiting")  # what brings content, now or later


@dataclass(frozen=True, slots=True)
class Need:
    """What the version that is offered still needs, counted from its index and this hub's store."""

    download_bytes: int  # still to travel
    new_bytes: int  # that its files will take on the disk beyond what is there
    is_counted: bool = True  # false: its index has not come yet, so `download_bytes` is the most it can be


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that removing versions of one pack would free, what is shared with the new one not counted."""

    shown: int | None  # what learners see, even if it is damaged
    kept: tuple[int, ...]  # versions that no learner sees
    kept_bytes: int
    all_bytes: int  # of those, and of the one that learners see


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
    now_bytes: int = 0  # of the download, what may travel in this sync
    wait: Wait | None = None  # why the rest of it waits
    drops: tuple[int, ...] = ()  # versions that are removed before, to make room
    is_outage: bool = False  # learners go without this pack until it is whole again

    def __str__(self) -> str:
        """What people, reports and JSON read: `install maths@3`."""
        return f"{self.kind} {self.pack_id}@{self.version}"


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


def left(actions: Sequence[Action], done: Sequence[Action]) -> list[Action]:
    """Return the actions that are still to be done; one that waited may have been done as an install."""
    versions = {(action.pack_id, action.version) for action in done}
    return [action for action in actions if (action.pack_id, action.version) not in versions]


def list_hidden(offers: Sequence[Offer], facts: Facts) -> list[str]:
    """Return the packs that lie on this disk though no learner sees them and no office offers them."""
    offered = {offer.pack_id for offer in offers}
    return sorted(
        pack_id for pack_id in facts.kept if pack_id not in offered and pack_id not in facts.current
    )


def plan(
    offers: Sequence[Offer],
    facts: Facts,
    needs: Mapping[str, Need],
    *,
    allowance: Allowance = UNLIMITED,
    own: Mapping[str, Allowance] | None = None,
    room: Mapping[str, Room] | None = None,
) -> list[Action]:
    """Return one action per pack: what frees or costs nothing first, then by priority, small packs first.

    `needs` holds what each pack of `list_to_fetch` needs; one that is missing there is left out. Nothing that
    learners see is removed to make room, unless the office said so for this pack and `room` shows that it
    helps: an install that does not fit becomes `needs-space`. What `allowance` has no room for becomes
    `waiting`; the first such pack still gets what is left of it. `own` is what the office allows of single
    packs: the tighter holds. A pack that the office no longer assigns is
    removed from what learners see.
    """
    offered = {offer.pack_id for offer in offers}
    actions = [
        Action("remove", pack_id, version, version, reason="the office no longer assigns it")
        for pack_id, version in sorted(facts.current.items())
        if pack_id not in offered
    ]
    to_fetch = {offer.pack_id for offer in list_to_fetch(offers, facts)}
    actions += [_at_hand(offer, facts) for offer in offers if offer.pack_id not in to_fetch]
    left_disk = facts.free_bytes - facts.reserve_bytes
    left_link = allowance.left_bytes
    fetched = [offer for offer in offers if offer.pack_id in to_fetch and offer.pack_id in needs]
    for offer in sorted(fetched, key=lambda o: (-o.priority, needs[o.pack_id].download_bytes, o.pack_id)):
        need = needs[offer.pack_id]
        action = _to_fetch(offer, facts, need, left_disk, (room or {}).get(offer.pack_id))
        if action.kind in FETCHING:
            share = Allowance(left_link, allowance.wait)
            share = tighter(share, (own or {}).get(offer.pack_id, UNLIMITED))
            action = _to_travel(action, need, left_disk, share.left_bytes, share.wait)
            left_disk -= action.now_bytes if action.drops and action.kind == "waiting" else need.new_bytes
            left_link = None if left_link is None else left_link - action.now_bytes
        actions.append(action)
    return sorted(actions, key=lambda action: _ORDER[action.kind])


_ORDER: Mapping[ActionKind, int] = {
    "remove": 0,
    "activate": 1,
    "install": 2,
    "replace": 2,
    "waiting": 3,
    "needs-space": 4,
    "held": 5,
    "up-to-date": 6,
}


def _at_hand(offer: Offer, facts: Facts) -> Action:
    current = facts.current.get(offer.pack_id)
    kind: ActionKind = "activate"
    reason = "already on this disk"
    if current == offer.version:
        kind, reason = "up-to-date", ""
    elif facts.held.get(offer.pack_id) == offer.version:
        kind, reason = "held", "rolled back on this hub; waiting for a newer version"
    return Action(kind, offer.pack_id, offer.version, current, offer.title, reason=reason, offer=offer)


def _to_fetch(offer: Offer, facts: Facts, need: Need, left: int, room: Room | None) -> Action:
    """Return what the disk has to say: install, replace or needs-space."""
    needed = need.new_bytes + min(WORKING_BYTES, need.download_bytes)
    current = facts.current.get(offer.pack_id)
    action = Action(
        "install",
        offer.pack_id,
        offer.version,
        current,
        offer.title,
        need.download_bytes,
        needed,
        offer=offer,
        now_bytes=need.download_bytes,
    )
    if needed <= left:
        return action
    if offer.replace and room is not None and needed <= left + room.all_bytes:
        return _to_replace(action, room, fits_beside=needed <= left + room.kept_bytes)
    missing = f"needs {size_text(needed)} for a moment, {size_text(max(0, left))} may be used"
    reason = f"{missing}: {size_text(needed - max(0, left))} too little"
    return replace(action, kind="needs-space", reason=reason, now_bytes=0)


def _to_replace(action: Action, room: Room, *, fits_beside: bool) -> Action:
    """Remove what is kept for a rollback; where that is not enough, what learners see as well."""
    if fits_beside or room.shown is None:
        reason = "removes the version kept for a rollback first, as the office said"
        return replace(action, kind="replace", reason=reason, drops=room.kept)
    reason = f"removes version {room.shown} first, as the office said: learners go without until it is whole"
    return replace(action, kind="replace", reason=reason, drops=(*room.kept, room.shown), is_outage=True)


def _to_travel(
    action: Action, need: Need, left_disk: int, left_link: int | None, wait: Wait | None
) -> Action:
    """Return what the uplink has to say: now, or waiting with what may travel of it before."""
    if left_link is None or (need.is_counted and need.download_bytes <= left_link):
        return action
    now_bytes = max(0, min(left_link, need.download_bytes))
    if action.drops:
        # Learners shall go without for a short time, so as much as the disk has room for comes before.
        beforehand = min(now_bytes, left_disk - WORKING_BYTES)
        if beforehand < _LEAST_BEFOREHAND and now_bytes:
            return replace(action, now_bytes=now_bytes, wait=wait)
        now_bytes = max(0, beforehand)
    return replace(action, kind="waiting", now_bytes=now_bytes, wait=wait, reason=wait_text(wait))


def wait_for(action: Action, wait: Wait, left_bytes: int) -> Action:
    """Return an action that began and has to wait for the rest."""
    began = action.kind == "replace" and action.is_outage  # learners miss it already
    return replace(
        action,
        kind="replace" if began else "waiting",
        wait=wait,
        reason=wait_text(wait),
        download_bytes=left_bytes,
        now_bytes=0,
    )
