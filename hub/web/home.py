"""The home page: a search box, the subjects, what is newest, what is here."""

from collections import Counter

from flask import Blueprint, Response, render_template

from content_packs.items import natural_key
from hub.web.display import subject_name
from hub.web.pages import cached_page
from hub.web.portal import shelf_view
from hub.web.subjects import Subject, find_subject

bp = Blueprint("home", __name__)
_NEWEST = 6


@bp.get("/")
def index() -> Response:
    """The page that a learner's browser opens with."""
    return _index()


@cached_page
def _index() -> str:
    view = shelf_view()
    return render_template("home/index.html", view=view, newest=view.newest[:_NEWEST], subjects=_subjects())


def _subjects() -> list[tuple[Subject, int]]:
    """Return each subject with its number of packs, in the order of their names, "Other" last."""
    counts = Counter(find_subject(pack.pack.subject) for pack in shelf_view().packs)
    return sorted(counts.items(), key=lambda item: (not item[0].slug, natural_key(subject_name(item[0]))))
