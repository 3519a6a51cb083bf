"""Which lists and policies have something to say of a name."""

from dataclasses import dataclass

from content_packs.blocklist import is_below
from provisioning.central.filters.lists import list_file
from provisioning.central.filters.tables import FilterTables, NameList
from provisioning.central.fleet import Fleet
from provisioning.central.office import Office


@dataclass(frozen=True, slots=True)
class Found:
    """A list that holds a name, or one above it."""

    list: NameList
    listed: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one policy does with a name, as it would be compiled now."""

    policy: str
    verdict: str  # "always", "lesson", "allow" or "open"


def find_in_lists(office: Office, fleet: Fleet, name: str) -> tuple[list[Found], list[Ruling]]:
    """Return the lists that a name falls under, and what each policy does with it."""
    tables = FilterTables(fleet)
    found = [Found(each, listed) for each in tables.list_lists() if (listed := _above(office, each, name))]
    answers = {(a.policy, a.name) for a in tables.list_answers() if a.verdict == "allow"}
    rulings = []
    for policy in tables.list_policies():
        categories = {each.list.category for each in found}
        opened = any(p == policy.name and is_below(name, n) for p, n in answers)
        if opened or any(each.list.name in policy.allow_lists for each in found):
            verdict = "allow"
        elif categories & set(policy.block):
            verdict = "always"
        else:
            verdict = "lesson" if categories & set(policy.lesson_block) else "open"
        rulings.append(Ruling(policy.name, verdict))
    return found, rulings


def _above(office: Office, each: NameList, name: str) -> str:
    wanted = set()
    rest = name
    while rest:
        wanted.add(rest)
        rest = rest.partition(".")[2]
    try:
        with list_file(office, each).open(encoding="ascii") as file:
            return next((n for n in map(str.rstrip, file) if n in wanted), "")
    except OSError:
        return ""
