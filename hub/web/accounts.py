"""/tech/accounts: one's own password, and the accounts of those whom one may manage.

What changes somebody else's account asks for one's own password: a cookie is not enough for that, since in
the classroom it travels in the clear.
"""

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from content_packs.errors import BusyError, UsageError
from hub.accounts import (
    ROLES,
    Account,
    BadNameError,
    NameTakenError,
    add_account,
    check_secret,
    find_account,
    find_by_name,
    list_accounts,
    may_manage,
    remove_account,
    sign_out_everywhere,
)
from hub.web.display import translated
from hub.web.first_start import WRONG_NAME
from hub.web.portal import this_portal
from hub.web.signin import begin_session, needs, no_store, signed_in
from hub.web.signin_pages import CROWDED, DIFFERENT, address, change_password, look
from hub.wording import later

bp = Blueprint("accounts", __name__, url_prefix="/tech/accounts")
ROLE_NAMES = {
    "technician": later("Technician"),
    "admin": later("Administrator of the school"),
}
_OWN_WRONG = later("This is not your own password.")
_TAKEN = later("This name is taken. Choose another.")
_SEE_OTHER, _REFUSED = 303, 422


@bp.get("")
@needs("admin")
def index() -> Answer:
    """Who may sign in, and the forms."""
    return _page()


@bp.post("/password")
@needs("admin")
def password() -> Answer:
    """Give oneself another password; all other browsers are signed out."""
    account, form = _me(), request.form
    if wrong := _prove() or change_password(account, form.get("password", ""), form.get("again", "")):
        return _page(wrong, "password")
    return _stay(account)


@bp.post("/sign-out")
@needs("admin")
def everywhere() -> Answer:
    """Sign out in all other browsers."""
    account = _me()
    sign_out_everywhere(this_portal().paths, account)
    return _stay(account)


@bp.post("/add")
@needs("admin")
def add() -> Answer:
    """Add somebody."""
    form, role = request.form, request.form.get("role", "")
    if role not in ROLES or not may_manage(_me().role, role):
        abort(403)
    wrong = _prove() or (DIFFERENT if form.get("password") != form.get("again") else "")
    if not wrong:
        try:
            add_account(
                this_portal().paths,
                form.get("name", ""),
                form.get("password", ""),
                role=role,
                display_name=form.get("display_name", ""),
            )
        except UsageError as error:
            wrong = _why_not_added(error)
        except BusyError:
            wrong = CROWDED
    return _page(translated(wrong), "add") if wrong else redirect("/tech/accounts", _SEE_OTHER)


@bp.get("/of/<name>")
@needs("admin")
def one(name: str) -> Answer:
    """Somebody else's account."""
    return _one(_other(name))


@bp.post("/of/<name>/password")
@needs("admin")
def reset(name: str) -> Answer:
    """Give somebody else a new password."""
    other, form = _other(name), request.form
    if wrong := _prove() or change_password(other, form.get("password", ""), form.get("again", "")):
        return _one(other, wrong)
    return redirect("/tech/accounts", _SEE_OTHER)


@bp.post("/of/<name>/remove")
@needs("admin")
def remove(name: str) -> Answer:
    """Let somebody else sign in no more."""
    other = _other(name)
    if wrong := _prove():
        return _one(other, wrong)
    remove_account(this_portal().paths, other)
    return redirect("/tech/accounts", _SEE_OTHER)


def _me() -> Account:
    account = signed_in()
    return abort(403) if account is None else account


def _other(name: str) -> Account:
    """Return somebody else whom one may manage; one's own account has a form of its own."""
    other, me = find_by_name(this_portal().paths, name), _me()
    if other is None or other.id == me.id:
        abort(404)
    if not may_manage(me.role, other.role):
        abort(403)
    return other


def _prove() -> str:
    """Return nothing where one's own password was given, else what to say."""
    me, own = _me(), request.form.get("own", "")
    tried = look(lambda: check_secret(this_portal().paths, me.name, own, address=address()))
    if isinstance(tried, str):
        return tried
    return "" if tried.is_right else translated(_OWN_WRONG)


def _stay(account: Account) -> Answer:
    """Stay signed in here, and nowhere else."""
    fresh = find_account(this_portal().paths, account.id)
    if fresh is not None:
        begin_session(fresh)
    return redirect("/tech/accounts", _SEE_OTHER)


def _why_not_added(error: UsageError) -> str:
    if isinstance(error, NameTakenError):
        return _TAKEN
    return WRONG_NAME if isinstance(error, BadNameError) else error.message


def _page(wrong: str = "", where: str = "") -> Answer:
    me = _me()
    return _shown(
        "accounts/index.html",
        wrong,
        where=where,
        accounts=list_accounts(this_portal().paths),
        manageable=lambda other: other.id != me.id and may_manage(me.role, other.role),
        roles=[role for role in ROLES if may_manage(me.role, role)],
    )


def _one(other: Account, wrong: str = "") -> Answer:
    return _shown("accounts/one.html", wrong, other=other)


def _shown(template: str, wrong: str, **values: "object | Callable[[Account], bool]") -> Answer:
    response = no_store(render_template(template, wrong=wrong, me=_me(), role_names=ROLE_NAMES, **values))
    response.status_code = _REFUSED if wrong else 200
    return response
