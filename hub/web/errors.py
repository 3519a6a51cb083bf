"""Pages for what goes wrong: in the portal's clothes, saying what to do, and never a dead end."""

from dataclasses import dataclass

from flask import Flask, Response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError

from hub.web.pagecache import make_page
from hub.web.pages import send_page
from hub.wording import later


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What a status means to a learner."""

    title: str
    advice: str
    icon: str = "warn"
    search: bool = False  # offer the search box
    again: bool = False  # offer to try again
    retry_s: int = 0  # the page tries again by itself


_BUSY_S = 10
_TROUBLES = {
    400: _Trouble(
        later("The hub does not understand this address"),
        later("Type the address again, or start from the home page."),
    ),
    403: _Trouble(
        later("This page is not for everyone"),
        later("Ask your teacher if you need it."),
        icon="lock",
    ),
    404: _Trouble(
        later("There is no such page"),
        later("Perhaps the lesson was replaced by a newer one, or there is a typing error in the address."),
        icon="search",
        search=True,
    ),
    405: _Trouble(
        later("This page can only be read"),
        later("Nothing can be sent to it. Go back, or start from the home page."),
    ),
    429: _Trouble(
        later("Too many requests at once"),
        later("Wait a little: this page tries again by itself."),
        icon="clock",
        again=True,
        retry_s=_BUSY_S,
    ),
    500: _Trouble(
        later("Something went wrong"),
        later(
            "It is not your fault. Try again in a minute. If it stays so, tell your teacher"
            " or the technician."
        ),
        again=True,
    ),
    503: _Trouble(
        later("The hub is busy"),
        later("Wait a little: this page tries again by itself."),
        icon="clock",
        again=True,
        retry_s=_BUSY_S,
    ),
}
_OLD_FORM = _Trouble(
    later("This form is no longer valid"),
    later("Go back, open the page again and fill it in once more. Your browser must allow cookies."),
)
_OTHER = _Trouble(
    later("The hub cannot answer this"),
    later("Go back, or start from the home page."),
)


def register(app: Flask) -> None:
    """Show these pages in `app`; what was not expected is logged by Flask and shown as 500."""
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(ConnectionError, _end)


def _show(error: HTTPException) -> Response:
    status = error.code or InternalServerError.code
    trouble = _OLD_FORM if isinstance(error, CSRFError) else _TROUBLES.get(status, _OTHER)
    html = render_template("errors/page.html", status=status, trouble=trouble)
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
