"""What is still to come and when: the numbers behind an ETA, and the plan that the status pages show."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from content_packs.trust import Offer
from hub import history
from hub.sync.gate import Gate
from hub.sync.indexes import Indexed
from hub.sync.plan import FETCHING, Action, Need, left
from hub.uplink.eta import Outlook


def renewed(outlook: Outlook | None, gate: Gate) -> Outlook | None:
    """Return the outlook after content has come: what is spent, and the speed if nobody knew it before."""
    if outlook is None:
        return None
    use = gate.use
    measured = use.fetch_bytes / use.fetch_s if use.fetch_bytes >= history.RATE_BYTES else None
    return replace(outlook, spent=gate.spent(), bytes_per_s=outlook.bytes_per_s or measured)


def add_estimates(indexed: Indexed, offers: Sequence[Offer]) -> Indexed:
    """Return what is known of packs whose index may not come now: the most that they can need."""
    guessed = {
        offer.pack_id: Need(_most_bytes(offer), 0, is_counted=False)
        for offer in offers
        if offer.pack_id not in indexed.needs and offer.pack_id not in indexed.faults
    }
    return replace(indexed, needs={**indexed.needs, **guessed})


def _most_bytes(offer: Offer) -> int:
    direct = [delta.size for delta in offer.deltas if delta.to_version == offer.version]
    return min([offer.index_length + offer.download_bytes, *direct])


def to_last_plan(actions: Sequence[Action], done: Sequence[Action], *, now: datetime) -> history.LastPlan:
    """Return what is left of these actions after those of `done`."""
    coming = [action for action in left(actions, done) if action.kind in (*FETCHING, "needs-space")]
    return history.LastPlan(now.isoformat(timespec="seconds"), tuple(map(_to_planned, coming)))


def _to_planned(action: Action) -> history.PlannedPack:
    wait = action.wait
    until = wait.until.astimezone(UTC).isoformat(timespec="seconds") if wait and wait.until else ""
    return history.PlannedPack(
        action=action.kind,
        pack=action.pack_id,
        version=action.version,
        title=action.title,
        download_bytes=action.download_bytes,
        reason=action.reason,
        wait=wait.code if wait else "",
        goes_on_at=until,
    )
