"""Schools, alerts and packs in words and colours."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask

from hub.wording import later
from provisioning.central.fleetview.alert import Alert
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.overview import PackState
from provisioning.central.web.words import minute, size, span, translated


@dataclass(frozen=True, slots=True)
class Word:
    """How a page says it: the word, its colour, its icon."""

    text: str
    level: str
    icon: str


STATES: Mapping[str, Word] = {
    "overdue": Word(later("Overdue"), "broken", "clock"),
    "attention": Word(later("Needs attention"), "attention", "warn"),
    "never": Word(later("Never heard from"), "quiet", "help"),
    "waiting": Word(later("Waiting for contact"), "note", "clock"),
    "ok": Word(later("In order"), "good", "good"),
}
LEVELS: Mapping[str, Word] = {
    "urgent": Word(later("Urgent"), "broken", "warn"),
    "soon": Word(later("Soon"), "attention", "warn"),
    "info": Word(later("To know"), "note", "info"),
}
PACKS: Mapping[str, Word] = {
    "current": Word(later("As it shall be"), "good", "good"),
    "fetching": Word(later("On its way"), "note", "again"),
    "waiting": Word(later("Waits for the next contact"), "note", "clock"),
    "needs-space": Word(later("No room on the disk"), "attention", "warn"),
    "extra": Word(later("Will be removed"), "quiet", "clock"),
    "unknown": Word(later("Not known yet"), "quiet", "help"),
}
WAYS: Mapping[str, str] = {
    "link": later("by network"),
    "folder": later("by folder"),
    "stick": later("by stick"),
}
# What was wrong, short, for reports of a month; the texts of alerts have values of one moment.
CODES: Mapping[str, str] = {
    "card-dead": later("memory card cannot be used"),
    "card-errors": later("errors of the memory card"),
    "card-worn": later("worn memory card"),
    "clock-wrong": later("wrong clock"),
    "copied-card": later("copied card"),
    "course-refused": later("a course was refused"),
    "database-damaged": later("damaged list of lessons"),
    "disk-full": later("disk nearly full"),
    "filter-missing": later("no filter, so no Internet"),
    "filter-refused": later("filter refused"),
    "had-hung": later("had hung"),
    "kolibri-down": later("courses not running"),
    "needs-space": later("no room for a pack"),
    "network-stranger": later("another router in the network"),
    "overheating": later("too hot"),
    "reports-dropped": later("reports thrown away"),
    "services-down": later("parts not running"),
    "settings-refused": later("settings refused"),
    "sync-failed": later("syncs failed"),
    "too-slow": later("link too slow"),
    "under-voltage": later("too little power"),
    "update-failed": later("update of the hub failed"),
    "warm": later("warm"),
    "wifi-down": later("Wi-Fi not running"),
    "wifi-full": later("Wi-Fi full"),
}
_OTHER = Word(later("Not known yet"), "quiet", "help")


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        alert_advice=alert_advice,
        alert_text=alert_text,
        code_words=code_words,
        levels=LEVELS,
        pack_word=pack_word,
        state_word=state_word,
        states=STATES,
        way_word=way_word,
    )


def state_word(view: SchoolView) -> Word:
    """Return the word for a school's state; urgent attention is red."""
    word = STATES[view.state]
    is_urgent = any(alert.level == "urgent" for alert in view.reasons)
    return Word(word.text, "broken", word.icon) if view.state == "attention" and is_urgent else word


def pack_word(pack: PackState) -> Word:
    """Return the word for the state of a pack on a hub."""
    return PACKS.get(pack.state, _OTHER)


def way_word(way: str | None) -> str:
    """Return how the last contact came."""
    return translated(WAYS[way]) if way is not None and way in WAYS else ""


def code_words(code: str) -> str:
    """Return what was wrong, in short; the code itself where nobody named it."""
    return translated(CODES[code]) if code in CODES else code


def alert_text(alert: Alert) -> str:
    """Return what is so, in the language of the page."""
    return translated(alert.text) % worded(alert.values)


def alert_advice(alert: Alert) -> str:
    """Return what to do about it, in the language of the page."""
    return translated(alert.hint) % worded(alert.values) if alert.hint else ""


def worded(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a text, by what their names end in, in the language of the page."""
    return {name: _worded(name, value) for name, value in values.items()}


def _worded(name: str, value: object) -> object:
    if name.endswith("_bytes") and isinstance(value, int | float):
        return size(value)
    if name.endswith("_s") and isinstance(value, int | float):
        return span(value)
    return minute(value) if name.endswith("_at") and isinstance(value, str) else value
