"""One search over everything: the best hits, more of each kind, each a link to the very page."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import lru_cache

from flask import Blueprint, Response, abort, current_app, g, render_template, request
from flask.blueprints import BlueprintSetupState

from hub.library import search_db
from hub.library.complete import complete
from hub.library.installed import InstalledPack
from hub.library.query import MAX_QUERY_CHARS
from hub.library.search import Filters, Found, Page, SearchResult, find_left_out, search
from hub.services import read_service
from hub.settings import HubPaths
from hub.web import facets
from hub.web.hits import show_hits
from hub.web.links import view_path
from hub.web.pages import cached_page, fresh_page
from hub.web.paging import asked_page, page_of
from hub.web.portal import chosen, shelf_view, this_portal
from hub.web.zimsearch import ZimAnswer, ZimSearch

bp = Blueprint("search", __name__)
HITS_ON_A_PAGE = 20
HITS_OF_A_KIND = 4
_ZIMS = "zim"
_FACETS = (facets.SUBJECT, facets.GRADE, facets.LANGUAGE, facets.KIND)
_EXTENSION = "zim-search"
_MAX_AGE_S = 60  # of suggestions: typing the same word again asks nobody


@bp.record_once
def _attach(state: BlueprintSetupState) -> None:
    state.app.extensions[_EXTENSION] = ZimSearch()


@bp.get("/search")
def index() -> Response:
    """The results of a search, or only the box."""
    g.zim_answer = _ask_zims()
    if not g.zim_answer.is_late:
        return _kept_page()
    response = _fresh_page()
    response.headers["Cache-Control"] = "no-store"  # the next one may have the encyclopaedia's answer
    return response


@bp.get("/search/suggest")
def suggestions() -> Response:
    """What may be meant by what is typed so far, for the search box of those who have scripts."""
    begun = _query()
    key = (begun, chosen().language, shelf_view().stamp, _stamp())
    found = _completions(this_portal().paths, *key)
    answer = json.dumps({"format": 1, "suggestions": found}, ensure_ascii=False)
    response = Response(answer, content_type="application/json")
    response.headers["Cache-Control"] = f"private, max-age={_MAX_AGE_S}"
    return response


@lru_cache(maxsize=2048)  # about 1 MB; a class types the same beginnings
def _completions(paths: HubPaths, begun: str, language: str, *_: Hashable) -> list[dict[str, str]]:
    return [
        {"text": offer.text, "url": view_path(offer.pack_id, offer.path) if offer.pack_id else ""}
        for offer in complete(paths, begun, ui_language=language)
    ]


def _stamp() -> Hashable:
    """Return the stamp of the index, the same for the whole request."""
    if "search_stamp" not in g:
        g.search_stamp = search_db.stamp(this_portal().paths.search_db)
    stamp: Hashable = g.search_stamp
    return stamp


def _page() -> str:
    query, wanted = _query(), _wanted()
    view = shelf_view()
    if wanted["kind"] and wanted["kind"] not in {pack.pack.kind for pack in view.packs}:
        abort(404)
    if not query:
        return render_template("search/index.html", query="")
    result = _search(query, wanted)
    g.search_is_complete = result.complete
    narrowed = {name: value for name, value in wanted.items() if value}
    return render_template(
        "search/index.html",
        query=query,
        wanted=narrowed,
        result=result,
        hits=show_hits(result.hits, view.by_id),
        group_hits={group.kind: show_hits(group.hits, view.by_id) for group in result.groups},
        packs=view.by_id,
        rows=facets.make_rows(_FACETS, _count(result.found, view.by_id), narrowed),
        zims=g.zim_answer,
        paging=None if result.groups else page_of(result.total, HITS_ON_A_PAGE),
    )


def _count(found: Iterable[Found], packs: Mapping[str, InstalledPack]) -> Iterator[tuple[facets.Values, int]]:
    """Yield the hits by what they can be narrowed by; a page has a language of its own."""
    for hits in found:
        if hits.pack_id in packs:
            language = {facets.LANGUAGE.name: (hits.language,)}
            yield {**facets.pack_values(packs[hits.pack_id]), **language}, hits.count


def _is_finished() -> bool:
    """Whether the page that was just made needs hub.db and a complete search.db alone."""
    return bool(g.get("search_is_complete")) and not _left_out(this_portal().paths, _stamp())


# A whole class looks for the word that the teacher says.
_kept_page = cached_page(_page, stamp=lambda: (_stamp(), g.zim_answer), is_finished=_is_finished)
_fresh_page = fresh_page(_page)


def _ask_zims() -> ZimAnswer:
    """Ask kiwix-serve about what is too large for the index, unless another kind is wanted."""
    query, wanted = _query(), _wanted()
    large = _left_out(this_portal().paths, _stamp())
    service = read_service(this_portal().paths, "kiwix") if large and query else None
    if service is None or wanted["kind"] not in ("", _ZIMS) or asked_page() > 1:
        return ZimAnswer(is_late=bool(large and query and wanted["kind"] in ("", _ZIMS)))
    fitting = facets.fitting_packs(shelf_view().packs, subject=wanted["subject"], grade=wanted["grade"])
    books = [pack_id for pack_id in large if pack_id in service.get("books", ())]
    search_zims: ZimSearch = current_app.extensions[_EXTENSION]
    asked = [pack_id for pack_id in books if fitting is None or pack_id in fitting]
    return search_zims.ask(asked, int(service["port"]), query)


@lru_cache(maxsize=4)
def _left_out(paths: HubPaths, _: Hashable) -> tuple[str, ...]:
    return find_left_out(paths)


def _query() -> str:
    return _asked("q")[:MAX_QUERY_CHARS]


def _wanted() -> dict[str, str]:
    return {facet.name: _asked(facet.name) for facet in _FACETS}


def _asked(name: str) -> str:
    return " ".join(request.args.get(name, "").split())


def _search(query: str, wanted: dict[str, str]) -> SearchResult:
    view = shelf_view()
    return search(
        this_portal().paths,
        query,
        ui_language=chosen().language,
        filters=Filters(
            kind=wanted["kind"] or None,
            language=wanted["language"] or None,
            pack_ids=facets.fitting_packs(view.packs, subject=wanted["subject"], grade=wanted["grade"]),
        ),
        page=Page(
            HITS_ON_A_PAGE,
            offset=(asked_page() - 1) * HITS_ON_A_PAGE,
            per_kind=0 if wanted["kind"] or asked_page() > 1 else HITS_OF_A_KIND,
        ),
        as_typed="typed" in request.args,
    )
