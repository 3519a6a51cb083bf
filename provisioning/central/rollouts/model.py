"""A rollout, the hubs that take part, and what is known of them."""

from dataclasses import dataclass
from typing import Literal

from provisioning.central.fleet import Hub
from provisioning.central.rollouts.stages import Stage

RolloutState = Literal["running", "paused", "finished", "aborted", "rolled-back"]
Why = Literal["", "asked", "failures", "nobody-ok", "withdrawn"]  # it is paused or has ended
HubState = Literal["pending", "waiting-for-contact", "fetching", "ok", "failed", "skipped"]
Event = Literal["stage-began", "paused", "finished", "ended"]
DONE: tuple[HubState, ...] = ("ok", "failed", "skipped")  # nothing more is expected of such a hub
ACTIVE: tuple[RolloutState, ...] = ("running", "paused")


@dataclass(frozen=True, slots=True)
class Rollout:
    """A version of a pack on its way through stages of hubs. Times are ISO 8601, UTC."""

    rollout_id: int
    pack_id: str
    version: int
    base: int | None  # what hubs that take no part have; None: nothing
    stages: tuple[Stage, ...]
    started_at: str
    stage_at: str  # when the present stage began
    changed_at: str  # when the state became what it is
    stage: int = 0  # the last one that was reached, from 0
    state: RolloutState = "running"
    reason: Why = ""
    wait_s: int = 0  # after which a stage is done with enough hubs; 0: it waits for all of them
    enough: int = 50  # per cent
    at_least_s: int = 0  # so long a stage lasts, but the last one: somebody looks at it
    max_fail: int = 1  # at so many failed hubs it pauses
    deadline: str | None = None  # a day, ISO 8601
    released_at: str | None = None  # since when it says nothing any more

    @property
    def name(self) -> str:
        """`<id>@<version>`, as commands name it."""
        return f"{self.pack_id}@{self.version}"

    @property
    def is_active(self) -> bool:
        """Whether it may still go on."""
        return self.state in ACTIVE

    @property
    def is_last_stage(self) -> bool:
        """Whether no stage follows: then the hubs of all stages are awaited."""
        return self.stage + 1 == len(self.stages)


@dataclass(frozen=True, slots=True)
class Member:
    """A hub that takes part, and how it went when that was last looked at."""

    rollout_id: int
    hub_id: str
    enrolled_at: str  # of the hub then: enrolled anew, it is another one
    stage: int
    before: int | None  # the version that it had
    reached_at: str | None = None  # since when it shall have the new one
    state: HubState = "pending"
    reason: str = ""  # a code: docs/reference/json.md
    since: str = ""
    accepted: bool = False  # somebody went on though this hub failed or was skipped

    @property
    def key(self) -> tuple[str, str]:
        """Who it is."""
        return self.hub_id, self.enrolled_at


@dataclass(frozen=True, slots=True)
class Seen:
    """What the newest reports of a hub say of one version of a pack; times by the office's clock."""

    heard_at: str = ""
    packs_at: str = ""  # of the report that says which packs are there
    have: int | None = None
    is_known: bool = False  # the hub knows that it shall have it
    is_coming: bool = False
    needs_space: bool = False
    is_put_back: bool = False  # it lies there whole, and learners see another one
    sync_at: str = ""
    fault: str = ""  # the code of the error that kept it away
    update_at: str = ""
    update: str = ""  # of a pack that changes the hub itself: hub/updates.py
    update_why: str = ""


@dataclass(frozen=True, slots=True)
class HubFacts:
    """What the office knows of a hub of the fleet."""

    hub: Hub
    why_not: str = ""  # "pinned" or "unassigned": assignments keep this hub out
    seen: Seen = Seen()


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a rollout did by itself, to be told; `hubs` are those that it is about."""

    rollout_id: int
    name: str
    event: Event
    reason: Why = ""
    stage: str = ""
    hubs: tuple[str, ...] = ()
