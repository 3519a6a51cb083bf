"""Backups: to a stick, and back from it; and when the last one was made."""

from flask import Blueprint, Response, render_template

from hub.jobs import DONE
from hub.machine import is_card
from hub.sticks import list_sticks
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.signin import needs
from hub.web.tech.jobs import newest_job

bp = Blueprint("backup", __name__)


@bp.get("/tech/backup")
@needs("admin")
def show() -> Response:
    """What can be backed up and restored now."""
    return _show()


@fresh_page
def _show() -> str:
    sticks = list_sticks(this_portal().paths)
    last = newest_job("backup", state=DONE)
    return render_template("tech/backup.html", sticks=sticks, last=last, is_card=is_card())
