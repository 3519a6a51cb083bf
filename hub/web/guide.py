"""A short page for learners and teachers: how to find, open and keep a lesson."""

from flask import Blueprint, Response, render_template

from hub.web.pages import cached_page

bp = Blueprint("guide", __name__)


@bp.get("/help")
def index() -> Response:
    """How the portal is used."""
    return _index()


@cached_page
def _index() -> str:
    return render_template("guide/index.html")
