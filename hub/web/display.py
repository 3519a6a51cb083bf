"""What the templates can call: addresses, and words for sizes, languages, kinds, subjects and dates."""

from dataclasses import dataclass
from datetime import datetime

import nh3
from babel import Locale, UnknownLocaleError
from flask import Flask, request
from flask_babel import format_date, format_decimal, get_locale, gettext
from markupsafe import Markup

from hub.health import Check
from hub.web import links
from hub.web.assets import asset_url
from hub.web.portal import LANGUAGES, TEXT_SIZES, Preferences, chosen, this_portal
from hub.web.subjects import Subject, find_subject
from hub.wording import later

_UNITS = ((1e9, later("%(number)s GB")), (1e6, later("%(number)s MB")), (1e3, later("%(number)s kB")))
_PRECISE_BELOW = 10  # of a unit: 4.5 MB, but 45 MB


@dataclass(frozen=True, slots=True)
class Label:
    """A word and an icon for a kind of pack or a type of item."""

    name: str
    icon: str


_KINDS = {
    "web": Label(later("Interactive lesson"), "page"),
    "files": Label(later("Materials"), "files"),
    "zim": Label(later("Encyclopaedia"), "books"),
    "kolibri": Label(later("Kolibri course"), "check"),
}
_TYPES = {
    "pdf": Label(later("PDF"), "page"),
    "video": Label(later("Video"), "film"),
    "audio": Label(later("Audio"), "sound"),
    "epub": Label(later("E-book"), "book"),
    "image": Label(later("Picture"), "picture"),
    "markdown": Label(later("Text"), "page"),
    "text": Label(later("Text"), "page"),
    "html": Label(later("Page"), "page"),
    "document": Label(later("Document"), "page"),
}
_OTHER_TYPE = Label(later("File"), "files")


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        article_url=links.article_url,
        asset_url=asset_url,
        check_advice=check_advice,
        check_text=check_text,
        date=date,
        file_url=links.file_url,
        icon=icon,
        item_label=item_label,
        kind_label=kind_label,
        kolibri_url=links.kolibri_url,
        language_name=language_name,
        marked=marked,
        size=size,
        subject_name=subject_name,
        subject_of=find_subject,
        view_url=links.view_url,
    )
    app.context_processor(_of_this_request)


def _of_this_request() -> dict[str, object]:
    prefs: Preferences = chosen()
    target = request.full_path.removesuffix("?") if request.method == "GET" else "/"
    return {
        "hub_name": this_portal().settings.portal.name or gettext("Classroom hub"),
        "here": target,
        "languages": LANGUAGES,
        "prefs": prefs,
        "text_sizes": TEXT_SIZES,
    }


def icon(name: str) -> Markup:
    """Return an icon of icons.svg; the word beside it says what it means."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        asset_url("icons.svg"), name
    )


def kind_label(kind: str) -> Label:
    """Return how learners call a kind of pack."""
    return _KINDS.get(kind, _OTHER_TYPE)


def item_label(kind: str) -> Label:
    """Return how learners call a type of item."""
    return _TYPES.get(kind, _OTHER_TYPE)


def language_name(code: str) -> str:
    """Return a language's name in the language of the page; the code itself where nobody named it."""
    try:
        name = Locale.parse(code, sep="-").get_display_name(str(get_locale()))
    except (UnknownLocaleError, ValueError):
        name = None
    return name or code


def subject_name(subject: Subject) -> str:
    """Return a subject in the language of the page; a pack's own word stays as it is, to be escaped."""
    return translated(subject.name) if subject.known else subject.name


def translated(text: str) -> str:
    """Return one of our own texts, marked by `later`, in the language of the page."""
    found: str = gettext(text)
    return found


def size(size_bytes: int) -> str:
    """Return a size as people read it, at least 1 kB."""
    unit, text = next((known for known in _UNITS if size_bytes >= known[0]), _UNITS[-1])
    value = max(1.0, size_bytes / unit)
    number = format_decimal(value, "#,##0.#" if value < _PRECISE_BELOW else "#,##0")
    return translated(text) % {"number": number}


def date(iso: str) -> str:
    """Return the day of an ISO 8601 time."""
    day: str = format_date(datetime.fromisoformat(iso), "d MMMM y")
    return day


def marked(snippet_html: str) -> Markup:
    """Return a snippet of the search with its marks, and no other markup whatever it holds."""
    return Markup(nh3.clean(snippet_html, tags={"mark"}, attributes={}))  # noqa: S704


def check_text(check: Check) -> str:
    """Return what a check found, in the language of the page."""
    return translated(check.message) % check.values


def check_advice(check: Check) -> str:
    """Return what to do about a check, in the language of the page."""
    return (translated(check.hint) % check.values).strip() if check.hint else ""
