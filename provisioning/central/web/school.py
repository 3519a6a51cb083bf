"""/schools/<hub>: what is wrong and what to do first, what it has, how it was, and what may be changed."""

from collections import Counter
from datetime import date, timedelta

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from hub.school.statusblock import short_fingerprint
from provisioning.central import assign as assigning
from provisioning.central import enrol as enrolling
from provisioning.central.fleet import Assignment, iso, open_fleet
from provisioning.central.fleetview.mutes import Mute, mute_alerts, unmute_alerts
from provisioning.central.fleetview.school import SchoolHistory, read_school
from provisioning.central.fleetview.view import SchoolView
from provisioning.central.school_notes import add_note, list_notes
from provisioning.central.web.chart import Chart, day_chart
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.doing import do, done, look, note
from provisioning.central.web.known import find_school
from provisioning.central.web.signin import me, needs

bp = Blueprint("school", __name__, url_prefix="/schools/<hub_id>")
_DAYS = 56  # of the usage chart
_CONTACTS, _ODD = 30, 10  # rows
_MOST_THINGS = 500  # that one alert is about


@bp.get("")
@needs("viewer")
def index(hub_id: str) -> str:
    """One school."""
    history = read_school(this_office(), _school(hub_id).hub.hub_id, now())
    view = history.view
    with open_fleet(this_office().fleet_db) as fleet:
        own = {a.pack_id: a for a in fleet.list_assignments() if (a.audience, a.name) == ("hub", hub_id)}
        offered = sorted({pack.pack_id for pack in fleet.list_packs() if pack.on_offer})
        titles = {pack.pack_id: pack.title for pack in fleet.list_packs()}
    return render_template(
        "school/index.html",
        section="/",
        view=view,
        own=own,
        offered=offered,
        titles=titles,
        contacts=history.contacts[:_CONTACTS],
        odd=view.oddities[:_ODD],
        notes=list_notes(this_office(), hub_id),
        chart=_usage(history),
        fingerprint=short_fingerprint(key) if (key := view.hub.public_key) else "",
        month=f"{now():%Y-%m}",
    )


@bp.post("/notes")
@needs("publisher")
def add(hub_id: str) -> Answer:
    """Write something down about a school."""
    view = _school(hub_id)
    add_note(this_office(), hub_id, request.form.get("text", ""), who=me().name, now=now())
    note("notes add", {"hub_id": view.hub.hub_id})
    return done(_("The note is kept."), url_for("school.index", hub_id=hub_id) + "#notes")


@bp.post("/assign")
@needs("publisher")
def assign(hub_id: str) -> Answer:
    """Give a pack to this school alone."""
    wanted = assigning.make_assignment(
        assigning.parse_spec(request.form.get("spec", "").strip()), ring=None, hub_id=hub_id
    )
    do("assign", lambda fleet: assigning.assign(fleet, wanted), {"pack": wanted.pack_id, "hub_id": hub_id})
    return done(_("%(pack)s is assigned to this school.", pack=wanted.pack_id), _here(hub_id))


@bp.post("/unassign")
@needs("publisher")
def unassign(hub_id: str) -> Answer:
    """Take back what was assigned to this school alone."""
    pack_id = assigning.parse_spec(request.form.get("pack", "")).pack_id
    wanted = Assignment("hub", hub_id, pack_id, None)
    do("unassign", lambda fleet: assigning.unassign(fleet, wanted), {"pack": pack_id, "hub_id": hub_id})
    return done(_("%(pack)s is no longer assigned to this school by itself.", pack=pack_id), _here(hub_id))


@bp.post("/quiet")
@needs("publisher")
def quieten(hub_id: str) -> Answer:
    """Note that somebody knows of an alert: it is quiet for some days, or until it begins anew. Or undo.

    The form says what the alert was about that somebody saw: another pack with this trouble is heard.
    """
    form, hub = request.form, _school(hub_id).hub
    code, days = form.get("code", ""), form.get("days", "")
    things = form.getlist("about")[:_MOST_THINGS] or [""]
    until = iso(now() + timedelta(days=int(days))) if days in ("7", "30") else None
    if form.get("undo"):
        unmute_alerts(this_office(), code, hub.hub_id, things)
    else:
        noted = (me().name, form.get("note", ""), iso(now()), until)
        mute_alerts(this_office(), [Mute(code, hub.hub_id, about, *noted) for about in things])
    told = {"hub_id": hub.hub_id, "code": code, "about": " ".join(things), "until": until}
    note("alerts ack", {**told, "undo": bool(form.get("undo"))})
    return done(_("Noted."), _here(hub_id))


@bp.post("/place")
@needs("admin")
def place(hub_id: str) -> Answer:
    """Give the school another name or ring."""
    hub = _school(hub_id).hub
    school, ring = request.form.get("school", ""), request.form.get("ring", "").strip()
    do(
        "enrol",
        lambda fleet: enrolling.enrol(fleet, hub_id, hub.public_key, school=school, ring=ring, now=now()),
        {"hub_id": hub_id, "school": school, "ring": ring},
    )
    return done(_("The school is changed."), _here(hub_id))


@bp.get("/revoke")
@needs("admin")
def ask_revoke(hub_id: str) -> str:
    """Whether to take the hub's access away, and what that does."""
    view = _school(hub_id)
    groups = look("revoke", lambda fleet: enrolling.revoke(fleet, hub_id, now=now()))
    return render_template("school/revoke.html", section="/", view=view, groups=groups)


@bp.post("/revoke")
@needs("admin")
def revoke(hub_id: str) -> Answer:
    """Take the hub's access away."""
    view = _school(hub_id)
    why = request.form.get("why", "")
    do("revoke", lambda f: enrolling.revoke(f, hub_id, now=now(), why=why), {"hub_id": hub_id, "why": why})
    return done(_("%(school)s: the hub is revoked.", school=view.hub.school), "/")


def _school(hub_id: str) -> SchoolView:
    view = find_school(hub_id)
    return abort(404) if view is None else view


def _here(hub_id: str) -> str:
    return url_for("school.index", hub_id=hub_id)


def _usage(history: SchoolHistory) -> Chart | None:
    """Return how often lessons were opened by day; None where nothing was told."""
    first = now().astimezone().date() - timedelta(days=_DAYS - 1)
    by_day = Counter[str]()
    for day, _pack, opens in history.opens:
        by_day[day] += opens
    days = [first + timedelta(days=number) for number in range(_DAYS)]
    known = [(day, by_day[date.isoformat(day)]) for day in days]
    return day_chart(known) if any(value for _day, value in known) else None
