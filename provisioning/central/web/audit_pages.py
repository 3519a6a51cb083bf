"""/audit: who changed what, by the dashboard and by the command line."""

from flask import Blueprint, render_template, request

from provisioning.central.audit import list_entries
from provisioning.central.web.dashboard import this_office
from provisioning.central.web.signin import needs

bp = Blueprint("audit", __name__)
_ROWS = 100


@bp.get("/audit")
@needs("admin")
def index() -> str:
    """The newest lines, or those before a line."""
    text = request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
    entries = list_entries(this_office(), limit=_ROWS + 1, before=before)
    shown, has_more = entries[:_ROWS], len(entries) > _ROWS
    return render_template("audit/index.html", section="/audit", entries=shown, has_more=has_more)
