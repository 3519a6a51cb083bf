"""/pending: the cards that were made, and the hubs that ask to be let in, with fingerprints."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import BadDataError
from hub.school.statusblock import parse_block
from provisioning.central import requests
from provisioning.central.fleet import open_fleet
from provisioning.central.status_file import enrol_by_status
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.doing import do, done
from provisioning.central.web.signin import needs

bp = Blueprint("pending", __name__, url_prefix="/pending")


@bp.get("")
@needs("viewer")
def index() -> str:
    """Who asks."""
    with open_fleet(this_office().fleet_db) as fleet:
        listed = requests.list_pending(this_office(), fleet)
    asking = [each for each in listed if each.public_key]
    return render_template(
        "pending/index.html",
        section="/pending",
        asking=asking,
        waiting=[each for each in listed if not each.public_key],
        now_iso=now().isoformat(timespec="seconds"),
    )


@bp.post("/status")
@needs("admin")
def by_status() -> Answer:
    """Let a hub in by the text of its hub-status.txt, or by what its QR code says."""
    office, text = this_office(), request.form.get("text", "")
    school = request.form.get("school", "").strip() or None
    try:
        block = parse_block(text.encode())
    except ValueError as error:
        raise BadDataError(
            _("This is not the whole text of hub-status.txt, or it was changed."),
            hint=_("Take it from the card again, or let the QR code be read anew."),
        ) from error
    hub = do(
        "enrol",
        lambda fleet: enrol_by_status(fleet, block, school=school, ring=None, now=now()),
        {"hub_id": block.hub_id, "from_status": True},
    )
    requests.clear_requests(office, hub.hub_id)
    return done(_("%(school)s is let in.", school=hub.school), f"/schools/{hub.hub_id}")


@bp.post("/approve")
@needs("admin")
def approve() -> Answer:
    """Let a hub in."""
    hub_id, fingerprint = request.form.get("hub", ""), request.form.get("fingerprint", "")
    office = this_office()
    hub = do(
        "enrol",
        lambda fleet: requests.approve(office, fleet, hub_id, fingerprint, now=now()),
        {"hub_id": hub_id, "approve": fingerprint},
    )
    requests.clear_requests(office, hub.hub_id)
    return done(_("%(school)s is let in.", school=hub.school), f"/schools/{hub.hub_id}")
