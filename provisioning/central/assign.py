"""Assign packs to rings and hubs: desired state, which the depot follows."""

import difflib
from dataclasses import dataclass
from typing import Literal

from content_packs.depot import MAX_DAY_MB, MAX_PRIORITY, MAX_VERSION, check_hub_id, is_pack_id
from content_packs.errors import UsageError
from hub.uplink.quiet_hours import check_quiet_hours
from provisioning.central.fleet import Assignment, Fleet


@dataclass(frozen=True, slots=True)
class PackSpec:
    """PACK or PACK@VERSION of a command line."""

    pack_id: str
    version: int | None

    def __str__(self) -> str:
        return self.pack_id if self.version is None else f"{self.pack_id}@{self.version}"


def parse_spec(text: str) -> PackSpec:
    """Return what PACK or PACK@VERSION names; UsageError where it is neither."""
    pack_id, at, version = text.partition("@")
    is_version = version.isascii() and version.isdecimal() and 1 <= int(version[:11]) <= MAX_VERSION
    if not is_pack_id(pack_id) or (at and not is_version):
        raise UsageError(
            f"{text!r}: expected PACK or PACK@VERSION", hint="For example maths-grade4 or maths-grade4@3."
        )
    return PackSpec(pack_id, int(version) if at else None)


def check_ring(ring: str) -> str:
    """Return a ring's name; UsageError unless it is kebab-case, as a pack's id is."""
    if not is_pack_id(ring):
        raise UsageError(
            f"ring {ring!r}: expected lower-case letters, digits and single '-'",
            hint="For example pilot, wave-1, all.",
        )
    return ring


def make_assignment(
    spec: PackSpec,
    *,
    ring: str | None,
    hub_id: str | None,
    priority: int = 0,
    when_full: Literal["wait", "replace"] = "wait",
    quiet_hours: str = "",
    day_mb: int = 0,
) -> Assignment:
    """Return the assignment that a command line names.

    Raises:
        UsageError: not exactly one of ring and hub is given, or a value cannot be used.
    """
    if wrong := check_quiet_hours(quiet_hours):
        raise UsageError(f"--quiet-hours {quiet_hours!r:.80}: {wrong}", hint="For example 08:00-15:00.")
    if not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise UsageError(
            f"--priority {priority}: expected -{MAX_PRIORITY} to {MAX_PRIORITY}", hint="0 is the usual one."
        )
    if not 0 <= day_mb <= MAX_DAY_MB:
        raise UsageError(f"--day-mb {day_mb}: expected 0 to {MAX_DAY_MB}", hint="0 means no budget.")
    audience: Literal["ring", "hub"]
    if ring is not None and hub_id is None:
        audience, name = "ring", check_ring(ring)
    elif hub_id is not None and ring is None:
        audience, name = "hub", check_hub_id(hub_id)
    else:
        raise UsageError("expected either --ring RING or --hub HUB_ID", hint="--ring all means every hub.")
    return Assignment(
        audience, name, spec.pack_id, spec.version, priority, when_full, quiet_hours.strip(), day_mb
    )


def assign(fleet: Fleet, assignment: Assignment) -> None:
    """Note that these hubs shall have this pack. Again is fine; another version replaces the former.

    Raises:
        UsageError: the pack or version is not on offer, or no such hub is enrolled.
    """
    _require_on_offer(fleet, assignment)
    if assignment.audience == "hub":
        enrolled = [hub.hub_id for hub in fleet.list_hubs() if hub.revoked_at is None]
        if assignment.name not in enrolled:
            raise UsageError(f"no hub {assignment.name} is enrolled", hint=suggest(assignment.name, enrolled))
    fleet.save_assignment(assignment)


def unassign(fleet: Fleet, assignment: Assignment) -> bool:
    """Forget an assignment; tell whether there was one.

    Raises:
        UsageError: it names another version than was assigned, or a pack that never was.
    """
    key = (assignment.audience, assignment.name, assignment.pack_id)
    for known in fleet.list_assignments():
        if (known.audience, known.name, known.pack_id) == key:
            if assignment.version not in (None, known.version):
                found = "the newest" if known.version is None else f"version {known.version}"
                raise UsageError(
                    f"{assignment.pack_id}: assigned is {found}, not version {assignment.version}",
                    hint=f"Say just: central unassign {assignment.pack_id} --{known.audience} {known.name}",
                )
            fleet.delete_assignment(known)
            return True
    published = {pack.pack_id for pack in fleet.list_packs()}
    if assignment.pack_id not in published:
        raise UsageError(
            f"no pack {assignment.pack_id} was ever published", hint=suggest(assignment.pack_id, published)
        )
    return False


def _require_on_offer(fleet: Fleet, assignment: Assignment) -> None:
    on_offer = [pack for pack in fleet.list_packs() if pack.on_offer]
    versions = [pack.version for pack in on_offer if pack.pack_id == assignment.pack_id]
    if not versions:
        raise UsageError(
            f"no pack {assignment.pack_id} is on offer",
            hint=suggest(assignment.pack_id, {pack.pack_id for pack in on_offer}),
        )
    if assignment.version is not None and assignment.version not in versions:
        offered = ", ".join(map(str, versions))
        raise UsageError(
            f"{assignment.pack_id}: version {assignment.version} is not on offer",
            hint=f"On offer: {offered}; without a version it is always the newest.",
        )


def suggest(name: str, known: list[str] | set[str]) -> str:
    """Return a hint: the name that was probably meant, or where all names are."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else "`central packs` and `central hubs` list what there is."
