"""/language: the choice between Ukrainian and English, kept in a cookie."""

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from hub.redirects import is_own_path
from provisioning.central.web.dashboard import LANGUAGE_COOKIE, LANGUAGES, this_dashboard
from provisioning.central.web.signin import SEE_OTHER

bp = Blueprint("preferences", __name__)
_YEAR_S = 365 * 24 * 3600


@bp.post("/language/<code>")
def language(code: str) -> Answer:
    """Choose the language of the pages."""
    if code not in LANGUAGES:
        abort(404)
    response = redirect(safe_target(request.form.get("next", "/")), SEE_OTHER)
    response.set_cookie(
        LANGUAGE_COOKIE,
        code,
        max_age=_YEAR_S,
        httponly=True,
        samesite="Lax",
        secure=this_dashboard().is_https,
    )
    return response


def safe_target(target: str) -> str:
    """Return `target` where it is a path of this dashboard, else the first page: no redirect leaves it."""
    return target if is_own_path(target) else "/"
