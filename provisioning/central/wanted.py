"""Which versions each hub shall have: rules without I/O."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.central.fleet import Assignment, Hub, Published

EVERYBODY = "all"  # the ring that holds every hub, whatever its own ring is


@dataclass(frozen=True, slots=True)
class Terms:
    """How a hub shall take a pack; the usual way where nothing else is said."""

    priority: int = 0
    replace: bool = False
    quiet_hours: str = ""
    day_mb: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """Which version of a pack is "the newest" for whom, since a rollout says so.

    `by_hub` holds the hubs that take part, as they were enrolled then: who is enrolled anew begins anew.
    """

    version: int
    base: int | None  # what hubs that take no part have; None: nothing
    by_hub: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)  # the best first
    rings: frozenset[str] = frozenset()  # of which every hub gets it, those too that come later

    def choose(self, hub: Hub, on_offer: Collection[int]) -> int | None:
        """Return the version of one hub; where what it should have is not on offer, an older one."""
        usual = self.version if self.rings & {EVERYBODY, hub.ring} else self.base
        choices = self.by_hub.get((hub.hub_id, hub.enrolled_at), () if usual is None else (usual,))
        for version in choices:
            if version in on_offer:
                return version
        return max((v for v in on_offer if choices and v < choices[-1]), default=None)


Courses = Mapping[str, Course]  # by pack


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the depot shall say: versions on offer, and by hub its packs with their versions and terms."""

    packs: tuple[Published, ...]
    by_hub: Mapping[str, Mapping[str, int]]
    terms: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)  # by hub, unusual ones only


@dataclass(frozen=True, slots=True)
class Change:
    """What one hub gets instead of what; None: nothing."""

    hub_id: str
    pack_id: str
    before: int | None
    after: int | None


def list_wanted(
    packs: Iterable[Published],
    hubs: Iterable[Hub],
    assignments: Collection[Assignment],
    courses: Courses | None = None,
) -> Wanted:
    """Return what the depot shall say, of everything that the office has."""
    on_offer = tuple(pack for pack in packs if pack.on_offer)
    offered = _Offered.of(on_offer)
    by_hub: dict[str, Mapping[str, int]] = {}
    terms: dict[str, Mapping[str, Terms]] = {}
    meant = _Meant(assignments)
    for hub in hubs:
        if hub.revoked_at is None:
            closest = meant.closest(hub)
            by_hub[hub.hub_id] = _choose(hub, closest, offered, courses or {})
            terms[hub.hub_id] = _unusual(closest)
    return Wanted(on_offer, by_hub, terms)


def resolve(
    hub: Hub,
    assignments: Iterable[Assignment],
    packs: Sequence[Published],
    courses: Courses | None = None,
) -> Mapping[str, int]:
    """Return the packs of one hub: its own assignments go before its ring's, those before everybody's.

    Without a version it is the newest on offer, or what a rollout of the pack has for this hub. A version
    that is not on offer leaves the pack out. Of filters a hub uses one: that which means it most closely.
    """
    return _choose(hub, _Meant(assignments).closest(hub), _Offered.of(packs), courses or {})


def resolve_terms(hub: Hub, assignments: Iterable[Assignment]) -> Mapping[str, Terms]:
    """Return the terms of the packs of one hub that are not the usual ones, from the same assignments."""
    return _unusual(_Meant(assignments).closest(hub))


def find_closest(hub: Hub, assignments: Iterable[Assignment]) -> Mapping[str, Assignment]:
    """Return for each pack the assignment that means this hub most closely."""
    return _Meant(assignments).closest(hub)


def terms_of(assignment: Assignment) -> Terms:
    """Return how an assignment wants its pack to be taken."""
    return Terms(
        assignment.priority, assignment.when_full == "replace", assignment.quiet_hours, assignment.day_mb
    )


class _Meant:
    """Assignments by whom they mean: a large fleet asks for one hub after another."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._by_name: dict[tuple[str, str], list[Assignment]] = {}
        for assignment in assignments:
            self._by_name.setdefault((assignment.audience, assignment.name), []).append(assignment)

    def closest(self, hub: Hub) -> dict[str, Assignment]:
        """Return for each pack the assignment that means a hub most closely."""
        keys = (("ring", EVERYBODY), ("ring", hub.ring), ("hub", hub.hub_id))  # what comes later wins
        return {a.pack_id: a for key in keys for a in self._by_name.get(key, ())}


@dataclass(frozen=True, slots=True)
class _Offered:
    """What is on offer: the versions of each pack, and which packs are filters."""

    versions: Mapping[str, Collection[int]]
    filters: frozenset[str]

    @classmethod
    def of(cls, packs: Iterable[Published]) -> "_Offered":
        versions: dict[str, set[int]] = {}
        filters = set()
        for pack in packs:
            versions.setdefault(pack.pack_id, set()).add(pack.version)
            if pack.kind == "filter":
                filters.add(pack.pack_id)
        return cls(versions, frozenset(filters))


def _choose(
    hub: Hub,
    closest: Mapping[str, Assignment],
    offered: _Offered,
    courses: Courses,
) -> Mapping[str, int]:
    chosen: dict[str, int] = {}
    for pack_id, assignment in closest.items():
        on_offer = offered.versions.get(pack_id, ())
        if assignment.version is not None:
            version = assignment.version if assignment.version in on_offer else None
        elif pack_id in courses:
            version = courses[pack_id].choose(hub, on_offer)
        else:
            version = max(on_offer, default=None)
        if version is not None:
            chosen[pack_id] = version
    filters = sorted(offered.filters & chosen.keys(), key=lambda name: (_distance(closest[name]), name))
    for pack_id in filters[1:]:
        del chosen[pack_id]
    return dict(sorted(chosen.items()))


def _distance(assignment: Assignment) -> int:
    """Return how closely an assignment means a hub that it means; 0: by its name."""
    if assignment.audience == "hub":
        return 0
    return 2 if assignment.name == EVERYBODY else 1


def _unusual(closest: Mapping[str, Assignment]) -> Mapping[str, Terms]:
    terms = {pack_id: terms_of(assignment) for pack_id, assignment in closest.items()}
    return {pack_id: said for pack_id, said in sorted(terms.items()) if said != Terms()}


def list_changes(before: Wanted, after: Wanted) -> list[Change]:
    """Return what changes for which hub, by hub and pack."""
    changes = []
    for hub_id in sorted(before.by_hub.keys() | after.by_hub.keys()):
        old, new = before.by_hub.get(hub_id, {}), after.by_hub.get(hub_id, {})
        for pack_id in sorted(old.keys() | new.keys()):
            change = Change(hub_id, pack_id, old.get(pack_id), new.get(pack_id))
            if change.before != change.after:
                changes.append(change)
    return changes
