"""One search over everything: results by pack, each a link to the very page that was found."""

from collections.abc import Hashable
from functools import partial

from flask import Blueprint, Response, abort, render_template, request

from hub.library import search_db
from hub.library.query import MAX_QUERY_CHARS
from hub.library.search import Hit, search
from hub.web.pages import cached_page
from hub.web.paging import asked_page, page_of
from hub.web.portal import chosen, shelf_view, this_portal

bp = Blueprint("search", __name__)
HITS_ON_A_PAGE = 20


@bp.get("/search")
def index() -> Response:
    """The results of a search, or only the box."""
    return _index()


def _stamp() -> Hashable:
    return search_db.stamp(this_portal().paths.search_db)


@partial(cached_page, stamp=_stamp)  # a whole class looks for the word that the teacher says
def _index() -> str:
    query = " ".join(request.args.get("q", "").split())[:MAX_QUERY_CHARS]
    kind = request.args.get("kind") or None
    kinds = sorted({pack.pack.kind for pack in shelf_view().packs})
    if kind is not None and kind not in kinds:
        abort(404)
    if not query:
        return render_template("search/index.html", query="", kind=None, kinds=kinds)
    result = search(
        this_portal().paths,
        query,
        ui_language=chosen().language,
        limit=HITS_ON_A_PAGE,
        offset=(asked_page() - 1) * HITS_ON_A_PAGE,
        kind=kind,
    )
    return render_template(
        "search/index.html",
        query=query,
        kind=kind,
        kinds=kinds,
        result=result,
        groups=group_by_pack(result.hits),
        paging=page_of(result.total, HITS_ON_A_PAGE),
    )


def group_by_pack(hits: tuple[Hit, ...]) -> list[list[Hit]]:
    """Return the hits with those of one pack together, packs in the order of their best hit."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.pack_id, []).append(hit)
    return list(groups.values())
