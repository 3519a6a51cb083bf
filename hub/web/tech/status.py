"""The technician's first page: how the hub is, the worst first, and what to do. And the same for machines."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, render_template

from content_packs.errors import Error, LocalError
from hub import since
from hub.accounts import has_accounts
from hub.health import Level, Status
from hub.settings import read_settings
from hub.status import read_status
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.signin import signed_in

bp = Blueprint("status", __name__)


@bp.get("/tech/status")
def show() -> Response:
    """How the hub is, for people: for everybody, and with addresses and errors for who may see them."""
    return _show()


@fresh_page
def _show() -> str:
    status = current_status()
    account = signed_in()
    shown = status if account and account.may("admin") else status.for_everybody()
    return render_template("tech/status.html", status=shown, since=_read_since(status), is_new=_is_new())


@bp.get("/status.json")
def as_json() -> Response:
    """How the hub is, for programs: as `hub status --json`, less what is not for everybody."""
    response = jsonify(current_status().for_everybody().to_dict())
    response.headers["Cache-Control"] = "no-store"
    return response


def current_status() -> Status:
    """Return how the hub is now, with what is only for the technician."""
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
    return read_status(portal.paths, settings, system=datetime.now(UTC))


def _is_new() -> bool:
    """Whether the first start is still to come; where the disk refuses, nobody knows."""
    try:
        return not has_accounts(this_portal().paths)
    except LocalError:
        return False


def _read_since(status: Status) -> dict[str, datetime]:
    """Return since when each check that is not well is as it is; where the disk refuses, since now."""
    levels = {check.code: check.level.word for check in status.checks if check.level > Level.GOOD}
    try:
        return since.keep(this_portal().paths, levels, now=status.taken_at)
    except LocalError:
        return {}
