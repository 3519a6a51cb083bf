"""The technician's page: how the hub is, the worst first, and what to do. And the same for machines."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, render_template

from content_packs.errors import Error
from hub.health import Status
from hub.settings import read_settings
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
    return render_template("tech/status.html", status=current_status())


@bp.get("/status.json")
def status_json() -> Response:
    """How the hub is, for programs: as `hub status --json`, less what is not for everybody."""
    response = jsonify(current_status().to_dict())
    response.headers["Cache-Control"] = "no-store"
    return response


def current_status() -> Status:
    """Return how the hub is now, as everybody may know it."""
    portal = this_portal()
    settings = portal.settings
    with suppress(Error):  # what a sync goes by now, and not when the portal was started
        fresh = read_settings(portal.paths)
        settings = replace(
            settings,
            depot_url=fresh.depot_url,
            sync=fresh.sync,
            unknown=fresh.unknown,
            refused=fresh.refused,
        )
    return read_status(portal.paths, settings, system=datetime.now(UTC)).for_everybody()
