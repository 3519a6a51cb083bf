"""What came of what was asked: one page for each job, which looks again by itself until the job has ended."""

from flask import Blueprint, Response, abort, render_template

from hub.jobs import Job, read_job, read_jobs
from hub.machine import is_card
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.signin import needs
from hub.web.tech.actions import BY_JOB

bp = Blueprint("jobs", __name__)
AGAIN_S = 3  # a page without scripts looks again by itself
SHOWN = 20


@bp.get("/tech/jobs")
@needs("admin")
def index() -> Response:
    """What was asked lately."""
    return _index()


@bp.get("/tech/jobs/<job_id>")
@needs("admin")
def show(job_id: str) -> Response:
    """How far a job is, how it ended, and what to do next."""
    job = read_job(this_portal().paths, job_id)
    if job is None:
        abort(404)
    return _show(job=job)


@fresh_page
def _index() -> str:
    return render_template("tech/jobs.html", jobs=read_jobs(this_portal().paths)[:SHOWN], actions=BY_JOB)


@fresh_page
def _show(job: Job) -> str:
    return render_template(
        "tech/job.html", job=job, action=BY_JOB.get(job.name), again_s=AGAIN_S, is_card=is_card()
    )


def newest_job(name: str, *, state: str = "") -> Job | None:
    """Return the newest job of a name (and state) that is still remembered."""
    jobs = read_jobs(this_portal().paths)
    return next((job for job in jobs if job.name == name and state in ("", job.state)), None)
