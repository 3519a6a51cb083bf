"""/packs: every pack, who has what; and the forms that assign and withdraw, with what they would change."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from content_packs.depot import MAX_DAY_MB, MAX_PRIORITY
from content_packs.errors import UsageError
from provisioning.central import assign as assigning
from provisioning.central import publish as publishing
from provisioning.central.fleet import Assignment, Published, open_fleet
from provisioning.central.packs_key import packs_key_state, unlocked
from provisioning.central.publishers import key_of
from provisioning.central.wanted import EVERYBODY
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.doing import Group, do, done, look
from provisioning.central.web.known import known_fleet
from provisioning.central.web.paging import page_of
from provisioning.central.web.signin import needs
from provisioning.central.web.state_words import PACKS as PACK_WORDS

bp = Blueprint("packs", __name__, url_prefix="/packs")
_ROWS = 100  # schools of a page


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack of the list."""

    pack_id: str
    title: str
    kind: str
    newest: Published | None  # on offer
    versions: int
    wanted: int  # by how many schools
    current: int  # at how many of them


@bp.get("")
@needs("viewer")
def index() -> str:
    """All packs."""
    with open_fleet(this_office().fleet_db) as fleet:
        published = fleet.list_packs()
    states = [pack for view in known_fleet().schools for pack in view.packs]
    wanted = Counter(pack.pack_id for pack in states if pack.want is not None)
    current = Counter(pack.pack_id for pack in states if pack.state == "current")
    lines = [
        _line(pack_id, [p for p in published if p.pack_id == pack_id], wanted[pack_id], current[pack_id])
        for pack_id in sorted({pack.pack_id for pack in published})
    ]
    return render_template("packs/index.html", section="/packs", lines=lines)


@bp.get("/<pack_id>")
@needs("viewer")
def show(pack_id: str) -> str:
    """One pack: its versions, to whom it is assigned, who has what."""
    versions = _versions(pack_id)
    with open_fleet(this_office().fleet_db) as fleet:
        assigned = [a for a in fleet.list_assignments() if a.pack_id == pack_id]
    fleet_now = known_fleet()
    state = request.args.get("state", "")
    having = [(view, pack) for view in fleet_now.schools for pack in view.packs if pack.pack_id == pack_id]
    shown = [(view, pack) for view, pack in having if state in ("", pack.state)]
    counts = Counter[str](pack.state for _view, pack in having)
    return render_template(
        "packs/show.html",
        section="/packs",
        pack_id=pack_id,
        versions=versions[::-1],
        title=versions[-1].title,
        assigned=assigned,
        schools={view.hub.hub_id: view.hub.school for view in fleet_now.schools},
        counts={name: counts[name] for name in PACK_WORDS if counts[name]},
        state=state,
        page=page_of(shown, request.args.get("page", ""), _ROWS),
        rings=sorted({EVERYBODY, *(view.ring for view in fleet_now.schools)}),
        everybody=EVERYBODY,
        words=PACK_WORDS,
        on_offer=[pack.version for pack in versions if pack.on_offer][::-1],
    )


@bp.get("/<pack_id>/assign")
@needs("publisher")
def ask_assign(pack_id: str) -> str:
    """What an assignment would change."""
    _versions(pack_id)
    assignment = _assignment(pack_id, request.args.to_dict())
    groups = look("assign", lambda fleet: assigning.assign(fleet, assignment))
    return _preview(pack_id, assignment, "assign", groups, _("Assign"))


@bp.post("/<pack_id>/assign")
@needs("publisher")
def assign(pack_id: str) -> Answer:
    """Give the pack to a ring or a hub."""
    assignment = _assignment(pack_id, request.form.to_dict())
    do("assign", lambda fleet: assigning.assign(fleet, assignment), _detail(assignment))
    return done(_("%(pack)s is assigned to %(name)s.", pack=pack_id, name=assignment.name), _here(pack_id))


@bp.get("/<pack_id>/unassign")
@needs("publisher")
def ask_unassign(pack_id: str) -> str:
    """What taking an assignment back would change."""
    assignment = _assignment(pack_id, request.args.to_dict())
    groups = look("unassign", lambda fleet: assigning.unassign(fleet, assignment))
    return _preview(pack_id, assignment, "unassign", groups, _("Take back"))


@bp.post("/<pack_id>/unassign")
@needs("publisher")
def unassign(pack_id: str) -> Answer:
    """Take an assignment back."""
    assignment = _assignment(pack_id, request.form.to_dict())
    do("unassign", lambda fleet: assigning.unassign(fleet, assignment), _detail(assignment))
    message = _("%(pack)s is no longer assigned to %(name)s.", pack=pack_id, name=assignment.name)
    return done(message, _here(pack_id))


@bp.get("/<pack_id>/<int:version>/withdraw")
@needs("publisher")
def ask_withdraw(pack_id: str, version: int) -> str:
    """What withdrawing a version would change."""
    pack = _version(pack_id, version)
    groups = look("withdraw", lambda fleet: publishing.withdraw(fleet, pack_id, version, now=now()))
    key = packs_key_state(this_office(), pack_id)
    return render_template("packs/withdraw.html", section="/packs", pack=pack, groups=groups, key=key)


@bp.post("/<pack_id>/<int:version>/withdraw")
@needs("publisher")
def withdraw(pack_id: str, version: int) -> Answer:
    """Take a version off the offers."""
    pack = _version(pack_id, version)
    office = unlocked(this_office(), request.form.get("passphrase", ""))
    with open_fleet(office.fleet_db) as fleet:
        office.open_keys().require(key_of(fleet, pack_id))
    do("withdraw", lambda f: publishing.withdraw(f, pack_id, version, now=now()), {"pack": pack.name}, office)
    return done(_("%(pack)s is withdrawn.", pack=pack.name), _here(pack_id))


def _line(pack_id: str, versions: list[Published], wanted: int, current: int) -> PackLine:
    newest = next((pack for pack in reversed(versions) if pack.on_offer), None)
    last = versions[-1]
    return PackLine(pack_id, last.title, last.kind, newest, len(versions), wanted, current)


def _versions(pack_id: str) -> list[Published]:
    with open_fleet(this_office().fleet_db) as fleet:
        versions = [pack for pack in fleet.list_packs() if pack.pack_id == pack_id]
    return versions or abort(404)


def _version(pack_id: str, version: int) -> Published:
    return next((pack for pack in _versions(pack_id) if pack.version == version), None) or abort(404)


def _assignment(pack_id: str, form: dict[str, str]) -> Assignment:
    """Return the assignment that a form names: a ring, or a hub by its id.

    Raises:
        UsageError: a number is none, the quiet hours no hours, or the ring or hub no name.
    """
    version = form.get("version", "")
    hub_id, ring = form.get("hub", "").strip(), form.get("ring", "").strip()
    priority = form.get("priority", "") or "0"
    if not priority.lstrip("-").isascii() or not priority.lstrip("-").isdecimal() or len(priority) > 2:
        raise UsageError(
            f"priority {priority[:20]!r}: expected a number from -{MAX_PRIORITY} to {MAX_PRIORITY}"
        )
    day_mb = form.get("day_mb", "") or "0"
    if not day_mb.isascii() or not day_mb.isdecimal() or len(day_mb) > 7:
        raise UsageError(f"MB a day {day_mb[:20]!r}: expected a number from 0 to {MAX_DAY_MB}")
    when_full: Literal["wait", "replace"] = "replace" if form.get("when_full") == "replace" else "wait"
    return assigning.make_assignment(
        assigning.parse_spec(f"{pack_id}@{version}" if version else pack_id),
        ring=None if hub_id else ring,
        hub_id=hub_id or None,
        priority=int(priority),
        when_full=when_full,
        quiet_hours=form.get("quiet_hours", ""),
        day_mb=int(day_mb),
    )


def _detail(assignment: Assignment) -> dict[str, object]:
    return {
        "pack": assignment.pack_id,
        "version": assignment.version,
        assignment.audience: assignment.name,
        "priority": assignment.priority,
        "when_full": assignment.when_full,
        "quiet_hours": assignment.quiet_hours,
        "day_mb": assignment.day_mb,
    }


def _preview(pack_id: str, assignment: Assignment, action: str, groups: list[Group], verb: str) -> str:
    count = sum(len(group.hub_ids) for group in groups)
    return render_template(
        "packs/preview.html",
        section="/packs",
        pack_id=pack_id,
        assignment=assignment,
        action=action,
        groups=groups,
        verb=verb,
        sentence=ngettext("%(num)s change at a school", "%(num)s changes at schools", count),
    )


def _here(pack_id: str) -> str:
    return url_for("packs.show", pack_id=pack_id)
