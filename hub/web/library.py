"""The library: every pack, by subject, grade, kind and language, 24 on a page."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from hub.library.installed import InstalledPack
from hub.web.display import item_label, kind_label, language_name, subject_name, translated
from hub.web.listing import listing
from hub.web.order import title_key
from hub.web.pages import cached_page
from hub.web.paging import page_of
from hub.web.portal import page_language, shelf_view
from hub.web.subjects import find_subject
from hub.wording import later

bp = Blueprint("library", __name__)
PAGE_SIZE = 24
_SAME_TO_LEARNERS = {"markdown": "text", "other": ""}  # nobody looks for "a file"
_PACK_KINDS = ("web", "files", "zim", "kolibri")


@dataclass(frozen=True, slots=True)
class _Field:
    """Something that packs can be chosen by: its name, a pack's values of it, and a value in words."""

    label: str
    values: Callable[[InstalledPack], tuple[str, ...]]
    words: Callable[[str], str]


def _kinds(pack: InstalledPack) -> tuple[str, ...]:
    """Return what a pack is and, of a shelf of files, what is on it: a learner looks for a video."""
    types = {_SAME_TO_LEARNERS.get(name, name) for name in listing(pack).types}
    return (pack.pack.kind, *sorted(types - {""}))


def _kind_words(value: str) -> str:
    return translated((kind_label(value) if value in _PACK_KINDS else item_label(value)).name)


_FIELDS = {
    "subject": _Field(
        later("Subject"),
        lambda pack: (find_subject(pack.pack.subject).slug,),
        lambda value: subject_name(find_subject(value)),
    ),
    "grade": _Field(
        later("Grade"),
        lambda pack: tuple(str(grade) for grade in pack.pack.grades),
        lambda value: gettext("grade %(number)s", number=value),
    ),
    "kind": _Field(later("Kind"), _kinds, _kind_words),
    "language": _Field(later("Language"), lambda pack: (pack.pack.language,), language_name),
}
_ALWAYS_SEEN = ("subject", "grade")  # the others lie under "More choices"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a pack can have, how learners call it, and how many packs it would leave."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Filter:
    """One row of choices; `chosen` is None where this filter is off."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    chosen: Choice | None


@bp.get("/library")
def index() -> Response:
    """The list of packs."""
    return _index()


@cached_page
def _index() -> str:
    wanted = {name: request.args[name] for name in _FIELDS if name in request.args}
    everything = shelf_view().by_title(page_language())
    packs = [pack for pack in everything if _fits(pack, wanted)]
    paging = page_of(len(packs), PAGE_SIZE)
    filters = _find_filters(everything, wanted)
    return render_template(
        "library/index.html",
        packs=packs[paging.slice],
        total=len(packs),
        filters=[row for row in filters if row.name in _ALWAYS_SEEN],
        more_filters=[row for row in filters if row.name not in _ALWAYS_SEEN],
        chosen=[row for row in filters if row.chosen],
        wanted=wanted,
        paging=paging,
    )


def _fits(pack: InstalledPack, wanted: dict[str, str]) -> bool:
    return all(value in _FIELDS[name].values(pack) for name, value in wanted.items())


def _find_filters(packs: Iterable[InstalledPack], wanted: dict[str, str]) -> list[Filter]:
    """Return the filters that leave a choice, and those that are chosen."""
    packs = tuple(packs)
    filters = []
    for name in _FIELDS:
        choices = _find_choices(name, packs, wanted)
        if len(choices) > 1 or name in wanted:
            chosen = next((choice for choice in choices if choice.value == wanted.get(name)), None)
            filters.append(Filter(name, translated(_FIELDS[name].label), choices, chosen))
    return filters


def _find_choices(name: str, packs: Iterable[InstalledPack], wanted: dict[str, str]) -> tuple[Choice, ...]:
    """Return the values that leave something beside the other filters, and the one that is chosen."""
    field = _FIELDS[name]
    others = {other: value for other, value in wanted.items() if other != name}
    counts = Counter(value for pack in packs if _fits(pack, others) for value in field.values(pack))
    if name in wanted:
        counts.setdefault(wanted[name], 0)
    found = [Choice(value, field.words(value), count) for value, count in counts.items()]
    language = page_language()
    return tuple(sorted(found, key=lambda choice: (choice.value == "", title_key(choice.label, language))))
