"""The sync: when the office was reached last, what waits for it, what is coming and how fast."""

import sqlite3
from contextlib import closing
from typing import Any

from flask import Blueprint, Response, render_template

from content_packs.errors import Error, LocalError
from hub.db import open_db
from hub.jobs import RUNNING
from hub.machine import is_card
from hub.school.statusblock import StatusBlock, render_block, short_fingerprint
from hub.settings import HubPaths, SyncSettings, read_settings
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.qr import qr_code
from hub.web.signin import needs
from hub.web.tech.jobs import newest_job
from hub.web.tech.status import current_status

bp = Blueprint("sync", __name__)
_RUNS = """
    select started_at, finished_at, source, result, message, hint, received_bytes, installed
    from sync_runs order by id desc limit 10
"""
_REACHED = "select max(finished_at) as at from sync_runs where result = 'ok'"


@bp.get("/tech/sync")
@needs("admin")
def show() -> Response:
    """How the hub and the office get on."""
    return _show()


@fresh_page
def _show() -> str:
    paths, status = this_portal().paths, current_status()
    runs, reached_at = _read_runs(paths)
    asks = _read_request(paths)
    running = newest_job("sync", state=RUNNING) or newest_job("sync-from", state=RUNNING)
    return render_template(
        "tech/sync.html",
        runs=runs,
        reached_at=reached_at,
        reports=status.facts["reports"],
        coming=status.facts["coming"],
        limits=_read_sync_settings(paths),
        depot_url=this_portal().settings.depot_url,
        running=running,
        is_card=is_card(),
        fingerprint=asks.fingerprint if asks else "",
        request_code=qr_code(render_block(asks)) if asks else "",
    )


def _read_request(paths: HubPaths) -> StatusBlock | None:
    """Return who this hub is, while the office has still to let it in; None where it knows the hub."""
    settings = this_portal().settings
    try:
        if not paths.enrol_token.is_file():
            return None
        key = " ".join(paths.key.with_suffix(".pub").read_text(encoding="ascii").split()[:2])
        return StatusBlock(settings.hub_id, key, short_fingerprint(key), "", settings.portal.name)
    except (OSError, ValueError):  # the status says what is wrong with the disk
        return None


def _read_runs(paths: HubPaths) -> tuple[list[dict[str, Any]], str]:
    """Return the newest syncs and when the last one ended well; none where the list cannot be read."""
    try:
        with closing(open_db(paths.db)) as db:
            return list(db.query(_RUNS)), next(db.query(_REACHED))["at"] or ""
    except (sqlite3.Error, LocalError):  # the status says why
        return [], ""


def _read_sync_settings(paths: HubPaths) -> SyncSettings:
    """Return what the next sync goes by."""
    try:
        return read_settings(paths).sync
    except Error:
        return this_portal().settings.sync
