"""Two pages of help, each one sheet when printed: for learners, and for their teachers."""

from flask import Blueprint, Response, render_template

from hub.web.pages import cached_page

bp = Blueprint("guide", __name__, url_prefix="/help")


@bp.get("")
def index() -> Response:
    """How the portal is used."""
    return _index()


@bp.get("/teacher")
def teacher() -> Response:
    """How a lesson is held with it."""
    return _teacher()


@cached_page
def _index() -> str:
    return render_template("guide/index.html")


@cached_page
def _teacher() -> str:
    return render_template("guide/teacher.html")
