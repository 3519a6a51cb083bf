"""The technician's page: how the hub is, the worst first, and what to do. And the same for machines."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, render_template

from hub.health import Status
from hub.status import read_status
from hub.web.pages import fresh_page
from hub.web.portal import this_portal

bp = Blueprint("tech", __name__)


@bp.get("/tech/status")
def status() -> Response:
    """How the hub is, for people."""
    return _status()


@fresh_page
def _status() -> str:
    return render_template("tech/status.html", status=_read())


@bp.get("/status.json")
def status_json() -> Response:
    """How the hub is, for programs: as `hub status --json`, less what is not for everybody."""
    response = jsonify(_read().to_dict())
    response.headers["Cache-Control"] = "no-store"
    return response


def _read() -> Status:
    portal = this_portal()
    return read_status(portal.paths, portal.settings, system=datetime.now(UTC)).for_everybody()
