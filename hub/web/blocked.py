"""/blocked: where a browser comes that was led to the hub instead of a blocked site, and may ask for it.

Nobody is told who came here; a question is counted by the site's name: hub/appeals.py.
"""

import time
from collections.abc import Callable

from flask import Blueprint, Flask, abort, current_app, render_template, request
from werkzeug.wrappers import Response as Answer

from content_packs.blocklist import check_domain
from content_packs.errors import Error, UsageError
from hub.appeals import MAX_REASON, Outcome, appeal, counted_as, read_queue
from hub.clock import hub_moment
from hub.network.explain import Explanation, Facts, explain, plain, read_facts
from hub.network.paths import NetworkPaths
from hub.web.askers import MAX_EACH, Askers
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
_STATUS = {"full": 503, "often": 429, "enough": 429}
_EXTENSION = "appeals"


def register(app: Flask) -> Callable[[str], bool]:
    """Give `app` the page; return what tells whether a name leads here since it is blocked.

    Without a way out every name does: then nothing is said of the filter.
    """
    app.extensions[_EXTENSION] = Askers()
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
    askers: Askers = current_app.extensions[_EXTENSION]
    with askers.lock:
        outcome = _note(found, f"{facts.used.pack_id}@{facts.used.version}", askers)
    return _page(outcome, status=_STATUS.get(outcome, 200))


def _note(found: Explanation, used: str, askers: Askers) -> str:
    """Note a question, unless its device asks often, or for much; return what to say."""
    address, moment, paths = client_address(request.environ), time.monotonic(), this_portal().paths
    if not askers.may(address, now=moment):
        return "often"
    queue = read_queue(paths)
    askers.forget(queue.appeals, now=moment)
    name = counted_as(queue, found.name, found.listed)
    is_waiting = any(each.name == name for each in queue.appeals)
    if not is_waiting and askers.count(address) >= MAX_EACH:
        return "enough"
    try:
        outcome: Outcome = appeal(
            paths,
            name,
            category=found.category,
            reason=request.form.get("reason", ""),
            used=used,
            give_way=lambda waiting: askers.give_way(waiting, address),
        )
    except Error:
        return "full"
    if outcome != "full":
        askers.note(address, name, now=moment)
    return outcome


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
