"""What happens to a name that a learner asks for, and why: the rules that dnsmasq was given, told in words.

As dnsmasq does it: the longest name that fits counts. `explain` is pure but for looking the name up in the
lists; `read_facts` is what any account of the hub may know.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from content_packs.blocklist import category_of, is_below
from content_packs.errors import UsageError
from content_packs.lesson_time import LessonTime
from hub.network.filter_names import Blocked, find_blocked
from hub.network.filters import Filter, read_filter
from hub.network.lan import BLOCKED, CAPTIVE
from hub.network.paths import NetworkPaths
from hub.network.safe import CANARIES, DOH_NAMES
from hub.network.state import read_network_state
from hub.settings import HubPaths, HubSettings
from hub.uplink.limits import Moment

Verdict = Literal[
    "hub", "local", "canary", "doh", "no-internet", "no-filter", "blocked", "allowed", "safe-search", "open"
]
NO_SUCH_NAME = "NXDOMAIN"
_MAX_NAME = 253
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a hub's network. `policy` is empty where nobody keeps a network on this machine."""

    used: Filter
    own: tuple[str, ...]
    moment: Moment
    policy: str = ""
    is_open: bool = False  # names are looked up outside now
    hub: str = ""  # the hub's own address in the class's network


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens to a name, and by which rule."""

    name: str
    verdict: Verdict
    answer: str  # an address, NXDOMAIN, or empty: what the DNS outside says
    listed: str = ""  # the name of the rule: this one, or one above it
    rule: str = ""  # "always", "lesson", "allow" or "safe-search"
    category: str = ""
    in_lesson: bool = False  # what is blocked in lessons is blocked now
    lesson_rule: bool = False  # it is blocked in lessons, and not now
    until: datetime | None = None  # local time: when that may be another answer
    clock_known: bool = True

    @property
    def is_blocked(self) -> bool:
        """Whether the filter blocks it now."""
        return self.verdict == "blocked"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: docs/reference/json.md."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return found | {"until": self.until.isoformat(timespec="minutes") if self.until else None}


def read_facts(hub: HubPaths, places: NetworkPaths, settings: HubSettings | None, moment: Moment) -> Facts:
    """Return what is known of this hub."""
    state = read_network_state(hub)
    own = (settings.door.hub_name, settings.door.packs_domain) if settings else ("hub.lan", "hubpacks.lan")
    used = read_filter(places)
    try:
        internet, lan = (state or {})["internet"], (state or {})["lan"]
        return Facts(used, own, moment, str(internet["policy"]), bool(internet["open"]), str(lan["hub"]))
    except (KeyError, TypeError):
        return Facts(used, own, moment)


def plain(text: str) -> str:
    """Return a name as it is looked up: of an address, its host; UsageError where there is none."""
    host = text.strip().lower().split("://", 1)[-1]
    name = host.partition("/")[0].rpartition("@")[2].partition(":")[0].removesuffix(".")
    try:
        name = name.encode("idna").decode("ascii") if not name.isascii() else name
    except UnicodeError:
        name = ""
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise UsageError(f"{text[:80]!r}: expected a name such as example.com")
    return name


def explain(name: str, facts: Facts, places: NetworkPaths) -> Explanation:
    """Return what happens to a name, in the form that `plain` gives."""
    if any(is_below(name, own) for own in facts.own):
        return Explanation(name, "hub", facts.hub)
    if "." not in name or is_below(name, "lan"):
        return Explanation(name, "local", NO_SUCH_NAME)
    for listed in CANARIES + DOH_NAMES:
        if is_below(name, listed):
            return Explanation(name, "canary" if listed in CANARIES else "doh", NO_SUCH_NAME, listed)
    if facts.policy == "off":
        return Explanation(name, "no-internet", str(CAPTIVE))
    if not facts.used.is_there:
        return Explanation(name, "no-filter", str(CAPTIVE) if facts.policy else "")
    return _by_filter(name, facts, places)


def _by_filter(name: str, facts: Facts, places: NetworkPaths) -> Explanation:
    used, moment = facts.used, facts.moment
    lesson = used.is_lesson(moment)
    found = {sort: _find(places, used, sort, name) for sort in ("always", "lesson", "allow")}
    fitting = (n for n in used.addresses(lesson=lesson) if is_below(name, n))
    safe = max(fitting, key=len, default="")
    rules = [
        (len(entry.name), rank, sort, entry)
        for rank, (sort, entry) in enumerate(found.items())
        if entry is not None and (sort != "lesson" or lesson)
    ]
    if safe:
        rules.append((len(safe), len(found), "safe-search", Blocked(safe, "")))
    until = LessonTime.parse(used.lesson_time).next_change(moment.local) if moment.is_known else None
    changes = found["lesson"] is not None and found["always"] is None and found["allow"] is None
    times: dict[str, Any] = {
        "in_lesson": lesson,
        "lesson_rule": changes and not lesson,
        "until": until if changes else None,
        "clock_known": moment.is_known,
    }
    if not rules:
        return Explanation(name, "open", "", **times)
    _, _, sort, entry = max(rules, key=lambda rule: rule[:2])
    if sort == "safe-search":
        answer = str(used.addresses(lesson=lesson)[entry.name])
        return Explanation(name, "safe-search", answer, entry.name, sort, **times)
    if sort == "allow":
        return Explanation(name, "allowed", "", entry.name, sort, **times)
    category = category_of(entry.letter)
    return Explanation(name, "blocked", str(BLOCKED), entry.name, sort, category, **times)


def _find(places: NetworkPaths, used: Filter, sort: str, name: str) -> Blocked | None:
    sha256 = used.files.get(sort)
    return find_blocked(places.names_file(sort, sha256), name) if sha256 else None
