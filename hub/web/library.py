"""The library: every pack, by subject, grade, language and kind, 24 on a page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from content_packs.items import natural_key
from hub.library.installed import InstalledPack
from hub.web.display import kind_label, language_name, subject_name, translated
from hub.web.pages import cached_page
from hub.web.paging import page_of
from hub.web.portal import shelf_view
from hub.web.subjects import find_subject
from hub.wording import later

bp = Blueprint("library", __name__)
PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class _Field:
    """Something that packs can be chosen by: its name, a pack's values of it, and a value in words."""

    label: str
    values: Callable[[InstalledPack], tuple[str, ...]]
    words: Callable[[str], str]


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
    "language": _Field(later("Language"), lambda pack: (pack.pack.language,), language_name),
    "kind": _Field(
        later("Kind"), lambda pack: (pack.pack.kind,), lambda value: translated(kind_label(value).name)
    ),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a pack can have, and how learners call it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Filter:
    """One row of choices; `chosen` is None where this filter is off."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    chosen: str | None


@bp.get("/library")
def index() -> Response:
    """The list of packs."""
    return _index()


@cached_page
def _index() -> str:
    wanted = {name: request.args[name] for name in _FIELDS if name in request.args}
    everything = shelf_view().packs
    packs = [pack for pack in everything if _fits(pack, wanted)]
    paging = page_of(len(packs), PAGE_SIZE)
    return render_template(
        "library/index.html",
        packs=packs[paging.slice],
        total=len(packs),
        filters=_find_filters(everything, wanted),
        wanted=wanted,
        paging=paging,
    )


def _fits(pack: InstalledPack, wanted: dict[str, str]) -> bool:
    return all(value in _FIELDS[name].values(pack) for name, value in wanted.items())


def _find_filters(packs: Iterable[InstalledPack], wanted: dict[str, str]) -> list[Filter]:
    """Return the filters that leave a choice, and those that are chosen."""
    packs = tuple(packs)
    filters = []
    for name, field in _FIELDS.items():
        values = {value for pack in packs for value in field.values(pack)}
        if len(values) > 1 or name in wanted:
            choices = sorted(
                (Choice(value, field.words(value)) for value in values),
                key=lambda choice: (choice.value == "", natural_key(choice.label)),
            )
            filters.append(Filter(name, translated(field.label), tuple(choices), wanted.get(name)))
    return filters
