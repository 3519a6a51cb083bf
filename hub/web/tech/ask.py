"""A page that says what an action means before it is asked for, and the way by which every action is asked.

What is harmless is asked by one press on the page it belongs to; all else once more here.
"""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from content_packs.errors import Error
from hub.jobs import ask
from hub.library.installed import InstalledPack
from hub.sticks import FoundBackup, Stick, find_stick
from hub.web.pagecache import make_page
from hub.web.pages import send_page
from hub.web.portal import shelf_view, this_portal
from hub.web.signin import needs
from hub.web.tech.actions import ACTIONS, Action, Faults, older_version
from hub.web.wifi_fields import WIFI_CHANNELS, WIFI_MODES

bp = Blueprint("ask", __name__)
_SEE_OTHER, _UNPROCESSABLE = 303, 422
_SECRET = "password"  # noqa: S105 - the name of a field, never in an address


@bp.route("/tech/do/<name>", methods=["GET", "POST"])
@needs("admin")
def show(name: str) -> Answer:
    """Say what an action means; ask for it when that was read, and lead to its job."""
    action = ACTIONS.get(name)
    if action is None:
        abort(404)
    values, paths = _read_values(action), this_portal().paths
    faults = action.check(paths, values)
    if request.method == "POST" and not faults and (action.is_harmless or "sure" in request.form):
        try:
            filled = {field: value for field, value in values.items() if value}
            return redirect(url_for("tech.jobs.show", job_id=ask(paths, action.job, filled)), _SEE_OTHER)
        except Error as error:
            faults = {"": error.message, "hint": error.hint or ""}
    return _page(name, action, values, faults)


def _read_values(action: Action) -> dict[str, str]:
    form = request.form if request.method == "POST" else request.args
    gathered = action.gather({name: str(value) for name, value in form.items()})
    values = {field: gathered.get(field, "") for field in action.fields}
    return values if request.method == "POST" else {**values, **({_SECRET: ""} if _SECRET in values else {})}


def _page(name: str, action: Action, values: dict[str, str], faults: Faults) -> Answer:
    html = render_template(
        "tech/do.html",
        name=name,
        action=action,
        values=values,
        faults=faults,
        about=_about(values),
        modes=WIFI_MODES,
        channels=WIFI_CHANNELS,
    )
    response = send_page(make_page(html))
    response.headers["Cache-Control"] = "no-store"
    if faults and request.method == "POST":
        response.status_code = _UNPROCESSABLE
    return response


def _about(values: dict[str, str]) -> dict[str, object]:
    """Return what the values stand for: the pack and its earlier version, the stick, the backup."""
    paths = this_portal().paths
    pack: InstalledPack | None = shelf_view().by_id.get(values.get("pack", ""))
    stick: Stick | None = find_stick(paths, values["stick"]) if "stick" in values else None
    file = values.get("file", "")
    backup: FoundBackup | None = next((b for b in stick.backups if b.file == file), None) if stick else None
    older = older_version(paths, pack.pack.id) if pack else None
    return {"pack": pack, "older": older, "stick": stick, "backup": backup}
