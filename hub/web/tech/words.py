"""What the technician's templates can call: words for jobs, sticks and moments in the page's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from hub.jobs import FAILED, Job
from hub.sticks import Stick
from hub.web.conditions import shown, when
from hub.web.display import translated
from hub.web.tech.actions import ACTIONS
from hub.web.tech.checks import CHECKS
from hub.web.tech.faults import FAULTS, Words
from hub.web.texts import with_commands
from hub.wording import typed


def register(bp: Blueprint) -> None:
    """Make the functions below known to the templates of `bp`."""
    bp.context_processor(
        lambda: {
            "actions": ACTIONS,
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
