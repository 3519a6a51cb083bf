"""The tables of rollouts in fleet.db."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from provisioning.central.fleet import Fleet
from provisioning.central.rollouts.model import Member, Rollout
from provisioning.central.rollouts.rules import make_course
from provisioning.central.rollouts.stages import parse_stages
from provisioning.central.wanted import Course


class Rollouts:
    """Typed reading and writing of `rollouts` and `rollout_hubs`; the only class that knows them."""

    def __init__(self, fleet: Fleet) -> None:
        self._db = fleet.database

    def list_rollouts(self) -> list[Rollout]:
        """Return every rollout there ever was, the oldest first."""
        return [_rollout(row) for row in self._db.query("select * from rollouts order by rollout_id")]

    def list_members(self, rollout_id: int) -> list[Member]:
        """Return the hubs that take part, by id."""
        query = "select * from rollout_hubs where rollout_id = ? order by hub_id"
        return [_member(row) for row in self._db.query(query, [rollout_id])]

    def list_governing(self) -> list[Rollout]:
        """Return the newest rollout of each pack, unless it was released."""
        newest = {rollout.pack_id: rollout for rollout in self.list_rollouts()}
        return [rollout for rollout in newest.values() if rollout.released_at is None]

    def read_courses(self) -> dict[str, Course]:
        """Return by pack which versions its newest rollout has for whom."""
        return {
            each.pack_id: make_course(each, self.list_members(each.rollout_id))
            for each in self.list_governing()
        }

    def list_versions(self) -> set[tuple[str, int]]:
        """Return pack and version of all that the newest rollouts give, and that they go back to."""
        found = set()
        for rollout in self.list_governing():
            earlier = {member.before for member in self.list_members(rollout.rollout_id)}
            versions = {rollout.version, rollout.base, *earlier}
            found |= {(rollout.pack_id, version) for version in versions if version is not None}
        return found

    def add(self, rollout: Rollout, members: Iterable[Member]) -> Rollout:
        """Keep a new rollout under the next number; return it with that."""
        [(last,)] = self._db.execute("select coalesce(max(rollout_id), 0) from rollouts").fetchall()
        numbered = replace(rollout, rollout_id=last + 1)
        self.save(numbered, [replace(member, rollout_id=last + 1) for member in members])
        return numbered

    def save(self, rollout: Rollout, members: Iterable[Member]) -> None:
        """Keep a rollout with just these hubs."""
        stages = ",".join(map(str, rollout.stages))
        self._db.table("rollouts").upsert(asdict(rollout) | {"stages": stages}, pk="rollout_id")
        table = self._db.table("rollout_hubs")
        table.delete_where("rollout_id = ?", [rollout.rollout_id])
        table.insert_all([asdict(member) for member in members])


def _rollout(row: dict[str, Any]) -> Rollout:
    return Rollout(**row | {"stages": parse_stages(row["stages"])})


def _member(row: dict[str, Any]) -> Member:
    return Member(**row | {"accepted": bool(row["accepted"])})
