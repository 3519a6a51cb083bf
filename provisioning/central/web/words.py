"""What templates can call: addresses, icons, and words for sizes, dates and durations."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from flask import Flask, request
from flask_babel import format_date, format_decimal, get_locale, gettext, ngettext
from markupsafe import Markup, escape

from content_packs.errors import Error
from hub.wording import later
from provisioning.central.fleet import open_fleet
from provisioning.central.people import ROLES
from provisioning.central.web.assets import asset_url
from provisioning.central.web.dashboard import LANGUAGES, now, page_language, this_office

_UNITS = ((1e9, later("%(number)s GB")), (1e6, later("%(number)s MB")), (1e3, later("%(number)s kB")))
_DAYS, _HOURS, _MINUTES = later("%(number)s d"), later("%(number)s h"), later("%(number)s min")
_AGO, _NOW = later("%(time)s ago"), later("just now")
_NO_BREAK = "\u00a0"  # between a number and its unit
_CODE = re.compile(r"`([^`]+)`")
_PRECISE_BELOW = 10  # of a unit: 4.5 MB, but 45 MB
# Places of the menu: address, name, icon, and who may see it.
MENU = (
    ("/", later("Schools"), "home", "viewer"),
    ("/alerts", later("Alerts"), "warn", "viewer"),
    ("/packs", later("Packs"), "box", "viewer"),
    ("/rollouts", later("Rollouts"), "forward", "viewer"),
    ("/reports", later("Reports"), "print", "viewer"),
    ("/filter", later("Filter"), "filter", "viewer"),
    ("/pending", later("Hubs that ask"), "good", "viewer"),
    ("/people", later("People"), "lock", "admin"),
    ("/audit", later("Who did what"), "page", "admin"),
)
ROLE_NAMES = {
    "viewer": later("Reader"),
    "publisher": later("Publisher"),
    "admin": later("Administrator"),
}
PHASES = {
    "checking": later("Being looked through …"),
    "checked": later("Looked through, not published"),
    "publishing": later("Being published …"),
    "done": later("Published"),
    "failed": later("Did not work"),
}
_ERRORS = {
    "busy": later(
        "Another command is changing the office just now. Wait until it has finished, then try again."
    ),
    "disk-full": later("There is not enough room on the office's disk."),
    "read-only-disk": later("The office's disk or folder cannot be written."),
}


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        ago=ago,
        asset_url=asset_url,
        coded=coded,
        date_text=date_text,
        day=day,
        icon=icon,
        menu=MENU,
        minute=minute,
        month_name=month_name,
        number=number,
        phases=PHASES,
        role_names=ROLE_NAMES,
        roles=ROLES,
        size=size,
        span=span,
        translated=translated,
    )
    app.context_processor(_of_this_request)


def _of_this_request() -> dict[str, object]:
    return {
        "here": request.full_path.removesuffix("?") if request.method == "GET" else "/",
        "languages": LANGUAGES,
        "office_name": office_name(),
        "page_language": page_language(),
    }


def office_name() -> str:
    """Return whose installation this is."""
    with open_fleet(this_office().fleet_db) as fleet:
        return fleet.name() or gettext("Education office")


def translated(text: str, values: Mapping[str, object] | None = None) -> str:
    """Return one of our own texts, marked by `later`, in the language of the page."""
    found: str = gettext(text)
    return found % values if values else found


def error_words(error: Error) -> str:
    """Return what went wrong: in words of our own where there are any, else as the commands say it."""
    known = _ERRORS.get(error.code)
    return translated(known) if known else " ".join(filter(None, (gettext(error.message), error.hint)))


def coded(text: str) -> Markup:
    """Return a text with what stands between backticks as something to be typed."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def icon(name: str) -> Markup:
    """Return an icon of icons.svg; the word beside it says what it means."""
    return _icon(asset_url("icons.svg"), name)


@lru_cache(maxsize=128)
def _icon(url: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(url, name)


def number(value: float) -> str:
    """Return a number as people write it in the language of the page."""
    text: str = format_decimal(value, "#,##0.#" if value != int(value) else "#,##0")
    return text


def size(size_bytes: float) -> str:
    """Return a size as people read it, at least 1 kB."""
    unit, text = next((known for known in _UNITS if size_bytes >= known[0]), _UNITS[-1])
    value = max(1.0, size_bytes / unit)
    told = format_decimal(value, "#,##0.#" if value < _PRECISE_BELOW else "#,##0")
    return translated(text, {"number": told}).replace(" ", _NO_BREAK)


def span(seconds: float) -> str:
    """Return a duration in its largest units, at least a minute."""
    minutes = max(1, round(seconds / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days >= 3:
        return translated(_DAYS, {"number": days}).replace(" ", _NO_BREAK)
    parts = ((days, _DAYS), (hours, _HOURS), (0 if days or hours >= 10 else minutes, _MINUTES))
    words = " ".join(translated(text, {"number": amount}) for amount, text in parts if amount)
    return words.replace(" ", _NO_BREAK)


def ago(iso: str | None) -> str:
    """Return how long ago a time was; empty for none."""
    if not iso:
        return ""
    seconds = (now() - datetime.fromisoformat(iso)).total_seconds()
    return translated(_NOW) if seconds < 60 else translated(_AGO, {"time": span(seconds)})


def minute(iso: str | None) -> str:
    """Return a time as this machine's own, to the minute."""
    if not iso:
        return ""
    local = _local(iso)
    return f"{_day(local)}, {local:%H:%M}"


def date_text(when: date) -> str:
    """Return a day, without the year."""
    text: str = format_date(when, "d MMM")
    return text


def month_name(first: date) -> str:
    """Return a month with its year."""
    text: str = format_date(first, "LLLL y")
    return text


def day(iso: str | None) -> str:
    """Return the day of a time."""
    return _day(_local(iso)) if iso else ""


def _local(iso: str) -> datetime:
    """Return a time as this machine's own; as it was told where that is no year of the calendar."""
    told = datetime.fromisoformat(iso)
    try:
        return told.astimezone()
    except OverflowError:  # a hub says 9999-12-31T23:00-05:00: whatever it says, its school has a page
        return told


def _day(moment: datetime) -> str:
    pattern = "d MMM" if moment.year == datetime.now(UTC).year else "d MMM y"
    text: str = format_date(moment.date(), pattern)
    return text


def plural(one: str, many: str, count: int) -> str:
    """Return a number with its noun."""
    text: str = ngettext(one, many, count)
    return text


def language() -> str:
    """Return the language of the page."""
    return str(get_locale())
