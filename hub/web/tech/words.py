"""What the technician's templates can call: words for jobs, sticks and moments in the page's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint
from markupsafe import Markup

from hub.jobs import Job
from hub.sticks import Stick
from hub.web.conditions import shown, when
from hub.web.display import translated
from hub.web.tech.actions import ACTIONS
from hub.web.tech.checks import CHECKS
from hub.web.texts import with_commands
from hub.wording import typed


def register(bp: Blueprint) -> None:
    """Make the functions below known to the templates of `bp`."""
    bp.context_processor(
        lambda: {
            "actions": ACTIONS,
            "helped": CHECKS,
            "job_advice": job_advice,
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
    return _filled(job.message, job.words)


def job_advice(job: Job) -> Markup:
    """Return what to do next; empty where nothing needs doing."""
    return with_commands(_filled(job.hint, job.words))


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
