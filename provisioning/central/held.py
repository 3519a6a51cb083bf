"""Which versions of packs are still needed by somebody: rules without I/O."""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta

from provisioning.central.fleet import Assignment, Published
from provisioning.central.wanted import Wanted

GRACE = timedelta(days=180)  # a hub may be without a link for a school term and its holidays
Held = Mapping[str, Set[int]]  # pack id → versions


def list_held(
    packs: Iterable[Published], wanted: Wanted, reported: Held, *, now: datetime, grace: timedelta = GRACE
) -> dict[str, set[int]]:
    """Return the versions that some hub may have or be fetching, and whose files are in the depot.

    A hub may have what it reported, what it is told to have, and what it was told to have within `grace`:
    from these a delta is worth making, and these are never deleted.
    """
    told = _list_wanted(wanted)
    held: dict[str, set[int]] = {}
    for pack in packs:
        key = (pack.pack_id, pack.version)
        recently = pack.wanted_until is not None and not _is_past(pack.wanted_until, now, grace)
        if pack.freed_at is None and (
            key in told or recently or pack.version in reported.get(pack.pack_id, ())
        ):
            held.setdefault(pack.pack_id, set()).add(pack.version)
    return held


def list_retirable(
    packs: Sequence[Published],
    assignments: Iterable[Assignment],
    held: Held,
    rolled_out: Set[tuple[str, int]] = frozenset(),
    *,
    now: datetime,
    grace: timedelta = GRACE,
) -> list[Published]:
    """Return the versions that need not be on offer any more.

    Never the newest one of a pack on offer, one that an assignment names or a rollout gives or goes back to,
    one that a hub may have, nor one that was published within `grace`.
    """
    newest = {pack.pack_id: pack.version for pack in packs if pack.on_offer}  # packs come oldest first
    named = {(a.pack_id, a.version) for a in assignments} | rolled_out
    return [
        pack
        for pack in packs
        if pack.on_offer
        and pack.version != newest[pack.pack_id]
        and (pack.pack_id, pack.version) not in named
        and pack.version not in held.get(pack.pack_id, ())
        and _is_past(pack.published_at, now, grace)
    ]


def list_deletable(
    packs: Iterable[Published], held: Held, *, now: datetime, grace: timedelta = GRACE
) -> list[Published]:
    """Return the versions whose files may go: no signed metadata of the last `grace` names them."""
    return [
        pack
        for pack in packs
        if not pack.on_offer
        and pack.freed_at is None
        and pack.unnamed_since is not None
        and _is_past(pack.unnamed_since, now, grace)
        and pack.version not in held.get(pack.pack_id, ())
    ]


def list_unwanted(before: Wanted, after: Wanted) -> Set[tuple[str, int]]:
    """Return the versions that some hub was told to have before a change, and none is after it."""
    return _list_wanted(before) - _list_wanted(after)


def _list_wanted(wanted: Wanted) -> Set[tuple[str, int]]:
    return {pack for packs in wanted.by_hub.values() for pack in packs.items()}


def _is_past(moment: str, now: datetime, grace: timedelta) -> bool:
    """Tell whether a moment lies `grace` ago. One in the future, by a clock that was wrong, does not."""
    return now - datetime.fromisoformat(moment) >= grace
