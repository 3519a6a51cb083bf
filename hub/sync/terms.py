"""What the office says of single packs, for a sync: their limits, and what of them cannot be used."""

from collections.abc import Iterable

from content_packs.trust import Offer
from hub.uplink.limits import Limits
from hub.uplink.terms import read_terms


def limits_of(offer: Offer, own: Limits) -> Limits:
    """Return what holds for one pack, beside what `own` says of all."""
    return read_terms(offer.quiet_hours, offer.day_mb, own.quiet_hours)[0]


def list_ignored(offers: Iterable[Offer], own: Limits) -> list[str]:
    """Return a sentence for each thing that an assignment says and that cannot be used."""
    return [
        f"{offer.pack_id}: the assignment's {what} is ignored"
        for offer in offers
        for what in (offer.ignored, read_terms(offer.quiet_hours, offer.day_mb, own.quiet_hours)[1])
        if what
    ]
