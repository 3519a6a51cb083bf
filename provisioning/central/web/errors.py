"""Pages for what goes wrong: saying what to do, and never a dead end."""

import os

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from content_packs.errors import BusyError, Error, UsageError
from hub.wording import later
from provisioning.central.web.preferences import safe_target
from provisioning.central.web.words import error_words, translated

_TITLES = {
    400: later("This address or form cannot be read"),
    403: later("This is not yours to do"),
    404: later("There is no such page"),
    405: later("This page can only be read"),
    413: later("This file is too large"),
    500: later("Something went wrong"),
}
_ADVICE = {
    400: later("Go back, open the page again and fill it in once more. Your browser must allow cookies."),
    403: later("Your account may not do this, or the form came from another page. Ask an administrator."),
    404: later("Perhaps the school was revoked or the pack renamed. Start from the list of schools."),
    405: later("Nothing can be sent to it. Go back, or start from the list of schools."),
    413: later("Publish large packs on the office's own machine, with `central publish`."),
    500: later("It is not your fault. Try again; if it stays so, look into the log of `central serve`."),
}
_FAILED = later("This was not done")
_STATUS = {os.EX_USAGE: 422, os.EX_DATAERR: 422, os.EX_TEMPFAIL: 409}


def register(app: Flask) -> None:
    """Show these pages in `app`; what was not expected is logged by Flask and shown as 500."""
    app.register_error_handler(HTTPException, _show)
    app.register_error_handler(Error, _explain)


def _show(error: HTTPException) -> tuple[str, int]:
    status = error.code or InternalServerError.code
    title, advice = _TITLES.get(status, _TITLES[500]), _ADVICE.get(status, _ADVICE[500])
    if isinstance(error, CSRFError):
        title, advice = _TITLES[400], _ADVICE[400]
    return _page(translated(title), translated(advice), status)


def _explain(error: Error) -> tuple[str, int]:
    """Show a failure of the functions that the commands call too."""
    status = 409 if isinstance(error, BusyError) else 422 if isinstance(error, UsageError) else None
    return _page(translated(_FAILED), error_words(error), status or _STATUS.get(error.exit_code, 500))


def _page(title: str, advice: str, status: int) -> tuple[str, int]:
    back = safe_target((request.referrer or "").removeprefix(request.host_url.rstrip("/")))
    return render_template("error.html", title=title, advice=advice, back=back), status
