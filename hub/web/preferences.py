"""Language and text size: buttons that set a cookie and lead back to the page one came from.

The buttons stand at the end of each page, and on a page of their own for pages that a lesson fills.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from hub.redirects import is_own_path
from hub.web.forms import comes_from_here
from hub.web.pages import fresh_page
from hub.web.portal import LANGUAGE_COOKIE, LANGUAGES, TEXT_SIZE_COOKIE, TEXT_SIZES

bp = Blueprint("preferences", __name__, url_prefix="/set")
_YEAR_S = 365 * 24 * 3600
_SEE_OTHER = 303


@bp.get("")
def index() -> Response:
    """Both choices, and the way back to the page `next`."""
    return _choices()


@fresh_page
def _choices() -> str:
    return render_template("preferences/index.html", here=safe_target(request.args.get("next", "/")))


@bp.post("/language/<code>")
def language(code: str) -> Answer:
    """Choose the language of the pages."""
    if code not in LANGUAGES:
        abort(404)
    return _remember(LANGUAGE_COOKIE, code)


@bp.post("/text-size/<size>")
def text_size(size: str) -> Answer:
    """Choose the size of the text."""
    if size not in TEXT_SIZES:
        abort(404)
    return _remember(TEXT_SIZE_COOKIE, size)


def _remember(cookie: str, value: str) -> Answer:
    response = redirect(safe_target(request.form.get("next", "/")), _SEE_OTHER)
    if comes_from_here():
        response.set_cookie(cookie, value, max_age=_YEAR_S, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response


def safe_target(target: str) -> str:
    """Return `target` where it is a path of this portal, else the home page: no redirect leaves the hub."""
    if not is_own_path(target) or target.startswith("/set/") or urlsplit(target).path == "/set":
        return "/"
    return target
