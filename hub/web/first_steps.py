"""The seven steps of the first start: what each asks, and what is asked of the machine for it. Pure.

    language → school → Wi-Fi → account → clock → content → cards

A step reads a form and returns `Taken`, or raises `WrongAnswerError` with what the page shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.school.check import check_answer
from hub.web.portal import LANGUAGES
from hub.web.wifi_fields import WIFI_MODES, password_fault, ssid_fault
from hub.wording import later

_YEARS = range(2024, 2100)  # what a clock may say that somebody looks at


class WrongAnswerError(Exception):
    """An answer that will not do; `args[0]` is what to say, `args[1]` the field."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step came to."""

    job: str = ""  # to be asked for; empty: nothing
    values: Mapping[str, str] = field(default_factory=dict)  # of the job
    details: Mapping[str, str] = field(default_factory=dict)  # to be shown when the step is opened again


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and the function that reads its form; None: the view has one of its own."""

    name: str
    title: str
    icon: str
    read: Callable[[Mapping[str, str]], Taken] | None = None


def _language(form: Mapping[str, str]) -> Taken:
    code = form.get("language", "")
    if code not in LANGUAGES:
        raise WrongAnswerError(later("Choose one of the languages."), "language")
    return Taken("school-config", {"language": code}, {"language": code})


def _school(form: Mapping[str, str]) -> Taken:
    name, code = " ".join(form.get("school_name", "").split()), form.get("school_code", "").strip()
    if check_answer("school_name", name):
        raise WrongAnswerError(later("Write the name of the school, up to 100 characters."), "school_name")
    if check_answer("school_code", code):
        wrong = later("Write the code of the school: 1 to 32 Latin letters, digits or hyphens.")
        raise WrongAnswerError(wrong, "school_code")
    values = {"school_name": name, "school_code": code}
    return Taken("school-config", values, values)


def _wifi(form: Mapping[str, str]) -> Taken:
    mode, ssid, password = form.get("mode", ""), form.get("ssid", "").strip(), form.get("password", "")
    if mode not in WIFI_MODES:
        raise WrongAnswerError(later("Choose who makes the Wi-Fi."), "mode")
    if mode == "off":
        return Taken("wifi", {"mode": mode}, {"mode": mode})
    for field_name, wrong in (("ssid", ssid_fault(ssid)), ("password", password_fault(password))):
        if wrong:
            raise WrongAnswerError(wrong, field_name)
    values = {"mode": mode, "ssid": ssid, "password": password}
    return Taken("wifi", values, values)  # the password until the cards are printed


def _clock(form: Mapping[str, str]) -> Taken:
    if form.get("use") == "browser":
        moment = _read_time(form.get("iso", ""))
        if moment is None:
            raise WrongAnswerError(
                later("This browser did not tell its time. Write date and time below."), "date"
            )
    else:
        moment = _read_time(f"{form.get('date', '').strip()}T{form.get('time', '').strip()}")
        if moment is None:
            wrong = later("Write the date as 2026-09-01 and the time as 08:30.")
            raise WrongAnswerError(wrong, "date")
    if moment.year not in _YEARS:
        raise WrongAnswerError(later("This date cannot be right."), "date")
    iso = moment.astimezone(UTC).isoformat(timespec="seconds")  # without a zone it is this machine's own
    return Taken("set-time", {"iso": iso}, {"iso": iso})


def _nothing(_form: Mapping[str, str]) -> Taken:
    return Taken()


def _content(form: Mapping[str, str]) -> Taken:
    return Taken("sync") if form.get("do") == "sync" else Taken()


def _read_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


STEPS = (
    Step("language", later("Language"), "speech", _language),
    Step("school", later("School"), "home", _school),
    Step("wifi", later("Wi-Fi"), "globe", _wifi),
    Step("account", later("Your account"), "lock"),
    Step("clock", later("Date and time"), "clock", _clock),
    Step("content", later("Lessons"), "books", _content),
    Step("cards", later("Cards for the class"), "print", _nothing),
)
BY_NAME = {step.name: step for step in STEPS}


def next_step(done: Mapping[str, object]) -> Step | None:
    """Return the first step that is not done; None: all are."""
    return next((step for step in STEPS if step.name not in done), None)


def after(name: str) -> Step | None:
    """Return the step that follows."""
    place = STEPS.index(BY_NAME[name]) + 1
    return STEPS[place] if place < len(STEPS) else None
