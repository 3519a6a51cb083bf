"""Language and text size: plain links that set a cookie and lead back to the page one came from.

Only a link on a page of this portal sets one: a lesson could open the same address in a new window.
"""

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from hub.web.portal import LANGUAGE_COOKIE, LANGUAGES, TEXT_SIZE_COOKIE, TEXT_SIZES

bp = Blueprint("preferences", __name__, url_prefix="/set")
_YEAR_S = 365 * 24 * 3600


@bp.get("/language/<code>")
def language(code: str) -> Response:
    """Choose the language of the pages."""
    if code not in LANGUAGES:
        abort(404)
    return _remember(LANGUAGE_COOKIE, code)


@bp.get("/text-size/<size>")
def text_size(size: str) -> Response:
    """Choose the size of the text."""
    if size not in TEXT_SIZES:
        abort(404)
    return _remember(TEXT_SIZE_COOKIE, size)


def _remember(cookie: str, value: str) -> Response:
    response = redirect(safe_target(request.args.get("next", "/")))
    if _comes_from_here():
        response.set_cookie(cookie, value, max_age=_YEAR_S, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response


def _comes_from_here() -> bool:
    # Sec-Fetch-Site would tell, but goes to https only. Our pages have the referrer policy same-origin, so
    # their links name them; pages of packs name another origin, or none.
    return (request.referrer or "").startswith(request.host_url)


def safe_target(target: str) -> str:
    """Return `target` where it is a path of this portal, else the home page: no redirect leaves the hub."""
    try:
        parts = urlsplit(target)
    except ValueError:  # "//[": half an address of IPv6
        return "/"
    plain = target.isprintable() and "\\" not in target
    inside = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//")
    return target if plain and inside and not target.startswith("/set/") else "/"
