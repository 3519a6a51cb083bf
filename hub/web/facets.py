"""What a search can be narrowed by: subject, grade, language, kind; together, with counts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext

from hub.library.installed import InstalledPack
from hub.library.search import Found
from hub.web.display import kind_label, language_name, subject_name, translated
from hub.web.order import title_key
from hub.web.portal import page_language
from hub.web.subjects import find_subject
from hub.wording import later


@dataclass(frozen=True, slots=True)
class _Facet:
    """One thing to choose by: its name, the values of what was found, and a value in words."""

    label: str
    values: Callable[[InstalledPack, Found], tuple[str, ...]]
    words: Callable[[str], str]


def subject_values(pack: InstalledPack) -> tuple[str, ...]:
    """Return the subject of a pack, as an address names it."""
    return (find_subject(pack.pack.subject).slug,)


def grade_values(pack: InstalledPack) -> tuple[str, ...]:
    """Return the grades of a pack, as an address names them."""
    return tuple(map(str, pack.pack.grades))


_FACETS = {
    "subject": _Facet(
        later("Subject"),
        lambda pack, _: subject_values(pack),
        lambda value: subject_name(find_subject(value)),
    ),
    "grade": _Facet(
        later("Grade"),
        lambda pack, _: grade_values(pack),
        lambda value: gettext("grade %(number)s", number=value),
    ),
    "language": _Facet(later("Language"), lambda _, found: (found.language,), language_name),
    "kind": _Facet(
        later("Kind"), lambda pack, _: (pack.pack.kind,), lambda value: translated(kind_label(value).name)
    ),
}
NAMES = tuple(_FACETS)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value, how learners call it, and how many hits it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One facet with its choices; `chosen` is empty where it is off."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    chosen: str


def fitting_packs(packs: Iterable[InstalledPack], *, subject: str, grade: str) -> frozenset[str] | None:
    """Return the ids of the packs of a subject and a grade; None where neither is asked for."""
    if not subject and not grade:
        return None
    return frozenset(
        pack.pack.id
        for pack in packs
        if (not subject or subject in subject_values(pack)) and (not grade or grade in grade_values(pack))
    )


def make_rows(
    packs: Mapping[str, InstalledPack], found: Iterable[Found], wanted: Mapping[str, str]
) -> tuple[Row, ...]:
    """Return the facets that leave a choice, and those that are chosen."""
    pairs = [(packs[hits.pack_id], hits) for hits in found if hits.pack_id in packs]
    rows = []
    for name, facet in _FACETS.items():
        counts = _count(name, pairs, wanted)
        if wanted.get(name):
            counts.setdefault(wanted[name], 0)
        if len(counts) > 1 or wanted.get(name):
            choices = sorted(
                (Choice(value, facet.words(value), count) for value, count in counts.items() if value),
                key=lambda choice: title_key(choice.label, page_language()),
            )
            rows.append(Row(name, translated(facet.label), tuple(choices), wanted.get(name, "")))
    return tuple(rows)


def _count(
    name: str, pairs: Iterable[tuple[InstalledPack, Found]], wanted: Mapping[str, str]
) -> "Counter[str]":
    """Count the hits by their value of one facet, among those that fit all others."""
    others = {other: value for other, value in wanted.items() if other != name and value}
    counts: Counter[str] = Counter()
    for pack, found in pairs:
        if all(value in _FACETS[other].values(pack, found) for other, value in others.items()):
            for value in _FACETS[name].values(pack, found):
                counts[value] += found.count
    return counts


_GROUPS = {
    "web": later("Lessons"),
    "files": later("Books and films"),
    "kolibri": later("Kolibri"),
    "zim": later("Encyclopaedia"),
}


def group_name(kind: str) -> str:
    """Return what a learner looks for in packs of a kind."""
    return translated(_GROUPS.get(kind, later("Other")))
