"""Who is signed in: `signed_in()`, and `@needs("publisher")` before a view. Every POST carries a token."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, abort, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from provisioning.central.people import Person, find_person, read_session_key
from provisioning.central.uploads import MAX_UPLOAD_BYTES
from provisioning.central.web.dashboard import Dashboard, this_dashboard

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "central_session"
LIFETIME = timedelta(hours=12)  # a working day
SEE_OTHER = 303
_PERSON, _VERSION = "person", "version"
# Forms that may be larger than others: who may send them, and how many bytes.
LARGE_FORMS = {"publish.upload": ("publisher", MAX_UPLOAD_BYTES + 64 * 1024)}


def register(app: Flask, dashboard: Dashboard) -> None:
    """Give `app` its sessions and the check of every form."""
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=dashboard.is_https,
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # the Origin is checked below, with and without TLS
    )
    app.secret_key = read_session_key(dashboard.office)
    protection = CSRFProtect(app)
    app.before_request(lambda: _check_form(protection))
    app.jinja_env.globals.update(csrf=csrf_field, signed_in=signed_in)


def signed_in() -> Person | None:
    """Return who sends this request; None: nobody who has signed in."""
    if "person" not in g:
        g.person = _find()
    person: Person | None = g.person
    return person


def me() -> Person:
    """Return who sends this request, behind `needs`."""
    person = signed_in()
    return abort(403) if person is None else person


def needs(role: str) -> Callable[[Callable[P, R]], Callable[P, R | Answer]]:
    """Let a view answer only whoever may do what `role` may; others are led to the sign-in page and back."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Answer]:
        @wraps(view)
        def answer(*args: P.args, **kwargs: P.kwargs) -> R | Answer:
            person = signed_in()
            if person is None:
                here = request.full_path.removesuffix("?") if request.method == "GET" else ""
                return redirect(url_for("signin.index", next=here or None), SEE_OTHER)
            if not person.may(role):
                abort(403)
            return view(*args, **kwargs)

        answer.needs = role  # type: ignore[attr-defined] # a test goes through all views
        return answer

    return decorate


def begin_session(person: Person) -> None:
    """Sign somebody in, in a session with nothing of the one before: nobody else knows a token in it."""
    session.clear()
    g.pop("csrf_token", None)
    session[_PERSON], session[_VERSION] = person.id, person.session_version
    g.person = person


def end_session() -> None:
    """Sign out in this browser."""
    session.clear()
    g.person = None


def csrf_field() -> Markup:
    """Return the hidden field that every form carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def _find() -> Person | None:
    person_id = session.get(_PERSON)
    if not isinstance(person_id, str):
        return None
    person = find_person(this_dashboard().office, person_id)
    return person if person and person.session_version == session.get(_VERSION) else None


def _check_form(protection: CSRFProtect) -> None:
    """Refuse a form that none of our pages sent: by its token, and by Origin, or Referer without one."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint is None:
        return
    sender = request.headers.get("Origin")
    comes_from_here = (
        (request.referrer or "").startswith(request.host_url)
        if sender is None
        else f"{sender}/" == request.host_url
    )
    if not comes_from_here:
        abort(403)
    role, most_bytes = LARGE_FORMS.get(request.endpoint, ("", 0))
    if role:
        person = signed_in()
        if person is None or not person.may(role):  # before anything of it is read
            abort(403)
        request.max_content_length = most_bytes
    protection.protect()
