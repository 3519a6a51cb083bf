"""/blocked: where a browser comes that was led to the hub instead of a blocked site, and may ask for it.

Nobody is told who came here; a question is counted by the site's name: hub/appeals.py.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from flask import Blueprint, Flask, abort, current_app, render_template, request
from werkzeug.wrappers import Response as Answer

from content_packs.blocklist import check_domain
from content_packs.errors import Error, UsageError
from hub.appeals import MAX_REASON, Outcome, appeal
from hub.clock import hub_moment
from hub.network.explain import Explanation, Facts, explain, plain, read_facts
from hub.network.paths import NetworkPaths
from hub.web.captive_gate import client_address
from hub.web.portal import Portal, portal_of, this_portal
from hub.web.signin import no_store
from hub.wording import later

bp = Blueprint("blocked", __name__)
CATEGORIES = {
    "adult": later("For adults only"),
    "gambling": later("Gambling"),
    "malware": later("Harmful programs and fraud"),
    "violence": later("Violence"),
    "drugs": later("Drugs"),
    "proxies": later("Ways around the filter"),
    "social": later("Social networks"),
    "chat": later("Chats"),
    "games": later("Games"),
    "video": later("Videos"),
    "shopping": later("Shops"),
    "ads": later("Advertising"),
    "other": later("Other"),
}
_SEVERAL, _WITHIN_S, _MAX_DEVICES = 5, 600.0, 1000
_REFUSED, _TOO_OFTEN = 503, 429
_EXTENSION = "appeals"


class Asked:
    """How often each device has asked lately; in memory only."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def may(self, address: str, *, now: float) -> bool:
        """Whether a device may ask once more; where it may, that is counted."""
        times = self._times.setdefault(address, deque(maxlen=_SEVERAL))
        self._times.move_to_end(address)
        while len(self._times) > _MAX_DEVICES:
            self._times.popitem(last=False)
        if len(times) == _SEVERAL and now - times[0] < _WITHIN_S:
            return False
        times.append(now)
        return True


def register(app: Flask) -> Callable[[str], bool]:
    """Give `app` the page; return what tells whether a name leads here since it is blocked.

    Without a way out every name does: then nothing is said of the filter.
    """
    app.extensions[_EXTENSION] = Asked()
    app.register_blueprint(bp)
    portal = portal_of(app)

    def is_blocked(name: str) -> bool:
        found, facts = _look(portal, name)
        return found.is_blocked and (facts.is_open or not facts.policy)

    return is_blocked


@bp.get("/blocked")
def index() -> Answer:
    """Say that a site is blocked, why, and until when; and let the learner ask for it."""
    return _page()


@bp.post("/blocked")
def ask() -> Answer:
    """Note the question for the office's next report."""
    found, facts = _look(this_portal(), _wanted())
    if not found.is_blocked or check_domain(found.name):
        return _page()
    asked: Asked = current_app.extensions[_EXTENSION]
    if not asked.may(client_address(request.environ), now=time.monotonic()):
        return _page("often", status=_TOO_OFTEN)
    used = f"{facts.used.pack_id}@{facts.used.version}"
    reason = request.form.get("reason", "")
    try:
        outcome: Outcome = appeal(
            this_portal().paths, found.name, category=found.category, reason=reason, used=used
        )
    except Error:
        return _page("full", status=_REFUSED)
    return _page(outcome, status=_REFUSED if outcome == "full" else 200)


def _page(outcome: str = "", *, status: int = 200) -> Answer:
    found, _ = _look(this_portal(), _wanted())
    response = no_store(
        render_template(
            "blocked/index.html",
            found=found,
            category=CATEGORIES.get(found.category, CATEGORIES["other"]),
            until=f"{found.until:%H:%M}" if found.until else "",
            outcome=outcome,
            max_reason=MAX_REASON,
        )
    )
    response.status_code = status
    return response


def _wanted() -> str:
    try:
        return plain(request.values.get("name", ""))
    except UsageError:
        abort(404)


def _look(portal: Portal, name: str) -> tuple[Explanation, Facts]:
    places, moment = NetworkPaths.beside(portal.paths), hub_moment(portal.paths.trust)
    facts = read_facts(portal.paths, places, portal.settings, moment)
    return explain(name, facts, places), facts
