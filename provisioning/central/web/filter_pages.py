"""/filter: what schools block and when, the lists behind it, and what schools ask to have opened."""

from collections.abc import Mapping

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.blocklist import CATEGORIES
from hub.wording import later
from provisioning.central.filters import policies
from provisioning.central.filters.appeals import answer_appeal, read_appeals
from provisioning.central.filters.tables import FilterTables, Verdict
from provisioning.central.fleet import open_fleet
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.doing import do, done
from provisioning.central.web.known import known_fleet
from provisioning.central.web.signin import needs

bp = Blueprint("filter", __name__, url_prefix="/filter")
_SHOWN = 200  # appeals
WORDS: Mapping[str, str] = {
    "adult": later("for adults"),
    "gambling": later("gambling"),
    "malware": later("malware and fraud"),
    "violence": later("violence"),
    "drugs": later("drugs"),
    "proxies": later("ways around the filter"),
    "social": later("social networks"),
    "chat": later("chats"),
    "games": later("games"),
    "video": later("video"),
    "shopping": later("shopping"),
    "ads": later("advertising"),
    "other": later("other"),
}


@bp.get("")
@needs("viewer")
def index() -> str:
    """Appeals, policies and lists."""
    return _page()


@bp.get("/policy/<name>")
@needs("publisher")
def policy(name: str) -> str:
    """The form of one policy."""
    with open_fleet(this_office().fleet_db) as fleet:
        found = next((each for each in FilterTables(fleet).list_policies() if each.name == name), None)
        lists = [each.name for each in FilterTables(fleet).list_lists() if each.is_allow]
    chosen = abort(404) if found is None and name != "new" else found
    return render_template(
        "filter/policy.html",
        section="/filter",
        policy=chosen,
        categories=[*CATEGORIES.values()],
        words=WORDS,
        allow_lists=lists,
    )


@bp.post("/policy")
@needs("publisher")
def set_policy() -> Answer:
    """Say what the schools of a policy block."""
    form = request.form
    name = form.get("name", "").strip()
    wanted = {"block": form.getlist("block"), "lesson_block": form.getlist("lesson_block")}
    lesson_time, safe_search = form.get("lesson_time", ""), bool(form.get("safe_search"))
    do(
        "filter policy set",
        lambda fleet: policies.set_policy(
            fleet,
            name,
            block=",".join(wanted["block"]),
            lesson_block=",".join(wanted["lesson_block"]),
            lesson_time=lesson_time,
            safe_search=safe_search,
            allow_lists=form.getlist("allow_lists"),
            now=now(),
        ),
        {"name": name, **wanted, "lesson_time": lesson_time, "safe_search": safe_search},
    )
    return done(_("The policy %(name)s is kept. Schools get it with the next compile.", name=name), "/filter")


@bp.post("/answer")
@needs("publisher")
def answer() -> Answer:
    """Answer what schools ask for."""
    name = request.form.get("name", "")
    verdict: Verdict = "allow" if request.form.get("verdict") == "allow" else "keep"
    asked = read_appeals(this_office())
    do(
        "filter answer",
        lambda fleet: answer_appeal(fleet, asked, name, verdict, policy=None, now=now()),
        {"name": name, "verdict": verdict},
    )
    said = _("%(name)s opens with the next compile.") if verdict == "allow" else _("%(name)s stays blocked.")
    return done(said % {"name": name}, "/filter")


def _page() -> str:
    appeals = read_appeals(this_office())
    with open_fleet(this_office().fleet_db) as fleet:
        tables = FilterTables(fleet)
        listed, lists = tables.list_policies(), tables.list_lists()
        given = fleet.list_assignments()
    return render_template(
        "filter/index.html",
        section="/filter",
        asked=[each for each in appeals if each.is_open][:_SHOWN],
        answered=[each for each in appeals if not each.is_open][:_SHOWN],
        policies=listed,
        lists=lists,
        words=WORDS,
        users={p.name: [a.name for a in given if a.pack_id == p.pack_id] for p in listed},
        schools={view.hub.hub_id: view.hub.school for view in known_fleet().schools},
    )
