"""What is wrong, by what a hub reported, and what is told to do about it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import hub
from hub.events import DroppedBody, UpdateBody
from hub.network.state import WARNINGS
from provisioning.central.fleet import Hub
from provisioning.central.fleetview.findings import FINDINGS
from provisioning.central.fleetview.mutes import EVERY_HUB, Mute
from provisioning.central.fleetview.view import look_at
from provisioning.central.overview import PackState
from provisioning.central.reports import Note
from provisioning.central.tallies import Failure
from support.known_schools import DAILY, DAY, HEALTH, heard, known
from support.office import NOW
from support.reporting import told

GB = 10**9
HEALTHY = (
    HEALTH,
    replace(HEALTH, findings={"sync": "attention", "search": "note", "packs": "attention"}),
    replace(HEALTH, card_written_bytes=249 * HEALTH.total_bytes),
    replace(HEALTH, temperature_c=79.0, throttled="0x0", card_errors=0),
)
SICK = [
    ("disk-full", "soon", replace(HEALTH, free_bytes=GB)),
    ("overheating", "soon", replace(HEALTH, temperature_c=80.0)),
    ("under-voltage", "soon", replace(HEALTH, throttled="0x1")),
    ("under-voltage", "soon", replace(HEALTH, throttled="0x50000")),
    ("under-voltage", "soon", replace(HEALTH, findings={"power": "attention"})),
    ("card-worn", "info", replace(HEALTH, card_written_bytes=250 * HEALTH.total_bytes)),
    ("card-errors", "urgent", replace(HEALTH, card_errors=3)),
    ("card-dead", "urgent", replace(HEALTH, findings={"data-lost": "broken"})),
    ("clock-wrong", "info", replace(HEALTH, clock=(NOW - 9 * DAY).isoformat())),
    ("clock-wrong", "info", replace(HEALTH, clock="2099-01-01T00:00:00+00:00")),
    ("clock-wrong", "info", replace(HEALTH, clock="yesterday")),
    ("filter-missing", "urgent", replace(HEALTH, findings={"network-no-filter": "attention"})),
    ("hub-weather", "soon", replace(HEALTH, findings={"weather": "attention"})),
    ("update-failed", "soon", UpdateBody("1", {"hub-software@7": "failed"}, {"hub-software@7": "no room"})),
    ("sync-failed", "soon", replace(told("the disk refuses"), result="disk-full")),
    ("reports-dropped", "info", DroppedBody({"sync": 4})),
]


@pytest.mark.parametrize("health", HEALTHY)
def test_a_healthy_hub_is_told_nothing_of(health):
    assert look_at(known(newest=heard(health)), now=NOW).reasons == ()


@pytest.mark.parametrize(("code", "level", "body"), SICK)
def test_what_is_wrong_is_told_with_what_to_do(code, level, body):
    [alert] = look_at(known(newest=heard(body)), now=NOW).reasons
    assert (alert.code, alert.level) == (code, level)
    assert alert.said
    assert alert.advice
    assert "%" not in alert.said + alert.advice


@pytest.mark.parametrize("result", ["ok", "link-down", "link-timeout", "interrupted", "depot-busy"])
def test_a_link_that_breaks_is_nobodys_fault(result):
    assert look_at(known(newest=heard(replace(told("x"), result=result))), now=NOW).reasons == ()


def test_the_words_of_the_office_are_for_checks_that_hubs_make():
    """A check that nobody here has met is told by its code."""
    made = "".join(path.read_text() for path in Path(hub.__file__).parent.rglob("*.py"))
    made += "".join(f'"network-{code}"' for code in WARNINGS)
    assert [code for code in FINDINGS if f'"{code}"' not in made] == []


FAILURE = Failure("maths", 2, 3, "hash-mismatch", NOW.isoformat())
FAILS = [
    (FAILURE, PackState("maths", 2, 1, "waiting"), True),
    (replace(FAILURE, times=2), PackState("maths", 2, 1, "waiting"), False),  # once more, and it is told
    (FAILURE, PackState("maths", 2, 2, "current"), False),  # an old report came late
    (FAILURE, PackState("maths", 3, 1, "waiting"), False),  # the office has another by now
    (FAILURE, PackState("maths", None, 1, "extra"), False),
]


@pytest.mark.parametrize(("failure", "pack", "is_told"), FAILS)
def test_a_pack_that_fails_again_and_again_is_urgent_while_it_is_wanted(failure, pack, is_told):
    reasons = look_at(known(packs=[pack], failures=(failure,)), now=NOW).reasons
    assert [alert.code for alert in reasons] == (["pack-fails"] if is_told else [])


def test_a_copied_card_is_urgent_until_the_hub_is_enrolled_anew():
    note = Note((NOW - DAY).isoformat(), "two-cards", "stream x")
    assert look_at(known(notes=(note,)), now=NOW).reasons[0].level == "urgent"
    anew = Hub("h-1", "Кваси", "pilot", "key", NOW.isoformat())
    assert look_at(known(notes=(note,), hub=anew), now=NOW).reasons == ()


def test_what_takes_longer_than_a_month_is_a_case_for_a_stick():
    slow = known(bytes_left=60 * GB, bytes_a_day=GB)
    [alert] = look_at(slow, now=NOW).reasons
    assert alert.code == "too-slow"
    assert alert.said == "What is still to come, 60.0 GB, takes 60 d over its link."
    assert "central usb DEST --hub h-1" in alert.advice
    assert look_at(replace(slow, via="stick"), now=NOW).reasons == ()


WEAK = known(newest=heard(replace(HEALTH, throttled="0x1")), since={"under-voltage": (NOW - DAY).isoformat()})
MUTES = [  # code, hub, noted, until, is it quiet
    ("under-voltage", "h-1", NOW, None, True),
    ("under-voltage", EVERY_HUB, NOW, None, True),
    ("overheating", "h-1", NOW, None, False),
    ("under-voltage", "h-1", NOW - 2 * DAY, None, False),  # it was over since, and began anew
    ("under-voltage", "h-1", NOW - 2 * DAY, NOW + DAY, True),
    ("under-voltage", "h-1", NOW - 2 * DAY, NOW - DAY, False),
]


@pytest.mark.parametrize(("code", "hub_id", "at", "until", "is_quiet"), MUTES)
def test_what_is_known_is_quiet_until_a_day_or_until_it_begins_anew(code, hub_id, at, until, is_quiet):
    mute = Mute(code, hub_id, "", "cli:anna", "in the post", at.isoformat(), until and until.isoformat())
    view = look_at(replace(WEAK, mutes=(mute,)), now=NOW)
    assert (len(view.reasons), len(view.muted)) == ((0, 1) if is_quiet else (1, 0))
    assert view.state == ("ok" if is_quiet else "attention")


def test_who_was_never_heard_from_is_no_trouble_for_a_fortnight():
    young = Hub("h-1", "Кваси", "pilot", "key", (NOW - timedelta(days=3)).isoformat())
    [alert] = look_at(known(contacts=(), newest={}, hub=young), now=NOW).reasons
    assert (alert.code, alert.level) == ("never", "info")
    [alert] = look_at(known(contacts=(), newest={}), now=NOW).reasons
    assert (alert.code, alert.level) == ("never", "soon")


def test_values_may_hold_anything():
    hostile = UpdateBody("1", {"%(x)s@1": "failed"}, {"%(x)s@1": "100 % <b>"})
    [alert] = look_at(known(newest=heard(hostile), contacts=DAILY), now=NOW).reasons
    assert alert.said == "The hub's own update %(x)s@1 did not work: 100 % <b>"


def test_each_pack_that_fails_is_told():
    names = ("maths", "reader")
    failures = tuple(Failure(name, 2, 3, "bad-index", NOW.isoformat()) for name in names)
    packs = [PackState(name, 2, 1, "waiting") for name in names]
    updates = UpdateBody("1", {"hub-software@7": "failed", "hub-image@3": "refused"}, {})
    reasons = look_at(known(packs=packs, failures=failures, newest=heard(updates)), now=NOW).reasons
    about = sorted((alert.code, *alert.subjects) for alert in reasons)
    fails = [("pack-fails", "maths@2"), ("pack-fails", "reader@2")]
    assert about == [*fails, ("update-failed", "hub-image@3"), ("update-failed", "hub-software@7")]


SUBJECTS = [  # what somebody knows of, and what is still heard
    ([("pack-fails", "maths@2")], ["needs-space", "pack-fails"]),
    ([("pack-fails", "maths@2"), ("pack-fails", "reader@2")], ["needs-space"]),
    ([("pack-fails", "*")], ["needs-space"]),
    ([("pack-fails", "maths@1"), ("pack-fails", "")], ["needs-space", "pack-fails", "pack-fails"]),
    ([("needs-space", "atlas@1")], ["needs-space", "pack-fails", "pack-fails"]),
    ([("needs-space", "atlas@1"), ("needs-space", "film@1")], ["pack-fails", "pack-fails"]),
]


@pytest.mark.parametrize(("known_of", "heard_of"), SUBJECTS)
def test_another_pack_with_a_trouble_that_is_known_is_heard(known_of, heard_of):
    packs = [PackState(name, 2, 1, "waiting") for name in ("maths", "reader")]
    packs += [PackState(name, 1, None, "needs-space") for name in ("atlas", "film")]
    failures = tuple(Failure(name, 2, 3, "bad-index", NOW.isoformat()) for name in ("maths", "reader"))
    mutes = tuple(Mute(code, "h-1", about, "cli:anna", "", NOW.isoformat(), None) for code, about in known_of)
    view = look_at(known(packs=packs, failures=failures, mutes=mutes), now=NOW)
    assert sorted(alert.code for alert in view.reasons) == heard_of
