"""How pages are sent: finished ones from memory, others rendered; all with an ETag, and gzip where asked."""

from collections.abc import Callable, Hashable
from functools import wraps

from flask import Response, make_response, request

from hub.web.door import door_of
from hub.web.pagecache import Page, make_page
from hub.web.pagefiles import DEFAULT, Made
from hub.web.personal import is_personal
from hub.web.portal import (
    LANGUAGE_COOKIE,
    TEXT_SIZE_COOKIE,
    browser_host,
    chosen,
    shelf_view,
    this_portal,
)

View = Callable[..., str]


def cached_page(
    view: View,
    *,
    stamp: Callable[[], Hashable] | None = None,
    daily: bool = False,
    is_finished: Callable[[], bool] | None = None,
) -> Callable[..., Response]:
    """Keep what `view` returns until hub.db changes, or what `stamp` returns; `daily`: or the date (UTC).

    What needs no `stamp` of its own is also given to the front door, which then sends it without asking us;
    what needs one where `is_finished`, asked after the view, says that hub.db and search.db are all it needs.

    For pages that are the same for every reader with the same language and text size: the key is the
    address, these two, the name by which the browser knows the hub, and what is installed.
    """

    @wraps(view)
    def answer(**arguments: object) -> Response:
        cache = this_portal().pages
        is_offered = (stamp is None or is_finished is not None) and door_of(request.environ) is not None
        made = this_portal().page_files.now() if is_offered else None
        day = (made.day if made else this_portal().page_files.today()) if daily else None  # reads a file
        key = (request.full_path, chosen(), browser_host(), shelf_view().stamp, (stamp and stamp(), day))
        page = cache.get(key)
        if page is None:
            html = view(**arguments)
            if is_personal():  # never of use to anybody else, whatever the view is meant to be
                return send_page(make_page(html))
            page = cache.put(key, html)
            if made is not None and (is_finished is None or is_finished()):
                _offer(page, made)
        elif made is not None and is_finished is None:
            _offer(page, made)
        return send_page(page)

    return answer


def _offer(page: Page, made: Made) -> None:
    """Give the front door a page that it may send to whoever asks as this reader did: by the hub's name."""
    door = door_of(request.environ)
    if door is None or request.headers.get("Host") != door.portal_host:
        return
    known = chosen()
    language = request.cookies.get(LANGUAGE_COOKIE) or DEFAULT
    text_size = request.cookies.get(TEXT_SIZE_COOKIE) or DEFAULT
    if language in (known.language, DEFAULT) and text_size in (known.text_size, DEFAULT):
        query = request.query_string.decode("ascii", "replace")
        this_portal().page_files.offer(request.path, (language, text_size), page, made, query=query)


def fresh_page(view: View) -> Callable[..., Response]:
    """Render `view` anew for each request."""

    @wraps(view)
    def answer(**arguments: object) -> Response:
        return send_page(make_page(view(**arguments)))

    return answer


def send_page(page: Page) -> Response:
    """Return the response: 304 where the browser has this page already."""
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = make_response(page.gzipped if packed else page.html)
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(page.etag + ("-gz" if packed else ""))
    response.make_conditional(request)
    return response
