"""How each pack of a hub is: what it shall have beside what it said that it has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.central.reports import Heard


@dataclass(frozen=True, slots=True)
class PackState:
    """One pack of one hub: the version that it shall have, and the one it said that it has."""

    pack_id: str
    want: int | None
    have: int | None
    state: str  # "current", "fetching", "needs-space", "waiting", "extra" or "unknown"


def list_states(wanted: Mapping[str, int], newest: Mapping[str, Heard]) -> tuple[PackState, ...]:
    """Return how each pack of a hub is, of what it shall have and of what it said that it has."""
    body = newest["packs"].event.body if "packs" in newest else None
    have: Mapping[str, int] = body["have"] if body is not None else {}
    return tuple(
        PackState(pack_id, wanted.get(pack_id), have.get(pack_id), _state(pack_id, wanted.get(pack_id), body))
        for pack_id in sorted(wanted.keys() | have.keys())
    )


def _state(pack_id: str, want: int | None, body: Mapping[str, Any] | None) -> str:
    if body is None:
        return "unknown"
    if want is None:
        return "extra"
    if body["have"].get(pack_id) == want:
        return "current"
    if body["needs_space"].get(pack_id) == want:
        return "needs-space"
    return "fetching" if body["fetching"].get(pack_id) == want else "waiting"
