"""What schools ask to have opened: gathered from their reports by name, and what the office answered.

Whatever a report says is a stranger's text: a name that DNS cannot have is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from content_packs.blocklist import check_domain
from content_packs.errors import UsageError
from provisioning.central.filters.lists import find_policy
from provisioning.central.filters.tables import Answer, FilterTables, Policy, Verdict
from provisioning.central.fleet import Fleet, iso, open_fleet
from provisioning.central.office import Office
from provisioning.central.reports import Heard, open_reports

MAX_REASONS = 10  # of one name, the newest
MAX_REASON = 200  # characters, as a hub keeps them


@dataclass(slots=True)
class Asked:
    """One name that schools ask for."""

    name: str
    count: int = 0
    hubs: dict[str, int] = field(default_factory=dict)  # hub → how often
    categories: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)  # whose filters block it
    reasons: list[str] = field(default_factory=list)
    first_at: str = ""  # when the first such report came, ISO 8601
    last_at: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)  # policy → answer

    @property
    def is_open(self) -> bool:
        """Whether the office has to answer: somebody asked who has no answer, or asked again after it."""
        return any(p not in self.answers or self.answers[p].answered_at < self.last_at for p in self.policies)


def read_appeals(office: Office) -> list[Asked]:
    """Return every name that schools ask for: those without an answer first, then what most ask for."""
    with open_fleet(office.fleet_db) as fleet:
        tables = FilterTables(fleet)
        answers, policies = tables.list_answers(), tables.list_policies()
    with open_reports(office.reports_db) as reports:
        heard = reports.list_heard("appeal")
    return gather(heard, answers, policies)


def gather(
    heard: Iterable[tuple[str, Heard]], answers: Iterable[Answer], policies: Iterable[Policy]
) -> list[Asked]:
    """Return what the reports of hubs ask for; `heard` in the order in which they came. Pure."""
    by_pack = {policy.pack_id: policy.name for policy in policies}
    found: dict[str, Asked] = {}
    for hub_id, each in heard:
        body = each.event.body
        pack_id = str(body.get("filter", "")).rpartition("@")[0]
        for name, count in _names(body):
            asked = found.setdefault(name, Asked(name, first_at=each.received_at))
            asked.count += count
            asked.hubs[hub_id] = asked.hubs.get(hub_id, 0) + count
            asked.last_at = each.received_at
            asked.categories |= _word(body, "category", name)
            asked.reasons = [*asked.reasons, *_word(body, "reason", name)][-MAX_REASONS:]
            if pack_id in by_pack:
                asked.policies.add(by_pack[pack_id])
    for name, given in _by_name(answers).items():
        if name in found:
            found[name].answers = given
    return sorted(found.values(), key=lambda a: (not a.is_open, -len(a.hubs), -a.count, a.name))


def _names(body: Mapping[str, object]) -> list[tuple[str, int]]:
    asked = body.get("asked")
    pairs = asked.items() if isinstance(asked, dict) else ()
    return [(name, count) for name, count in pairs if isinstance(count, int) and not check_domain(name)]


def _word(body: Mapping[str, object], member: str, name: str) -> set[str]:
    values = body.get(member)
    word = values.get(name) if isinstance(values, dict) else None
    return {word[:MAX_REASON]} if isinstance(word, str) and word.strip() else set()


def _by_name(answers: Iterable[Answer]) -> dict[str, dict[str, Answer]]:
    found: dict[str, dict[str, Answer]] = defaultdict(dict)
    for answer in answers:
        found[answer.name][answer.policy] = answer
    return found


def answer_appeal(
    fleet: Fleet, asked: Iterable[Asked], name: str, verdict: Verdict, *, policy: str | None, now: datetime
) -> list[Answer]:
    """Note what the office says: for one policy, else for those whose schools asked, else for all.

    What is allowed is open in the packs that are compiled next; "keep" takes an earlier "allow" back.

    Raises:
        UsageError: no such name or policy.
    """
    if fault := check_domain(name):
        raise UsageError(f"{name[:80]!r}: {fault}")
    tables = FilterTables(fleet)
    known = [each.name for each in tables.list_policies()]
    if policy is not None:
        chosen = [find_policy(tables, policy).name]
    else:
        chosen = sorted(next((each.policies for each in asked if each.name == name), set())) or known
    if not chosen:
        raise UsageError("there is no policy yet", hint="Set one: central filter policy set NAME --block …")
    answers = [Answer(name, each, verdict, iso(now)) for each in chosen]
    for answer in answers:
        tables.save_answer(answer)
    return answers
