"""Today, the page a browser opens with: the search box, the subjects, what is new, what is here."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

from flask import Blueprint, Response, render_template

from hub.clock import hub_now
from hub.library.installed import InstalledPack
from hub.web.display import subject_name
from hub.web.order import title_key
from hub.web.pages import cached_page
from hub.web.portal import page_language, shelf_view, this_portal
from hub.web.subjects import Subject, find_subject

bp = Blueprint("home", __name__)
_SHOWN = 6
_NEW_FOR = timedelta(days=7)


@bp.get("/")
def index() -> Response:
    """The page that a learner's browser opens with."""
    return _index()


@partial(cached_page, daily=True)  # what is new today was not new yesterday
def _index() -> str:
    view = shelf_view()
    fresh = find_fresh(view.newest, now=hub_now(this_portal().paths.trust))
    return render_template(
        "home/index.html",
        view=view,
        is_new=bool(fresh),
        newest=(fresh or view.newest)[:_SHOWN],
        subjects=_subjects(),
    )


def find_fresh(packs: tuple[InstalledPack, ...], *, now: datetime) -> tuple[InstalledPack, ...]:
    """Return the packs that came within the last seven days, in their order."""
    return tuple(pack for pack in packs if datetime.fromisoformat(pack.installed_at) > now - _NEW_FOR)


def _subjects() -> list[tuple[Subject, int]]:
    """Return each subject with its number of packs, in the order of their names, "Other" last."""
    counts = Counter(find_subject(pack.pack.subject) for pack in shelf_view().packs)
    language = page_language()
    return sorted(
        counts.items(), key=lambda item: (not item[0].slug, title_key(subject_name(item[0]), language))
    )
