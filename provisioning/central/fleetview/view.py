"""One school as the office sees it: how it is, why, and what is still to come. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from provisioning.central.fleet import Hub
from provisioning.central.fleetview.alert import LEVELS, Alert
from provisioning.central.fleetview.known import Known
from provisioning.central.fleetview.rhythm import Rhythm, learn
from provisioning.central.fleetview.signs import list_signs
from provisioning.central.overview import PackState
from provisioning.central.reports import Note, Way

State = Literal["ok", "attention", "overdue", "waiting", "never"]
_WORST: tuple[State, ...] = ("overdue", "attention", "never", "waiting", "ok")
_STICK_AFTER = timedelta(days=30)  # a stick a month is what a school is visited for anyway
_NEW = timedelta(days=14)  # a card may lie in the post for so long


@dataclass(frozen=True, slots=True)
class SchoolView:
    """One school. `state` is what to think of it, `reasons` are the alerts that say why, the worst first.

    `waiting`: nothing is wrong, and it is to come into contact for what it lacks. `overdue`: it should
    have, by its own habit. Times are ISO 8601, UTC.
    """

    hub: Hub
    state: State
    reasons: tuple[Alert, ...]
    muted: tuple[Alert, ...]  # those that somebody has taken note of
    heard_at: str | None  # by the office's clock
    said_at: str | None  # the same by the hub's clock, which may be wrong
    via: Way | None
    usual_gap_s: int | None  # between contacts; None: too few to tell
    expected_at: str | None  # the next contact, by its own habit
    overdue_at: str | None
    packs: tuple[PackState, ...]
    bytes_left: int  # to fetch, at most
    eta_s: int | None  # at the school's own pace; None: nobody can tell, or nothing is left
    disk: tuple[int, int] | None  # bytes: free, total
    software: str
    use_7d: int | None  # opened pages and files of packs in the last 7 days that were told of
    silent_s: int | None  # since it was heard from
    last_sync: Mapping[str, Any] | None  # the body of the newest event
    health: Mapping[str, Any] | None
    oddities: tuple[Note, ...]  # of what it sent: refused, contradicting, by two machines

    @property
    def ring(self) -> str:
        """The ring that the hub belongs to."""
        return self.hub.ring

    @property
    def link(self) -> str:
        """What its link is: "folder" where its depot is a folder that it sees itself, else "link"."""
        return "folder" if (self.last_sync or {}).get("road") == "folder" else "link"

    def way(self, via: Way | None) -> str | None:
        """Return how a contact came, as people are told: by a link, a folder or a stick."""
        return self.link if via == "link" else via

    @property
    def packs_current(self) -> int:
        """How many of the packs that it shall have are there as they shall be."""
        return sum(pack.state == "current" for pack in self.packs)

    @property
    def packs_wanted(self) -> int:
        """How many packs it shall have."""
        return sum(pack.want is not None for pack in self.packs)

    @property
    def needs_action(self) -> bool:
        """Whether somebody in the office has to do something."""
        return any(alert.level != "info" for alert in self.reasons)


def look_at(known: Known, *, now: datetime) -> SchoolView:
    """Return how a school is, by what is known of it; `now` is up to when reports were taken in."""
    rhythm = learn(known.contacts, way=known.via or "link", now=now)
    eta = _eta(known, rhythm, now)
    found = {  # a fault that two looks find is one
        (alert.code, alert.subjects): replace(alert, since=alert.since or known.since.get(alert.code, ""))
        for alert in (*_of_contact(known, rhythm, now), *list_signs(known, now=now), *_of_pace(known, eta))
    }
    every = sorted(found.values(), key=lambda alert: (LEVELS.index(alert.level), alert.code))
    muted = [alert for alert in every if _is_muted(known, alert, now)]
    alerts = [alert for alert in every if alert not in muted]
    health = known.body("health")
    return SchoolView(
        hub=known.hub,
        state=_state(known, rhythm, alerts, now),
        reasons=tuple(alerts),
        muted=tuple(muted),
        heard_at=_iso(rhythm.heard_at) if rhythm else None,
        said_at=_said_at(known),
        via=known.via,
        usual_gap_s=int(rhythm.usual_gap.total_seconds()) if rhythm and rhythm.usual_gap else None,
        expected_at=_iso(rhythm.expected_at) if rhythm else None,
        overdue_at=_iso(rhythm.overdue_at) if rhythm else None,
        packs=known.packs,
        bytes_left=known.bytes_left,
        eta_s=int(eta.total_seconds()) if eta is not None else None,
        disk=(health["free_bytes"], health["total_bytes"]) if health else None,
        software=health["software"] if health else "",
        use_7d=known.opens_7d,
        silent_s=int((now - rhythm.heard_at).total_seconds()) if rhythm else None,
        last_sync=known.body("sync"),
        health=health,
        oddities=known.notes,
    )


def rank(view: SchoolView) -> tuple[object, ...]:
    """Return a key by which the worst school comes first."""
    worst = min((LEVELS.index(alert.level) for alert in view.reasons), default=len(LEVELS))
    is_urgent = worst == 0
    return (
        not is_urgent,
        _WORST.index(view.state),
        worst,
        -len(view.reasons),
        view.hub.school,
        view.hub.hub_id,
    )


def _state(known: Known, rhythm: Rhythm | None, alerts: list[Alert], now: datetime) -> State:
    if rhythm is None:
        return "never"
    if now > rhythm.overdue_at:
        return "overdue"
    if any(alert.level != "info" for alert in alerts):
        return "attention"
    lacks = any(pack.state not in ("current", "extra") for pack in known.packs)
    return "waiting" if lacks else "ok"


def _of_contact(known: Known, rhythm: Rhythm | None, now: datetime) -> list[Alert]:
    if rhythm is None:
        enrolled_at = datetime.fromisoformat(known.hub.enrolled_at)
        level: Literal["soon", "info"] = "soon" if now - enrolled_at > _NEW else "info"
        return [
            Alert(
                "never",
                level,
                "The school has not been heard from yet.",
                hint="Ask whether its hub is switched on and has a link; a stick works as well.",
                since=known.hub.enrolled_at,
            )
        ]
    if now <= rhythm.overdue_at:
        return []
    values = {"silent_s": int((now - rhythm.heard_at).total_seconds())}
    text = "Not heard from for %(silent_s)s."
    if rhythm.usual_gap is not None:
        text = "Not heard from for %(silent_s)s; usually every %(usual_s)s."
        values["usual_s"] = int(rhythm.usual_gap.total_seconds())
    hint = "Call the school: is the hub on, does its link work? A stick works as well."
    return [Alert("overdue", "soon", text, values, hint, _iso(rhythm.overdue_at))]


def _of_pace(known: Known, eta: timedelta | None) -> list[Alert]:
    if eta is None or known.via == "stick" or eta <= _STICK_AFTER:
        return []
    values = {"left_bytes": known.bytes_left, "eta_s": int(eta.total_seconds())}
    hint = "Bring a stick: `central usb DEST --hub %(hub)s` writes it."
    return [
        Alert(
            "too-slow",
            "soon",
            "What is still to come, %(left_bytes)s, takes %(eta_s)s over its link.",
            {**values, "hub": known.hub.hub_id},
            hint,
        )
    ]


def _is_muted(known: Known, alert: Alert, now: datetime) -> bool:
    """Tell whether somebody knows all of it: another pack with the same trouble is news."""
    return all(
        any(mute.covers(alert.code, about, alert.since, now=now) for mute in known.mutes)
        for about in alert.subjects
    )


def _eta(known: Known, rhythm: Rhythm | None, now: datetime) -> timedelta | None:
    """Return how long what is left takes: a stick brings all of it, a link so much a day."""
    if not known.bytes_left or rhythm is None:
        return None
    if known.via == "stick":
        return max(rhythm.expected_at - now, timedelta(0))
    return timedelta(days=known.bytes_left / known.bytes_a_day) if known.bytes_a_day else None


def _said_at(known: Known) -> str | None:
    """Return when the newest event happened by the hub's clock, of those that were taken in last."""
    newest = max(known.newest.values(), key=lambda heard: (heard.received_at, heard.event.seq), default=None)
    return newest.event.at if newest is not None else None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
