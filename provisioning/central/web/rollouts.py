"""/rollouts: how far each is, school by school, and what one may do about it."""

from collections.abc import Callable, Mapping

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import UsageError
from hub.wording import later
from provisioning.central.assign import parse_spec
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.fleetview.csvtext import Cell
from provisioning.central.reports import Reports
from provisioning.central.rollouts import control
from provisioning.central.rollouts.model import Rollout
from provisioning.central.rollouts.stages import parse_stages
from provisioning.central.rollouts.view import REASONS, RolloutView, list_rollouts, read_rollout
from provisioning.central.rollouts.work import DAY_S, Rules, edit_rollouts, start, tick
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.doing import done, group, note
from provisioning.central.web.paging import page_of
from provisioning.central.web.signin import needs
from provisioning.central.web.state_words import Word
from provisioning.central.web.tables import csv_file

bp = Blueprint("rollouts", __name__)
_ROWS = 100
_MOST_DAYS = 365
STATES: Mapping[str, Word] = {
    "ok": Word(later("Has it"), "good", "good"),
    "failed": Word(later("Failed"), "broken", "warn"),
    "waiting-for-contact": Word(later("Waiting for contact"), "note", "clock"),
    "fetching": Word(later("On its way"), "note", "again"),
    "pending": Word(later("Not its turn yet"), "quiet", "clock"),
    "skipped": Word(later("Left out"), "quiet", "cross"),
}
ROLLOUT_STATES: Mapping[str, Word] = {
    "running": Word(later("Goes on"), "note", "forward"),
    "paused": Word(later("Paused"), "attention", "warn"),
    "finished": Word(later("Finished"), "good", "good"),
    "aborted": Word(later("Aborted"), "quiet", "cross"),
    "rolled-back": Word(later("Rolled back"), "quiet", "back"),
}
STAGES: Mapping[str, str] = {
    "done": later("done"),
    "open": later("now"),
    "coming": later("later"),
    "never": later("not reached"),
}
_Edit = Callable[[Fleet, Reports | None, int], object]


def _pause(fleet: Fleet, _reports: Reports | None, number: int) -> object:
    return control.pause(fleet, number, now=now())


def _resume(fleet: Fleet, reports: Reports | None, number: int) -> object:
    return control.resume(fleet, reports, number, now=now())


def _abort(fleet: Fleet, reports: Reports | None, number: int) -> object:
    return control.abort(fleet, reports, number, now=now())


def _roll_back(fleet: Fleet, _reports: Reports | None, number: int) -> object:
    return control.roll_back(fleet, number, now=now())


def _finish(fleet: Fleet, _reports: Reports | None, number: int) -> object:
    return control.finish(fleet, number, now=now())


# What may be done: the function, what the button says, what it means.
ACTIONS: Mapping[str, tuple[_Edit, str, str]] = {
    "pause": (_pause, later("Pause"), later("No further stage begins; schools that were reached go on.")),
    "resume": (
        _resume,
        later("Go on"),
        later("It goes on; schools that have failed or were left out until now count no more."),
    ),
    "abort": (
        _abort,
        later("Abort"),
        later("It ends: who has reported the version keeps it, all others have what they had before."),
    ),
    "roll-back": (_roll_back, later("Roll back"), later("Every school shall have again what it had before.")),
    "finish": (
        _finish,
        later("Give it to all now"),
        later("All stages get it at once; it is the usual version from now on."),
    ),
}
_OFFERED: Mapping[str, tuple[str, ...]] = {
    "running": ("pause", "finish", "roll-back", "abort"),
    "paused": ("resume", "roll-back", "abort", "finish"),
    "finished": ("roll-back",),
    "aborted": ("roll-back",),
}


@bp.get("/rollouts")
@needs("viewer")
def index() -> str:
    """All rollouts, the newest first."""
    views = list_rollouts(this_office(), now())
    return render_template("rollouts/index.html", section="/rollouts", views=views, words=ROLLOUT_STATES)


@bp.get("/rollouts/<int:number>")
@needs("viewer")
def show(number: int) -> str:
    """One rollout, school by school."""
    view = _find(number)
    state = request.args.get("state", "")
    hubs = [hub for hub in view.hubs if state in ("", hub.state)]
    return render_template(
        "rollouts/show.html",
        section="/rollouts",
        view=view,
        state=state,
        page=page_of(hubs, request.args.get("page", ""), _ROWS),
        words=STATES,
        state_words=ROLLOUT_STATES,
        stage_words=STAGES,
        reasons=REASONS,
        actions=ACTIONS,
        offered=_OFFERED.get(view.rollout.state, ()),
    )


@bp.get("/rollouts/<int:number>.csv")
@needs("viewer")
def table(number: int) -> Answer:
    """The schools of one rollout as a table."""
    heads = (
        "hub_id",
        "school",
        "ring",
        "stage",
        "state",
        "reason",
        "heard_at",
        "expected_at",
        "bytes_left",
        "eta_s",
    )
    rows: list[list[Cell]] = [[getattr(hub, name) for name in heads] for hub in _find(number).hubs]
    return csv_file(f"rollout-{number}.csv", heads, rows)


@bp.get("/rollouts/<int:number>/<action>")
@needs("publisher")
def ask(number: int, action: str) -> str:
    """What an action would change."""
    edit = _edit_of(action)
    view = _find(number)
    _did, changes = edit_rollouts(this_office(), lambda f, r: edit(f, r, number), now=now(), dry_run=True)
    return render_template(
        "rollouts/ask.html",
        section="/rollouts",
        view=view,
        action=action,
        verb=ACTIONS[action][1],
        meaning=ACTIONS[action][2],
        groups=group(changes),
    )


@bp.post("/rollouts/<int:number>/<action>")
@needs("publisher")
def act(number: int, action: str) -> Answer:
    """Do something with a rollout."""
    edit = _edit_of(action)
    edit_rollouts(this_office(), lambda f, r: edit(f, r, number), now=now(), dry_run=False)
    note(f"rollout {action}", {"rollout": number})
    return done(_("Done: %(action)s.", action=_(ACTIONS[action][1])), url_for("rollouts.show", number=number))


@bp.get("/packs/<pack_id>/rollout")
@needs("publisher")
def ask_start(pack_id: str) -> str:
    """The form of a new rollout; with stages, also what it would change."""
    with open_fleet(this_office().fleet_db) as fleet:
        versions = [pack for pack in fleet.list_packs() if pack.pack_id == pack_id and pack.on_offer]
        rings = sorted({hub.ring for hub in fleet.list_hubs() if hub.revoked_at is None})
    if not versions:
        abort(404)
    form = request.args
    groups = None
    if form.get("stages"):
        _started, changes = edit_rollouts(
            this_office(), lambda f, r: _begin(f, r, pack_id, form), now=now(), dry_run=True
        )
        groups = group(changes)
    return render_template(
        "rollouts/start.html",
        section="/rollouts",
        pack_id=pack_id,
        versions=versions[::-1],
        rings=rings,
        form=form,
        groups=groups,
    )


@bp.post("/packs/<pack_id>/rollout")
@needs("publisher")
def begin(pack_id: str) -> Answer:
    """Begin a rollout."""
    form = request.form
    begun, _changes = edit_rollouts(
        this_office(), lambda f, r: _begin(f, r, pack_id, form), now=now(), dry_run=False
    )
    note("rollout start", {"pack": begun.name, "stages": form.get("stages", ""), "rollout": begun.rollout_id})
    target = url_for("rollouts.show", number=begun.rollout_id)
    return done(_("The rollout of %(pack)s has begun.", pack=begun.name), target)


def _begin(fleet: Fleet, reports: Reports | None, pack_id: str, form: Mapping[str, str]) -> Rollout:
    version = form.get("version", "")
    rules = Rules(
        wait_s=_number(form, "wait_days", 7, _MOST_DAYS) * DAY_S,
        enough=_number(form, "enough", 50, 100),
        at_least_s=_number(form, "at_least_days", 0, _MOST_DAYS) * DAY_S,
        max_fail=_number(form, "max_fail", 1, 10_000),
        deadline=form.get("deadline") or None,
    )
    stages = parse_stages(form.get("stages", ""))
    begun = start(fleet, parse_spec(f"{pack_id}@{version}" if version else pack_id), stages, rules, now=now())
    tick(fleet, reports, now=now())
    return control.find_rollout(fleet, begun.rollout_id)


def _number(form: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = form.get(name, "") or str(usual)
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and int(text) <= most):
        raise UsageError(f"{name} {text[:20]!r}: expected a number from 0 to {most}")
    return int(text)


def _edit_of(action: str) -> _Edit:
    return ACTIONS[action][0] if action in ACTIONS else abort(404)


def _find(number: int) -> RolloutView:
    try:
        return read_rollout(this_office(), number, now())
    except UsageError:
        abort(404)
