"""The library: every pack, by subject, grade, kind and language, 24 on a page."""

from flask import Blueprint, Response, render_template, request

from hub.library.installed import InstalledPack
from hub.web import facets
from hub.web.listing import listing
from hub.web.pages import cached_page
from hub.web.paging import page_of
from hub.web.portal import page_language, shelf_view

bp = Blueprint("library", __name__)
PAGE_SIZE = 24
_SAME_TO_LEARNERS = {"markdown": "text", "other": ""}  # nobody looks for "a file"
_ALWAYS_SEEN = (facets.SUBJECT.name, facets.GRADE.name)  # the others lie under "More choices"
_FACETS = (facets.SUBJECT, facets.GRADE, facets.KIND_OR_TYPE, facets.LANGUAGE)


@bp.get("/library")
def index() -> Response:
    """The list of packs."""
    return _index()


@cached_page
def _index() -> str:
    names = [facet.name for facet in _FACETS]
    wanted = {name: request.args[name] for name in names if name in request.args}
    everything = [(pack, _values(pack)) for pack in shelf_view().by_title(page_language())]
    packs = [pack for pack, values in everything if facets.fits(values, wanted)]
    paging = page_of(len(packs), PAGE_SIZE)
    rows = facets.make_rows(_FACETS, ((values, 1) for _, values in everything), wanted)
    return render_template(
        "library/index.html",
        packs=packs[paging.slice],
        total=len(packs),
        filters=[row for row in rows if row.name in _ALWAYS_SEEN],
        more_filters=[row for row in rows if row.name not in _ALWAYS_SEEN],
        chosen=[row for row in rows if row.chosen],
        wanted=wanted,
        paging=paging,
    )


def _values(pack: InstalledPack) -> facets.Values:
    """Return what a pack is and, of a shelf of files, what is on it: a learner looks for a video."""
    types = {_SAME_TO_LEARNERS.get(name, name) for name in listing(pack).types}
    return {
        **facets.pack_values(pack),
        facets.KIND_OR_TYPE.name: (pack.pack.kind, *sorted(types - {""})),
    }
