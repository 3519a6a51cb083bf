"""/account: one's own password and sessions."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import UsageError
from provisioning.central.people import check_own_password, find_person, set_password, sign_out_everywhere
from provisioning.central.web.dashboard import now, this_dashboard, this_office
from provisioning.central.web.doing import done, note
from provisioning.central.web.guard import client_address
from provisioning.central.web.signin import begin_session, me, needs
from provisioning.central.web.signin_pages import wait_words

bp = Blueprint("account", __name__, url_prefix="/account")
_REFUSED = 422


@bp.get("")
@needs("viewer")
def index() -> str:
    """The forms."""
    return _page()


@bp.post("/password")
@needs("viewer")
def password() -> Answer | tuple[str, int]:
    """Give oneself another password; all other browsers are signed out."""
    form = request.form
    wrong = prove() or (
        "" if form.get("password") == form.get("again") else _("The two passwords are not the same.")
    )
    if not wrong:
        try:
            begin_session(set_password(this_office(), me(), form.get("password", ""), now=now()))
        except UsageError as error:
            wrong = _(error.message)
    if wrong:
        return _page(wrong), _REFUSED
    note("password", {})
    return done(_("The password is changed. Other browsers are signed out."), "/account")


@bp.post("/sign-out")
@needs("viewer")
def everywhere() -> Answer:
    """Sign out in all other browsers."""
    sign_out_everywhere(this_office(), me())
    note("sign-out", {"name": me().name})
    fresh = find_person(this_office(), me().id)
    if fresh is not None:
        begin_session(fresh)
    return done(_("Other browsers are signed out."), "/account")


def prove() -> str:
    """Return nothing where one's own password was given, else what to say."""
    address = client_address(request.environ, this_dashboard())
    tried = check_own_password(this_office(), me(), request.form.get("own", ""), address=address, now=now())
    if tried.wait_s:
        return wait_words(tried)
    text: str = "" if tried.person else _("This is not your own password.")
    return text


def _page(wrong: str = "") -> str:
    return render_template("account/index.html", wrong=wrong)
