"""/signin, /signout and /link: the ways in and out."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import BusyError, UsageError
from provisioning.central.audit import record
from provisioning.central.people import Try, find_by_link, list_people, sign_in, use_link
from provisioning.central.web.dashboard import now, this_dashboard, this_office
from provisioning.central.web.guard import client_address
from provisioning.central.web.preferences import safe_target
from provisioning.central.web.signin import SEE_OTHER, begin_session, end_session, signed_in
from provisioning.central.web.words import span

bp = Blueprint("signin", __name__)
_REFUSED, _TOO_OFTEN, _GONE = 422, 429, 410


@bp.get("/signin")
def index() -> Answer | tuple[str, int]:
    """The form; whoever is signed in is led on."""
    return redirect(_next(), SEE_OTHER) if signed_in() else _form()


@bp.post("/signin")
def enter() -> Answer | tuple[str, int]:
    """Sign in and lead to the page that was asked for."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        tried = sign_in(this_office(), name, password, address=_address(), now=now())
    except BusyError:
        return _form(crowded_words(), name, _TOO_OFTEN)
    if tried.wait_s:
        return _form(wait_words(tried), name, _TOO_OFTEN)
    if tried.person is None:
        return _form(_("The name or the password is wrong."), name, _REFUSED)
    begin_session(tried.person)
    return redirect(_next(), SEE_OTHER)


@bp.post("/signout")
def leave() -> Answer:
    """Sign out in this browser."""
    end_session()
    return redirect(url_for("signin.index"), SEE_OTHER)


@bp.get("/link/<token>")
def link(token: str) -> tuple[str, int]:
    """The form behind a one-time link: a password of one's own."""
    return _link_form(token)


@bp.post("/link/<token>")
def accept(token: str) -> Answer | tuple[str, int]:
    """Set the password and sign in."""
    password, again = request.form.get("password", ""), request.form.get("again", "")
    if find_by_link(this_office(), token, now=now()) is None:
        return _link_form(token)
    if password != again:
        return _link_form(token, _("The two passwords are not the same."))
    try:
        person = use_link(this_office(), token, password, now=now())
    except UsageError as error:
        return _link_form(token, _(error.message))
    except BusyError:
        return _link_form(token, crowded_words())
    record(this_office(), person.name, "link used", {}, now())
    begin_session(person)
    return redirect("/", SEE_OTHER)


def crowded_words() -> str:
    """Return what to say when too many passwords are being checked."""
    text: str = _("Too many people are signing in just now. Try again in a minute.")
    return text


def wait_words(tried: Try) -> str:
    """Return what to say to somebody who has to wait."""
    text: str = _("Too many wrong tries. Wait %(time)s, then try again.", time=span(tried.wait_s + 59))
    return text


def _address() -> str:
    return client_address(request.environ, this_dashboard())


def _form(wrong: str = "", name: str = "", status: int = 200) -> tuple[str, int]:
    is_empty = not any(person.is_ready for person in list_people(this_office()))
    html = render_template("signin/index.html", wrong=wrong, name=name[:40], next=_next(), is_empty=is_empty)
    return html, status


def _link_form(token: str, wrong: str = "") -> tuple[str, int]:
    person = find_by_link(this_office(), token, now=now())
    html = render_template("signin/link.html", person=person, wrong=wrong)
    return html, _GONE if person is None else _REFUSED if wrong else 200


def _next() -> str:
    target = safe_target(request.values.get("next") or "/")
    return "/" if target.startswith(("/signin", "/link", "/signout")) else target
