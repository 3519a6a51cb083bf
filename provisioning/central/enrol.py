"""Enrol hubs in the fleet and revoke them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from content_packs.depot import check_hub_id
from content_packs.errors import UsageError
from provisioning.central.assign import check_ring
from provisioning.central.fleet import Fleet, Hub, iso
from provisioning.central.wanted import EVERYBODY

_MAX_SCHOOL = 200


def enrol(
    fleet: Fleet,
    hub_id: str,
    public_key: str,
    *,
    school: str,
    ring: str | None,
    now: datetime,
    school_code: str = "",
) -> Hub:
    """Give a hub its place in the fleet. Again with the same key changes the school, and the ring if given.

    `ring` None keeps the ring that the hub has; a new or revoked hub begins in `all`. An empty `school_code`
    keeps the one that it has.

    Raises:
        UsageError: the id has another key, the key belongs to another hub, or a name is not valid.
    """
    check_hub_id(hub_id)
    if not school.strip() or len(school) > _MAX_SCHOOL or not school.isprintable():
        raise UsageError(f"--school {school!r:.80}: expected a name of 1 to {_MAX_SCHOOL} characters")
    known = fleet.list_hubs()
    _check_key(hub_id, public_key, known)
    before = find_enrolled(known, hub_id)
    chosen = ring if ring is not None else before.ring if before else EVERYBODY
    enrolled_at = before.enrolled_at if before else iso(now)
    replaced_at = before.replaced_at if before else None
    hub = Hub(
        *(hub_id, school.strip(), check_ring(chosen), public_key, enrolled_at),
        replaced_at=replaced_at,
        school_code=school_code or (before.school_code if before else ""),
    )
    fleet.save_hub(hub)
    return hub


def find_enrolled(hubs: Iterable[Hub], hub_id: str) -> Hub | None:
    """Return the hub of this id that is enrolled."""
    return next((hub for hub in hubs if hub.hub_id == hub_id and hub.revoked_at is None), None)


def _check_key(hub_id: str, public_key: str, known: list[Hub]) -> None:
    for hub in known:
        is_other = hub.public_key not in ("", public_key)
        if hub.hub_id == hub_id and is_other and hub.revoked_at is None:
            raise UsageError(
                f"{hub_id} is enrolled with another key (school {hub.school!r})",
                hint=f"If its card was made anew: central replace {hub_id} -o FILE; it keeps its place.",
            )
        if public_key and hub.hub_id != hub_id and hub.public_key == public_key:
            raise UsageError(
                f"this key belongs to {hub.hub_id} (school {hub.school!r})",
                hint="Two cards from one copy? Run `hub init` anew on one of them, for a key of its own.",
            )


def give_up_card(fleet: Fleet, hub_id: str, *, now: datetime) -> Hub:
    """Let the key of a hub's card count no more; its place in the fleet waits for the key of a new one.

    Id, school, ring, assignments and reports stay. What comes later of the streams that are known by now is
    of the former card.

    Raises:
        UsageError: no such hub is enrolled.
    """
    hub = find_enrolled(fleet.list_hubs(), hub_id)
    if hub is None:
        waits = any(card.hub_id == hub_id for card in fleet.list_cards())
        again = f"Its card has never started: `central card {hub_id} -o FILE` makes another file."
        raise UsageError(
            f"no hub {hub_id} is enrolled", hint=again if waits else "`central hubs` lists them."
        )
    replaced = replace(hub, public_key="", replaced_at=iso(now))
    fleet.save_hub(replaced)
    return replaced


def revoke(fleet: Fleet, hub_id: str, *, now: datetime, why: str = "") -> Hub:
    """Take away a hub's access and what was assigned to it alone; it stays in the list. Again is fine.

    Enrolled again, it begins anew: nothing comes back by itself.

    Raises:
        UsageError: no such hub, or a reason that is no line of text.
    """
    if len(why) > _MAX_SCHOOL or not why.isprintable():
        raise UsageError(f"--why {why!r:.80}: expected at most {_MAX_SCHOOL} characters in one line")
    for hub in fleet.list_hubs():
        if hub.hub_id == hub_id:
            told = why.strip() or hub.revoked_why
            revoked = replace(hub, revoked_at=hub.revoked_at or iso(now), revoked_why=told)
            fleet.save_hub(revoked)
            fleet.delete_assignments_of(hub_id)
            fleet.delete_card(hub_id)
            return revoked
    raise UsageError(f"no hub {hub_id} was ever enrolled", hint="`central hubs` lists them.")
