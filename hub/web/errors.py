"""Pages for what goes wrong: in the portal's clothes, and never a dead end."""

from flask import Flask, Response, render_template
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError

from hub.web.pagecache import make_page
from hub.web.pages import send_page

_TEMPLATES = {404: "errors/404.html", 500: "errors/500.html"}
_OTHER = "errors/other.html"


def register(app: Flask) -> None:
    """Show these pages in `app`; what was not expected is logged by Flask and shown as 500."""
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(ConnectionError, _end)


def _show(error: HTTPException) -> Response:
    status = error.code or InternalServerError.code
    html = render_template(_TEMPLATES.get(status, _OTHER), status=status)
    response = send_page(make_page(html))
    response.status_code = status
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def _end(_: ConnectionError) -> Response:
    """Answer whom nobody hears any more: a browser that went away or was cut off in mid-request."""
    return Response(status=BadRequest.code)
