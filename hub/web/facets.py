"""What a list can be narrowed by: subject, grade, kind, language; together, with how much each would leave.

The library counts packs and the search counts hits. Either gives what it has as pairs: the values of a thing
by the name of the facet, and how many it stands for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from hub.library.installed import InstalledPack
from hub.web.display import item_label, language_name, subject_name, translated
from hub.web.kinds import find_kind, is_kind
from hub.web.order import title_key
from hub.web.portal import page_language
from hub.web.subjects import find_subject
from hub.wording import later

Values = Mapping[str, tuple[str, ...]]
Wanted = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to choose by: its name in addresses, its name on pages, and a value in words."""

    name: str
    label: str
    words: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value, how learners call it, and how much it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One facet with its choices; `chosen` is None where it is off."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    chosen: Choice | None


def _kind_or_type(value: str) -> str:
    return translated((find_kind(value) if is_kind(value) else item_label(value)).name)


SUBJECT = Facet("subject", later("Subject"), lambda value: subject_name(find_subject(value)))
GRADE = Facet("grade", later("Grade"), lambda value: gettext("grade %(number)s", number=value))
LANGUAGE = Facet("language", later("Language"), language_name)
KIND = Facet("kind", later("Kind"), lambda value: translated(find_kind(value).name))
KIND_OR_TYPE = Facet("kind", later("Kind"), _kind_or_type)  # of packs, and of the items on a shelf


def pack_values(pack: InstalledPack) -> dict[str, tuple[str, ...]]:
    """Return the values of a pack, as addresses name them."""
    return {
        SUBJECT.name: (find_subject(pack.pack.subject).slug,),
        GRADE.name: tuple(map(str, pack.pack.grades)),
        LANGUAGE.name: (pack.pack.language,),
        KIND.name: (pack.pack.kind,),
    }


def fits(values: Values, wanted: Wanted) -> bool:
    """Whether a thing has all that is wanted."""
    return all(value in values[name] for name, value in wanted.items())


def fitting_packs(packs: Iterable[InstalledPack], *, subject: str, grade: str) -> frozenset[str] | None:
    """Return the ids of the packs of a subject and a grade; None where neither is asked for."""
    asked = {SUBJECT.name: subject, GRADE.name: grade}
    wanted = {name: value for name, value in asked.items() if value}
    return frozenset(p.pack.id for p in packs if fits(pack_values(p), wanted)) if wanted else None


def make_rows(
    facets: Sequence[Facet], counted: Iterable[tuple[Values, int]], wanted: Wanted
) -> tuple[Row, ...]:
    """Return the facets that leave a choice, and those that are chosen."""
    pairs = tuple(counted)
    rows = []
    for facet in facets:
        choices = _find_choices(facet, pairs, wanted)
        if len(choices) > 1 or facet.name in wanted:
            chosen = next((choice for choice in choices if choice.value == wanted.get(facet.name)), None)
            rows.append(Row(facet.name, translated(facet.label), choices, chosen))
    return tuple(rows)


def _find_choices(facet: Facet, pairs: Iterable[tuple[Values, int]], wanted: Wanted) -> tuple[Choice, ...]:
    """Return the values that leave something beside the other facets, and the one that is chosen."""
    others = {name: value for name, value in wanted.items() if name != facet.name}
    counts: Counter[str] = Counter()
    for values, count in pairs:
        if fits(values, others):
            counts.update(dict.fromkeys(values[facet.name], count))
    if facet.name in wanted:
        counts.setdefault(wanted[facet.name], 0)
    found = [Choice(value, facet.words(value), count) for value, count in counts.items()]
    language = page_language()
    return tuple(sorted(found, key=lambda choice: (choice.value == "", title_key(choice.label, language))))
