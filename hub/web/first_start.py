"""/start, the first start: seven short steps, each kept as soon as it is done, in any order, and again.

Who may: with no account on the hub, whoever has typed the code on its label; else a technician. What needs
root is asked as a job (hub/jobs.py), so that nothing here waits for it and the class may be served meanwhile.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from shlex import quote
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from content_packs.errors import BusyError, Error, UsageError
from hub import jobs
from hub.accounts import BadNameError, add_account, has_accounts, note_step, prove_presence, read_steps
from hub.labelcode import has_label_code
from hub.machine import is_card
from hub.school.join import join_text
from hub.web.display import translated
from hub.web.first_steps import BY_NAME, STEPS, Taken, WrongAnswerError, after, next_step
from hub.web.links import page_url
from hub.web.portal import LANGUAGE_COOKIE, shelf_view, this_portal
from hub.web.qr import qr_code
from hub.web.signin import begin_session, is_present, no_store, note_presence, signed_in, to_sign_in
from hub.web.signin_pages import CROWDED, DIFFERENT, WRONG_CODE, address, look
from hub.web.wifi_fields import WIFI_MODES
from hub.wording import later

bp = Blueprint("start", __name__, url_prefix="/start")
_SEE_OTHER, _REFUSED, _TOO_OFTEN = 303, 422, 429
_YEAR_S = 365 * 24 * 3600
WRONG_NAME = later("Write a name of up to 40 letters, digits, dots and hyphens.")
_NOT_ASKED = later("The hub could not note this: %(why)s")
View = Callable[..., Answer]


def _permitted(view: View) -> View:
    """Let in who may set this hub up."""

    @wraps(view)
    def answer(**arguments: str) -> Answer:
        account = signed_in()
        if account is not None:
            return view(**arguments) if account.may("technician") else abort(403)
        if has_accounts(this_portal().paths):
            return to_sign_in()
        return view(**arguments) if is_present() else redirect("/start", _SEE_OTHER)

    return answer


@bp.get("")
def index() -> Answer:
    """The code on the label; then where the first start stands."""
    if signed_in() or is_present():
        return _overview()
    return to_sign_in() if has_accounts(this_portal().paths) else _gate()


@bp.post("")
def begin() -> Answer:
    """Take the code on the label."""
    paths = this_portal().paths
    if has_accounts(paths):
        return to_sign_in()
    tried = look(lambda: prove_presence(paths, request.form.get("code", ""), address=address()))
    if isinstance(tried, str):
        return _gate(tried, _TOO_OFTEN)
    if not tried.is_right:
        return _gate(translated(WRONG_CODE), _REFUSED)
    note_presence()
    return redirect("/start", _SEE_OTHER)


@_permitted
def _overview() -> Answer:
    done = read_steps(this_portal().paths)
    html = render_template("start/index.html", steps=STEPS, done=done, next=next_step(done))
    return no_store(html)


def _code_command() -> str:
    """Return the command that makes a code: on a card it needs no folder."""
    folder = "" if is_card() else f" --dir {quote(str(this_portal().paths.dir))}"
    return f"hub{folder} accounts code"


def _gate(wrong: str = "", status: int = 200) -> Answer:
    has_label = has_label_code(this_portal().paths)
    html = render_template("start/gate.html", wrong=wrong, has_label=has_label, command=_code_command())
    response = no_store(html)
    response.status_code = status
    return response


@bp.get("/<name>")
@_permitted
def step(name: str) -> Answer:
    """One step, with what it was answered with before."""
    if name not in BY_NAME:
        abort(404)
    return _page(name)


@bp.post("/<name>")
@_permitted
def take(name: str) -> Answer:
    """Take the answers of a step, ask for what it needs, and lead to the next one."""
    found = BY_NAME.get(name)
    if found is None:
        abort(404)
    try:
        taken = _account() if found.read is None else found.read(request.form)
        if taken.job:
            jobs.ask(this_portal().paths, taken.job, taken.values)
        _note(name, taken)
    except WrongAnswerError as wrong:
        text, field = wrong.args
        return _page(name, translated(text), field)
    except BusyError:
        return _page(name, translated(CROWDED))
    except Error as error:
        return _page(name, translated(_NOT_ASKED) % {"why": error.message})
    following = after(name)
    response = redirect(f"/start/{following.name}" if following else "/start", _SEE_OTHER)
    if name == "language":
        language = taken.values["language"]
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, httponly=True, samesite="Lax")
    return response


def _account() -> Taken:
    """Make the technician's account and sign in to it; whoever has one goes on."""
    if signed_in():
        return Taken()
    paths, form = this_portal().paths, request.form
    if has_accounts(paths):  # somebody else was quicker
        raise WrongAnswerError(later("This hub has an account meanwhile. Sign in to it."), "name")
    if form.get("password", "") != form.get("again", ""):
        raise WrongAnswerError(DIFFERENT, "again")
    try:
        account = add_account(
            paths,
            form.get("name", ""),
            form.get("password", ""),
            role="technician",
            display_name=form.get("display_name", ""),
        )
    except BadNameError as error:
        raise WrongAnswerError(WRONG_NAME, "name") from error
    except UsageError as error:
        raise WrongAnswerError(error.message, "password") from error
    begin_session(account)
    return Taken(details={"name": account.name})


def _note(name: str, taken: Taken) -> None:
    paths = this_portal().paths
    note_step(paths, name, taken.details)
    if name == "cards":  # they are printed: nobody needs the password here any more
        wifi = read_steps(paths).get("wifi", {})
        note_step(paths, "wifi", {key: value for key, value in wifi.items() if key != "password"})


def _page(name: str, wrong: str = "", field: str = "") -> Answer:
    paths = this_portal().paths
    done = read_steps(paths)
    given = request.form if wrong else done.get(name, {})
    html = render_template(
        f"start/{name}.html",
        number=STEPS.index(BY_NAME[name]) + 1,
        steps=STEPS,
        step=BY_NAME[name],
        done=done,
        given=given,
        wrong=wrong,
        field=field,
        **_MORE.get(name, dict)(),
    )
    response = no_store(html)
    response.status_code = _REFUSED if wrong else 200
    return response


def _clock_now() -> dict[str, Any]:
    return {"now": datetime.now().astimezone()}


def _shelf() -> dict[str, Any]:
    return {"packs": shelf_view().packs}


def _cards() -> dict[str, Any]:
    wifi = read_steps(this_portal().paths).get("wifi", {})
    portal = page_url("") + "/"
    return {
        "wifi": wifi,
        "portal_qr": qr_code(portal),
        # Where the password was forgotten, a code without it would call the network an open one.
        "wifi_qr": qr_code(join_text(wifi["ssid"], wifi["password"])) if "password" in wifi else "",
    }


_MORE: dict[str, Callable[[], dict[str, Any]]] = {
    "clock": _clock_now,
    "content": _shelf,
    "cards": _cards,
    "wifi": lambda: {"modes": WIFI_MODES},
}
