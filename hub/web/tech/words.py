"""What the technician's templates can call: words for jobs, sticks and moments in the page's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint

from hub.jobs import Job
from hub.sticks import Stick
from hub.web.conditions import shown, when
from hub.web.display import translated
from hub.web.tech.actions import ACTIONS
from hub.web.tech.checks import CHECKS
from hub.wording import Local, Size


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
    return _filled(job.message, job.result)


def job_advice(job: Job) -> str:
    """Return what to do next; empty where nothing needs doing."""
    return _filled(job.hint, job.result)


def stick_text(stick: Stick) -> str:
    """Return what is to be said of a stick; empty where all is well."""
    return _filled(stick.message, stick.values)


def _typed(name: str, value: object) -> object:
    """Return a value of a file as what its name says: bytes and moments are written as people read them."""
    if name.endswith("_bytes") and isinstance(value, int):
        return Size(value)
    return Local(value) if name.endswith("_at") and isinstance(value, str) else value


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a text of ours filled in; the text alone where the file lacks what it asks for."""
    if not text:
        return ""
    try:
        return (
            translated(text) % shown({name: _typed(name, value) for name, value in values.items()})
        ).strip()
    except (KeyError, TypeError, ValueError):
        return translated(text)
