"""How pages are sent: finished ones from memory, others rendered; all with an ETag, and gzip where asked."""

from collections.abc import Callable, Hashable
from functools import wraps

from flask import Response, make_response, request

from hub.web.pagecache import Page, make_page
from hub.web.portal import browser_host, chosen, shelf_view, this_portal

View = Callable[..., str]


def cached_page(view: View, *, stamp: Callable[[], Hashable] = lambda: None) -> Callable[..., Response]:
    """Keep what `view` returns until hub.db changes, or what `stamp` returns.

    For pages that are the same for every reader with the same language and text size: the key is the
    address, these two, the name by which the browser knows the hub, and what is installed.
    """

    @wraps(view)
    def answer(**arguments: object) -> Response:
        cache = this_portal().pages
        key = (request.full_path, chosen(), browser_host(), shelf_view().stamp, stamp())
        return send_page(cache.get(key) or cache.put(key, view(**arguments)))

    return answer


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
