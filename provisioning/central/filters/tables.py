"""Rows of fleet.db that say what schools block: lists, policies, answers to appeals."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from provisioning.central.fleet import Fleet

Verdict = Literal["allow", "keep"]


@dataclass(frozen=True, slots=True)
class NameList:
    """A list of names; its file lies in the office's filters/lists. `category` empty: an allow list."""

    name: str
    category: str
    domains: int
    sha256: str
    source: str  # the name of the file that it came from
    added_at: str  # ISO 8601, UTC

    @property
    def is_allow(self) -> bool:
        """Whether it says what stays open."""
        return not self.category


@dataclass(frozen=True, slots=True)
class Policy:
    """What some schools block: the pack `filter-<name>` is made of it."""

    name: str
    block: tuple[str, ...] = ()  # categories, always
    lesson_block: tuple[str, ...] = ()  # further ones, while there is a lesson
    lesson_time: str = ""  # content_packs/lesson_time.py
    safe_search: bool = True
    allow_lists: tuple[str, ...] = ()
    set_at: str = ""  # ISO 8601, UTC

    @property
    def pack_id(self) -> str:
        """The pack that brings it to schools."""
        return f"filter-{self.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the office said to an appeal; it holds for one policy."""

    name: str
    policy: str
    verdict: Verdict
    answered_at: str  # ISO 8601, UTC


class FilterTables:
    """Typed reading and writing of these rows."""

    def __init__(self, fleet: Fleet) -> None:
        self._db = fleet.database

    def list_lists(self) -> list[NameList]:
        """Return every list, by name."""
        return [NameList(**row) for row in self._db.query("select * from filter_lists order by name")]

    def save_list(self, each: NameList) -> None:
        """Add a list, or replace the one of its name."""
        self._db.table("filter_lists").upsert(asdict(each), pk="name")

    def delete_list(self, name: str) -> None:
        """Forget a list."""
        self._db.table("filter_lists").delete_where("name = ?", [name])

    def list_policies(self) -> list[Policy]:
        """Return every policy, by name."""
        return [_policy(row) for row in self._db.query("select * from filter_policies order by name")]

    def save_policy(self, policy: Policy) -> None:
        """Add a policy, or replace the one of its name."""
        values = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(policy).items()}
        texts = {key: json.dumps(v) if isinstance(v, list) else v for key, v in values.items()}
        self._db.table("filter_policies").upsert(texts | {"safe_search": int(policy.safe_search)}, pk="name")

    def delete_policy(self, name: str) -> None:
        """Forget a policy, and the answers that held for it."""
        self._db.table("filter_policies").delete_where("name = ?", [name])
        self._db.table("filter_answers").delete_where("policy = ?", [name])

    def list_answers(self) -> list[Answer]:
        """Return every answer, by name."""
        rows = self._db.query("select * from filter_answers order by name, policy")
        return [Answer(**row) for row in rows]

    def save_answer(self, answer: Answer) -> None:
        """Note an answer, instead of the one before."""
        self._db.table("filter_answers").upsert(asdict(answer), pk=("name", "policy"))


def _policy(row: dict[str, Any]) -> Policy:
    lists = {key: tuple(json.loads(row[key])) for key in ("block", "lesson_block", "allow_lists")}
    return Policy(**row | lists | {"safe_search": bool(row["safe_search"])})
