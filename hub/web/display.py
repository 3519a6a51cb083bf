"""What the templates can call: addresses, and words for sizes, languages, kinds, subjects and dates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

import nh3
from babel import Locale, UnknownLocaleError
from flask import Flask, request
from flask_babel import format_date, format_decimal, get_locale, gettext, ngettext
from markupsafe import Markup

from content_packs.kinds.kolibri import read_channels
from hub.library.installed import InstalledPack
from hub.web import links
from hub.web.assets import asset_url
from hub.web.kinds import find_kind
from hub.web.listing import listing
from hub.web.portal import (
    LANGUAGES,
    TEXT_SIZES,
    Preferences,
    browser_host,
    chosen,
    entrance,
    page_language,
    this_portal,
)
from hub.web.subjects import Subject, find_subject
from hub.wording import later

_UNITS = ((1e9, later("%(number)s GB")), (1e6, later("%(number)s MB")), (1e3, later("%(number)s kB")))
_DAYS, _HOURS, _MINUTES = later("%(number)s d"), later("%(number)s h"), later("%(number)s min")
_PRECISE_BELOW = 10  # of a unit: 4.5 MB, but 45 MB


@dataclass(frozen=True, slots=True)
class Label:
    """A word and an icon for a type of item or a node of Kolibri."""

    name: str
    icon: str


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
_NODES = {
    "topic": Label(later("Topic"), "files"),
    "video": Label(later("Video"), "film"),
    "audio": Label(later("Audio"), "sound"),
    "exercise": Label(later("Exercise"), "check"),
    "exam": Label(later("Test"), "check"),
    "document": Label(later("Document"), "page"),
    "html5": Label(later("Interactive lesson"), "open"),
    "h5p": Label(later("Interactive lesson"), "open"),
    "slideshow": Label(later("Slides"), "picture"),
    "zim": Label(later("Encyclopaedia"), "books"),
}
_OTHER_NODE = Label(later("Resource"), "page")


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        article_url=links.article_url,
        asset_url=asset_url,
        contents=contents,
        date=date,
        file_url=links.file_url,
        grade_span=grade_span,
        icon=icon,
        item_label=item_label,
        kind_of=find_kind,
        kolibri_url=links.kolibri_url,
        language_name=language_name,
        marked=marked,
        node_label=node_label,
        portal_url=portal_url,
        size=size,
        span=span,
        subject_name=subject_name,
        subject_of=find_subject,
        view_url=links.view_url,
    )
    app.context_processor(_of_this_request)


def _of_this_request() -> dict[str, object]:
    prefs: Preferences = chosen()
    return {
        "hub_name": this_portal().settings.portal.name or gettext("Classroom hub"),
        "here": _here() if request.method == "GET" else "/",
        "languages": LANGUAGES,
        "page_language": page_language(),
        "prefs": prefs,
        "text_sizes": TEXT_SIZES,
    }


def _here() -> str:
    """Return the address of this page below the portal, with `#` and `%` of a name still quoted."""
    query = request.query_string.decode("ascii", "replace")
    return quote(request.path, safe=links.SAFE) + (f"?{query}" if query else "")


def portal_url() -> str:
    """Return the portal's own address as this browser knows it, to be written on a board or a poster."""
    return entrance().portal_origin(browser_host())


def icon(name: str) -> Markup:
    """Return an icon of icons.svg; the word beside it says what it means."""
    return _icon(asset_url("icons.svg"), name)


@lru_cache(maxsize=128)
def _icon(url: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(url, name)


def item_label(item_type: str) -> Label:
    """Return how learners call a type of item."""
    return _TYPES.get(item_type, _OTHER_TYPE)


def node_label(kind: str) -> Label:
    """Return how learners call a kind of Kolibri's nodes."""
    return _NODES.get(kind, _OTHER_NODE)


def contents(pack: InstalledPack) -> str:
    """Return in a few words how much is in a pack; empty where its kind does not tell."""
    items, articles = listing(pack).items, pack.details.get("articles")
    count = len(items)
    channels = tuple(read_channels(pack.details))
    pages = items[0].pages if count == 1 else 0
    words = ""
    if pages:
        words = ngettext("%(num)s page", "%(num)s pages", pages)
    elif count:
        words = ngettext("%(num)s item", "%(num)s items", count)
    elif channels:
        words = ngettext("%(num)s resource", "%(num)s resources", sum(c.resources for c in channels))
    elif isinstance(articles, int):
        words = ngettext("%(num)s article", "%(num)s articles", articles)
    return words


def language_name(code: str) -> str:
    """Return a language's name in the language of the page; the code itself where nobody named it."""
    return _language_name(code, str(get_locale()))


@lru_cache(maxsize=256)
def _language_name(code: str, language: str) -> str:
    try:
        name = Locale.parse(code, sep="-").get_display_name(language)
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


def grade_span(grades: Iterable[int]) -> str:
    """Return grades as a person writes them: "5", "8-11" with a dash, "1, 3"."""
    ordered = sorted(set(grades))
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}\u2013{ordered[-1]}"
    return ", ".join(map(str, ordered))


def date(iso: str) -> str:
    """Return the day of an ISO 8601 time, the month as a word."""
    pattern = "y. MMMM d." if str(get_locale()) == "hu" else "d MMMM y"
    day: str = format_date(datetime.fromisoformat(iso), pattern)
    return day


def marked(snippet_html: str) -> Markup:
    """Return a snippet of the search with its marks, and no other markup whatever it holds."""
    is_clean = "<" not in snippet_html.replace("<mark>", "").replace("</mark>", "")
    return Markup(snippet_html if is_clean else nh3.clean(snippet_html, tags={"mark"}, attributes={}))  # noqa: S704


def span(seconds: float) -> str:
    """Return a duration in its two largest units, at least a minute."""
    minutes = max(1, round(seconds / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days >= 10:
        return translated(_DAYS) % {"number": days}
    parts = ((days, _DAYS), (hours, _HOURS), (0 if days else minutes, _MINUTES))
    return " ".join(translated(text) % {"number": number} for number, text in parts if number)
