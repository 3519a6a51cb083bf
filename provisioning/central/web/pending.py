"""/pending: the cards that were made, and the hubs that ask to be let in, with fingerprints."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from provisioning.central import requests
from provisioning.central.fleet import open_fleet
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
