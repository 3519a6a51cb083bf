"""/people: who may use the dashboard. What changes somebody else's access asks for one's own password."""

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import UsageError
from provisioning.central import people
from provisioning.central.people import Person
from provisioning.central.web.account import prove
from provisioning.central.web.dashboard import now, this_dashboard, this_office
from provisioning.central.web.doing import done, note
from provisioning.central.web.signin import me, needs
from provisioning.central.web.words import error_words

bp = Blueprint("people", __name__, url_prefix="/people")
_REFUSED = 422


@bp.get("")
@needs("admin")
def index() -> str:
    """Everybody, and the form to add somebody."""
    return _list()


@bp.post("")
@needs("admin")
def add() -> str | tuple[str, int]:
    """Add somebody, and show the link by which they choose a password; it is shown this once."""
    name, role = request.form.get("name", ""), request.form.get("role", "")

    def act() -> Person:
        return people.add_person(this_office(), name, role=role, password=None, now=now())

    person, wrong = _try(act)
    if person is None:
        return _list(wrong, name), _REFUSED
    note("people add", {"name": person.name, "role": role})
    return _show_link(person)


@bp.get("/<name>")
@needs("admin")
def one(name: str) -> str:
    """Somebody else."""
    return _one(_other(name))


@bp.post("/<name>/link")
@needs("admin")
def link(name: str) -> str | tuple[str, int]:
    """Give somebody a new link."""
    other = _other(name)
    if wrong := prove():
        return _one(other, wrong), _REFUSED
    note("people link", {"name": other.name})
    return _show_link(other)


@bp.post("/<name>/role")
@needs("admin")
def role(name: str) -> Answer | tuple[str, int]:
    """Give somebody another role."""
    other, wanted = _other(name), request.form.get("role", "")
    _nothing, wrong = _try(lambda: people.set_role(this_office(), other, wanted))
    if wrong:
        return _one(other, wrong), _REFUSED
    note("people role", {"name": other.name, "role": wanted})
    return done(_("%(name)s has another role now.", name=other.name), "/people")


@bp.post("/<name>/remove")
@needs("admin")
def remove(name: str) -> Answer | tuple[str, int]:
    """Let somebody sign in no more."""
    other = _other(name)
    _nothing, wrong = _try(lambda: people.remove_person(this_office(), other))
    if wrong:
        return _one(other, wrong), _REFUSED
    note("people remove", {"name": other.name})
    return done(_("%(name)s may sign in no more.", name=other.name), "/people")


def _try(act: Callable[[], Person | None]) -> tuple[Person | None, str]:
    """Return what an act gave where one's own password was given, or what is wrong."""
    if wrong := prove():
        return None, wrong
    try:
        return act(), ""
    except UsageError as error:
        return None, error_words(error)


def _other(name: str) -> Person:
    """Return somebody else; one's own account has a page of its own."""
    other = people.find_by_name(this_office(), name)
    return abort(404) if other is None or other.id == me().id else other


def _list(wrong: str = "", name: str = "") -> str:
    listed = people.list_people(this_office())
    return render_template("people/index.html", section="/people", people=listed, wrong=wrong, name=name[:40])


def _one(other: Person, wrong: str = "") -> str:
    return render_template("people/one.html", section="/people", other=other, wrong=wrong)


def _show_link(person: Person) -> str:
    token = people.make_link(this_office(), person, now=now())
    root = this_dashboard().url or request.host_url.rstrip("/")
    return render_template("people/link.html", section="/people", other=person, link=f"{root}/link/{token}")
