"""/signin and /signout, and the way back in for who forgot the password: the code on the hub's label."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from content_packs.errors import BusyError, UsageError
from hub.accounts import Account, Try, find_by_name, has_accounts, prove_presence, set_password, sign_in
from hub.machine import is_card
from hub.web.captive_gate import client_address
from hub.web.display import span, translated
from hub.web.portal import this_portal
from hub.web.preferences import safe_target
from hub.web.signin import begin_session, end_session, no_store, signed_in
from hub.wording import later

bp = Blueprint("signin", __name__)
AFTER = "/tech/status"  # where one comes to who did not ask for a page
WRONG_CODE = later("This is not the code on the label of this hub.")
DIFFERENT = later("The two passwords are not the same.")
CROWDED = later("Too many people are signing in just now. Try again in a minute.")
_WRONG = later("The name or the password is wrong.")
_NO_SUCH = later("There is no account of this name on this hub.")
_WAIT = later("Too many wrong tries. Wait %(time)s, then try again.")
_SEE_OTHER, _REFUSED, _TOO_OFTEN = 303, 422, 429


@bp.get("/signin")
def index() -> Answer:
    """The form; whoever is signed in is led on."""
    if signed_in():
        return redirect(_next(), _SEE_OTHER)
    if not has_accounts(this_portal().paths):
        return redirect("/start", _SEE_OTHER)
    return _form()


@bp.post("/signin")
def enter() -> Answer:
    """Sign in and lead to the page that was asked for."""
    paths, form = this_portal().paths, request.form
    name, password = form.get("name", ""), form.get("password", "")
    tried = look(lambda: sign_in(paths, name, password, address=address()))
    if isinstance(tried, str):
        return _form(tried, name, _TOO_OFTEN)
    if tried.account is None:
        return _form(translated(_WRONG), name, _REFUSED)
    begin_session(tried.account)
    return redirect(_next(), _SEE_OTHER)


@bp.post("/signout")
def leave() -> Answer:
    """Sign out in this browser."""
    end_session()
    return redirect("/", _SEE_OTHER)


@bp.get("/signin/forgot")
def forgot() -> Answer:
    """What to do without the password."""
    return _page("signin/forgot.html")


@bp.post("/signin/forgot")
def reset() -> Answer:
    """Give an account a new password, by the code on the label, and sign in to it: on a second form somebody
    who guesses at this name could make its owner wait again.
    """
    paths, form = this_portal().paths, request.form
    name, password = form.get("name", ""), form.get("password", "")
    tried = look(lambda: prove_presence(paths, form.get("code", ""), address=address()))
    if isinstance(tried, str):
        return _forgot_form(tried, "code", _TOO_OFTEN)
    if not tried.is_right:
        return _forgot_form(translated(WRONG_CODE), "code")
    account = find_by_name(paths, name)  # who stands before the hub may know which names it has
    if account is None:
        return _forgot_form(translated(_NO_SUCH), "name")
    if wrong := change_password(account, password, form.get("again", "")):
        return _forgot_form(wrong, "password")
    renewed = find_by_name(paths, name)
    if renewed is None:
        return redirect("/signin", _SEE_OTHER)
    begin_session(renewed)
    return redirect(AFTER, _SEE_OTHER)


def change_password(account: Account, password: str, again: str) -> str:
    """Give an account a new password; returns what is wrong with it, as the page says it, or nothing."""
    if password != again:
        return translated(DIFFERENT)
    try:
        set_password(this_portal().paths, account, password)
    except UsageError as error:
        return translated(error.message)
    except BusyError:
        return translated(CROWDED)
    return ""


def address() -> str:
    """Return where the browser is, for counting its tries."""
    return client_address(request.environ)


def wait_words(tried: Try) -> str:
    """Return what to say to somebody who has to wait."""
    return translated(_WAIT) % {"time": span(max(60.0, tried.wait_s + 59))}


def look(at: Callable[[], Try]) -> Try | str:
    """Return what became of a try, or why it was not looked at."""
    try:
        tried = at()
    except BusyError:
        return translated(CROWDED)
    return wait_words(tried) if tried.wait_s else tried


def _form(wrong: str = "", name: str = "", status: int = 200) -> Answer:
    return _page("signin/index.html", wrong, name, status)


def _forgot_form(wrong: str, field: str, status: int = _REFUSED) -> Answer:
    """Return the form with what is wrong, and where; a code that is right need not be typed anew."""
    code = "" if field == "code" else request.form.get("code", "")
    return _page("signin/forgot.html", wrong, request.form.get("name", ""), status, field=field, code=code)


def _page(
    template: str, wrong: str = "", name: str = "", status: int = 200, *, field: str = "", code: str = ""
) -> Answer:
    more = {"next": _next(), "is_card": is_card(), "field": field, "code": code}
    html = render_template(template, wrong=wrong, name=name[:40], **more)
    response = no_store(html)
    response.status_code = status
    return response


def _next() -> str:
    return safe_target(request.values.get("next") or AFTER)
