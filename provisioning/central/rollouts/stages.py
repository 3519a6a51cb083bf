"""The stages of a rollout: who takes part, and in which stage. Rules without I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from content_packs.errors import UsageError
from provisioning.central.assign import check_ring
from provisioning.central.fleet import Hub
from provisioning.central.wanted import EVERYBODY

MAX_STAGES = 20
_WRITTEN_SO = "For example pilot,wave-1,all or pilot:3,10%,100%."
_PART = re.compile(r"(?:(?P<ring>[^:%]*):)?(?P<number>[0-9]{1,6})(?P<percent> ?%)?")


@dataclass(frozen=True, slots=True)
class Stage:
    """The hubs of a ring, or so many of them; those of earlier stages count."""

    ring: str
    count: int | None = None  # hubs
    percent: int | None = None  # 1 to 99, rounded up to a hub

    def __str__(self) -> str:
        if self.is_whole:
            return self.ring
        part = str(self.count) if self.percent is None else f"{self.percent}%"
        return part if self.ring == EVERYBODY else f"{self.ring}:{part}"

    @property
    def is_whole(self) -> bool:
        """Whether every hub of the ring takes part, those too that come to it later."""
        return self.count is None and self.percent is None

    def covers(self, hub: Hub) -> bool:
        """Whether a hub is of this ring."""
        return self.ring in (EVERYBODY, hub.ring)

    def quota(self, hubs: int) -> int:
        """Return how many of so many hubs take part."""
        if self.percent is not None:
            return -(-hubs * self.percent // 100)
        return hubs if self.count is None else min(hubs, self.count)


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Return the stages that `pilot,wave-1,all` or `pilot:3,10%,100%` names.

    Raises:
        UsageError: not written so, none or too many, or one of them twice.
    """
    stages = tuple(_parse_stage(part.strip()) for part in text.split(","))
    if len(stages) > MAX_STAGES or len(set(stages)) < len(stages):
        raise UsageError(
            f"--stages {text!r:.200}: expected 1 to {MAX_STAGES} stages, each once", hint=_WRITTEN_SO
        )
    return stages


def _parse_stage(text: str) -> Stage:
    found = _PART.fullmatch(text)
    if found is None:
        if ":" in text or "%" in text or not text:
            raise UsageError(
                f"--stages: {text!r:.80}: expected a ring, a number or a share", hint=_WRITTEN_SO
            )
        return Stage(check_ring(text))
    ring = EVERYBODY if found["ring"] is None else check_ring(found["ring"])
    number = int(found["number"])
    if number < 1 or (found["percent"] and number > 100):
        raise UsageError(f"--stages: {text!r}: expected 1% to 100%, or 1 hub and more", hint=_WRITTEN_SO)
    if found["percent"]:
        return Stage(ring) if number == 100 else Stage(ring, percent=number)
    return Stage(ring, count=number)


def place_hubs(stages: Sequence[Stage], hubs: Iterable[Hub], *, seed: str) -> Mapping[str, int]:
    """Return by hub the number of its stage, from 0. Who is picked depends on `seed` alone.

    So nobody chooses the schools that try things first, and it is not always the same ones.
    """
    in_order = sorted(hubs, key=lambda hub: sha256(f"{seed} {hub.hub_id}".encode()).digest())
    placed: dict[str, int] = {}
    for number, stage in enumerate(stages):
        covered = [hub.hub_id for hub in in_order if stage.covers(hub)]
        new = [hub_id for hub_id in covered if hub_id not in placed]
        room = max(0, stage.quota(len(covered)) - (len(covered) - len(new)))
        placed |= dict.fromkeys(new[:room], number)
    return placed


def find_whole(stages: Sequence[Stage], hub: Hub) -> int | None:
    """Return the first stage in which every hub of this one's ring takes part."""
    return next((n for n, stage in enumerate(stages) if stage.is_whole and stage.covers(hub)), None)
