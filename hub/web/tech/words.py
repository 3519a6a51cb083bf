"""What the technician's templates can call: words for jobs, sticks and moments in the page's language."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from hub.health import Check
from hub.jobs import FAILED, Job
from hub.machine import is_card
from hub.sticks import Stick
from hub.web.conditions import check_advice, check_text, shown, when
from hub.web.display import translated
from hub.web.tech.actions import ACTIONS
from hub.web.tech.checks import CHECKS
from hub.web.tech.faults import FAULTS, Words
from hub.web.texts import with_commands
from hub.wording import later, typed

# What a hub on its card does by itself or by its pages, where elsewhere somebody types a command.
ON_CARD: Mapping[str, str] = {
    later(
        "Press “Sync now” on the page “Sync”, or plug in a stick from the office and look at the page "
        "“Lessons and sticks”. By command: `hub sync`, or `hub sync --from` the stick's folder."
    ): later(
        "Plug in a stick from the office and open “Lessons and sticks”. "
        "With the Internet they come by themselves."
    ),
    later("When the Internet is there, press “Sync now” on the page “Sync”, or run `hub sync`."): later(
        "It syncs by itself when the Internet is there."
    ),
    later(
        "To take the office's version again: “Follow the office again” on the page “Lessons and sticks”, or "
        "`hub packs --follow PACK`; then a sync."
    ): later("To take the office's version again: the page “Lessons and sticks”."),
    later(
        "“Read all and mend” on the page “Lessons and sticks”, or `hub repair`, makes the list anew from "
        "what is on the disk. No lesson is lost."
    ): later(
        "“Read all and mend” on the page “Lessons and sticks” makes the list anew from what is on the disk. "
        "No lesson is lost."
    ),
    later(
        "The next sync brings them. On a card it comes by itself; elsewhere by a timer, or by `hub sync`."
    ): later("They come by themselves with the next sync."),
    later("Start it with `hub kolibri`, or switch the hub off and on."): later(
        "Wait five minutes after a start; then restart the hub on the page “Time and power”."
    ),
}


def register(bp: Blueprint) -> None:
    """Make the functions below known to the templates of `bp`."""
    bp.context_processor(
        lambda: {
            "actions": ACTIONS,
            "check_detail": check_detail,
            "check_do": check_do,
            "check_words": check_words,
            "fault_text": fault_text,
            "helped": CHECKS,
            "job_advice": job_advice,
            "job_detail": job_detail,
            "job_text": job_text,
            "moment": moment,
            "stick_text": stick_text,
        }
    )


def moment(iso: str) -> str:
    """Return a time that stands in a file, as `when` writes it; as it stands where it is none."""
    try:
        return when(datetime.fromisoformat(iso))
    except ValueError:
        return iso


def check_words(check: Check) -> str:
    """Return what a check found, with the code of an error in words."""
    fault = FAULTS.get(str(check.values.get("fault", "")))
    if fault is None:
        return check_text(check)
    told = translated(fault[0])
    return check_text(replace(check, values={**check.values, "error": told[0].lower() + told[1:]}))


def check_do(check: Check) -> Markup:
    """Return what to do about a check on this machine."""
    fault = FAULTS.get(str(check.values.get("fault", "")))
    if fault is not None:
        return check_advice(replace(check, values={**check.values, "advice": translated(fault[1])}))
    hint = ON_CARD.get(check.hint, check.hint) if is_card() else check.hint
    return check_advice(replace(check, hint=hint))


def check_detail(check: Check) -> str:
    """Return the error's own words, English, where `check_words` says it in general and one may see them."""
    error, fault = str(check.values.get("error", "")), check.values.get("fault", "")
    return f"{error} {check.values['advice']}".strip() if fault in FAULTS and error != fault else ""


def fault_text(code: str) -> str:
    """Return an error's code in words; the code itself where there are none."""
    return translated(FAULTS[code][0]) if code in FAULTS else code


def job_text(job: Job) -> str:
    """Return what is to be said of a job."""
    fault = _fault(job)
    return translated(fault[0]) if fault else _filled(job.message, job.words)


def job_advice(job: Job) -> Markup:
    """Return what to do next; empty where nothing needs doing."""
    fault = _fault(job)
    return with_commands(translated(fault[1]) if fault else _filled(job.hint, job.words))


def job_detail(job: Job) -> str:
    """Return the error's own words, which are English, where `job_text` says it in general."""
    return str(job.result.get("error", "")) if _fault(job) else ""


def _fault(job: Job) -> Words | None:
    return FAULTS.get(str(job.result.get("code", ""))) if job.state == FAILED else None


def stick_text(stick: Stick) -> str:
    """Return what is to be said of a stick; empty where all is well."""
    return _filled(stick.message, typed(stick.values))


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a text of ours filled in; the text alone where the file lacks what it asks for."""
    if not text:
        return ""
    try:
        return (translated(text) % shown(values)).strip()
    except (KeyError, TypeError, ValueError):
        return translated(text)
