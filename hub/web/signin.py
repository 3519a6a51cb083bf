"""Who is signed in, for every page that asks: `signed_in()`, and `@needs("technician")` before a view.

    @bp.get("/tech/backup")
    @needs("technician")
    def backup() -> Response: ...

A page behind `needs` is kept by no cache, and a form on it carries `{{ csrf() }}`: each POST of the portal
needs that token and an Origin of ours, but for those in `WITHOUT_TOKEN`.
Views that are the same for everybody, and so kept (`cached_page`), must never call `signed_in`.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, abort, current_app, g, make_response, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from hub.accounts import Account, find_account
from hub.web.forms import comes_from_here
from hub.web.personal import is_personal, make_personal
from hub.web.portal import this_portal
from hub.web.sessions import BootSessions, ready_key

P = ParamSpec("P")
R = TypeVar("R")

# Forms of pages that are kept for everybody, so that no token fits; they check the Origin themselves, and
# change nothing but what the sender's own browser shows, or what any device may ask for.
WITHOUT_TOKEN = (
    *("preferences.language", "preferences.text_size", "captive.go_on"),
    *("neighbour.have", "neighbour.files"),  # which other hubs read
)
NO_STORE = "no-store"
_ACCOUNT, _VERSION, _PRESENT = "account", "version", "present"
_SEE_OTHER = 303


def register(app: Flask) -> None:
    """Give `app` its sessions and the check of every form."""
    app.session_interface = BootSessions()
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    protection = CSRFProtect(app)
    app.before_request(lambda: _check_form(protection))
    app.after_request(_keep_out_of_caches)
    app.jinja_env.globals.update(csrf=csrf_field, signed_in=signed_in)


def signed_in() -> Account | None:
    """Return who sends this request; None: nobody who has signed in."""
    if "account" not in g:
        g.account = _find()
    account: Account | None = g.account
    return account


def needs(role: str) -> Callable[[Callable[P, R]], Callable[P, R | Answer]]:
    """Let a view answer only whoever may do what `role` may; others are led to the sign-in page and back."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Answer]:
        @wraps(view)
        def answer(*args: P.args, **kwargs: P.kwargs) -> R | Answer:
            account = signed_in()
            if account is None:
                return to_sign_in()
            if not account.may(role):
                abort(403)
            return view(*args, **kwargs)

        return answer

    return decorate


def to_sign_in() -> Answer:
    """Lead to the sign-in page, and from there back to this one."""
    here = request.full_path.removesuffix("?") if request.method == "GET" else ""
    return redirect(url_for("signin.index", next=here or None), _SEE_OTHER)


def begin_session(account: Account) -> None:
    """Sign somebody in, in a session with nothing of the one before: nobody else knows a token in it."""
    session.clear()
    g.pop("csrf_token", None)
    session[_ACCOUNT], session[_VERSION] = account.id, account.session_version
    g.account = account


def end_session() -> None:
    """Sign out in this browser."""
    session.clear()
    g.account = None


def note_presence() -> None:
    """Remember that this browser's person has read the label's code."""
    session.clear()
    g.pop("csrf_token", None)
    session[_PRESENT] = True
    g.account = None


def is_present() -> bool:
    """Whether it has."""
    return session.get(_PRESENT) is True


def csrf_field() -> Markup:
    """Return the hidden field that every form of ours carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(csrf_token())


def csrf_token() -> str:
    """Return the token for this browser's session."""
    make_personal()
    ready_key(current_app._get_current_object())  # type: ignore[attr-defined] # of werkzeug's proxy
    return str(generate_csrf())


def no_store(answer: object) -> Response:
    """Return an answer that no cache keeps."""
    response = make_response(answer)
    response.headers["Cache-Control"] = NO_STORE
    return response


def _find() -> Account | None:
    make_personal()
    account_id = session.get(_ACCOUNT)
    if not isinstance(account_id, str):
        return None
    account = find_account(this_portal().paths, account_id)
    return account if account and account.session_version == session.get(_VERSION) else None


def _check_form(protection: CSRFProtect) -> None:
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint in (None, *WITHOUT_TOKEN):
        return
    make_personal()
    if not comes_from_here():
        abort(403)
    ready_key(current_app._get_current_object())  # type: ignore[attr-defined]
    protection.protect()


def _keep_out_of_caches(response: Response) -> Response:
    if is_personal():
        response.headers["Cache-Control"] = NO_STORE
        response.headers.pop("ETag", None)
    return response
