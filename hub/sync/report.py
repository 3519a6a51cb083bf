"""What a sync found and did, and what it tells while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from content_packs.errors import Error
from hub import history
from hub.sync.plan import Action
from hub.sync.reports import ReportsSent
from hub.uplink.eta import Outlook


@dataclass(slots=True)
class SyncReport:
    """What a sync found and did."""

    source: str
    started_at: datetime
    actions: list[Action] = field(default_factory=list)
    done: list[Action] = field(default_factory=list)
    failures: list[tuple[Action, Error]] = field(default_factory=list)
    stale: tuple[str, ...] = ()  # metadata roles past their date: a warning, never a stop
    signed_at: datetime | None = None  # of the metadata that it went by
    received_bytes: int = 0  # of content, by all roads
    neighbour_bytes: int = 0  # that came from hubs of this network
    notes: list[str] = field(default_factory=list)  # what went another way than usual, a sentence each
    use: history.UplinkUse = field(default_factory=history.UplinkUse)
    outlook: Outlook | None = None  # what an ETA stands on, as it was when the plan was made
    is_planned: bool = False  # the actions are known, and each says what is left of it
    reports: ReportsSent = field(default_factory=ReportsSent)  # what the office was told

    @property
    def waiting(self) -> list[Action]:
        """What travels later: no fault, it was planned so."""
        return [action for action in self.actions if action.wait is not None]


class Progress:
    """What a sync tells while it runs; the command line shows it, tests collect it."""

    def planned(self, actions: Sequence[Action]) -> None:
        """All actions are known."""

    def began(self, action: Action, total_bytes: int) -> None:
        """`total_bytes` are still to be fetched for this action."""

    def advanced(self, count: int) -> None:
        """So many bytes arrived."""

    def ended(self, action: Action, failure: Error | None) -> None:
        """The action is done, or why not."""
