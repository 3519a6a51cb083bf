"""Everything that the office knows of one school, as it was read: what the rules of this package go by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioning.central.fleet import Hub
from provisioning.central.fleetview.mutes import Mute
from provisioning.central.overview import PackState
from provisioning.central.reports import Heard, Note, Way
from provisioning.central.tallies import Failure


@dataclass(frozen=True, slots=True)
class Known:
    """What was heard of one school, and what it shall have."""

    hub: Hub
    packs: tuple[PackState, ...]
    newest: Mapping[str, Heard]  # kind of event → the newest
    notes: tuple[Note, ...] = ()
    contacts: tuple[datetime, ...] = ()
    via: Way | None = None  # the last one
    opens_7d: int | None = None  # None: nothing was ever told
    bytes_left: int = 0  # at most; patches may need less
    bytes_a_day: float | None = None  # on the days on which it fetched something
    failures: tuple[Failure, ...] = ()
    since: Mapping[str, str] = field(default_factory=dict)  # code of an alert → since when
    mutes: tuple[Mute, ...] = ()

    def body(self, kind: str) -> Mapping[str, Any] | None:
        """Return what the newest event of a kind says; None where there is none."""
        heard = self.newest.get(kind)
        return None if heard is None else heard.event.body
