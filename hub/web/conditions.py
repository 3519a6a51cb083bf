"""How the hub is, in words for the technician: what was checked, what is still to come, and when."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import format_date, ngettext
from markupsafe import Markup

from hub.health import Check
from hub.web.display import size, span, translated
from hub.web.texts import with_commands
from hub.wording import Local, Packs, Size, Span, later

_NO_ROOM, _IN_TIME = later("no room on the disk"), later("in about %(time)s")
_GOES_ON, _LATER = later("goes on %(when)s"), later("with the next sync")
_TODAY, _TOMORROW = later("today at %(time)s"), later("tomorrow at %(time)s")
_ON_A_DAY = later("%(day)s at %(time)s")
_WAITS = {
    "quiet-hours": later("waits for the end of the quiet hours"),
    "session-budget": later("waits for the next sync"),
    "day-budget": later("the budget of this day is used up"),
    "month-budget": later("the budget of this month is used up"),
}
_NO_BREAK = "\u00a0"  # between a number and its unit, in the middle of a sentence


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        check_advice=check_advice,
        check_text=check_text,
        coming_words=coming_words,
        when=when,
    )


def check_text(check: Check) -> str:
    """Return what a check found, in the language of the page."""
    return translated(check.message) % shown(check.values)


def check_advice(check: Check) -> Markup:
    """Return what to do about a check, in the language of the page."""
    return with_commands((translated(check.hint) % shown(check.values)).strip() if check.hint else "")


def shown(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a check with sizes and durations in the language of the page."""
    return {name: _in_words(value) for name, value in values.items()}


def _in_words(value: object) -> object:
    if isinstance(value, Size):
        return size(value).replace(" ", _NO_BREAK)
    if isinstance(value, Packs):
        return ngettext("%(num)s pack", "%(num)s packs", int(value))
    if isinstance(value, Local):
        return when(datetime.fromisoformat(value[:])) if value else ""
    return span(value).replace(" ", _NO_BREAK) if isinstance(value, Span) else value


def when(moment: datetime) -> str:
    """Return a time as this machine's own, to the minute, with the day only where it is another."""
    local, today = moment.astimezone(), datetime.now().astimezone().date()
    values = {"time": f"{local:%H:%M}"}
    if local.date() == today:
        return translated(_TODAY) % values
    if local.date() == today + timedelta(days=1):
        return translated(_TOMORROW) % values
    values["day"] = format_date(local.date(), "d MMM" if local.year == today.year else "d MMM y")
    return translated(_ON_A_DAY) % values


def coming_words(pack: Mapping[str, Any]) -> str:
    """Return in words when a pack is here that is still to come, and why not sooner."""
    if pack["action"] == "needs-space":
        return translated(_NO_ROOM)
    words = [translated(_IN_TIME) % {"time": span(pack["eta_s"])}] if pack["eta_s"] is not None else []
    goes_on = datetime.fromisoformat(pack["goes_on_at"]) if pack["goes_on_at"] else None
    if goes_on is not None and goes_on <= datetime.now(UTC):
        return "; ".join([*words, translated(_LATER)])
    if pack["wait"]:
        words.append(translated(_WAITS.get(pack["wait"], _LATER)))
    if goes_on is not None:
        words.append(translated(_GOES_ON) % {"when": when(goes_on)})
    return "; ".join(words) or translated(_LATER)
