"""How a rollout goes on by what hubs reported: tables of the rules, without files, clocks or hubs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning.central.fleet import Assignment, Hub, Published
from provisioning.central.rollouts.model import HubFacts, Member, Rollout, Seen
from provisioning.central.rollouts.rules import advance, is_late, is_stuck, judge, make_course, refresh
from provisioning.central.rollouts.stages import parse_stages, place_hubs
from provisioning.central.wanted import list_wanted, resolve

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LONG_AGO, TOLD, LATER = "2026-01-01T00:00:00+00:00", "2026-11-20T12:00:00+00:00", "2026-11-21T12:00:00+00:00"
NOT_YET = "2026-11-22T12:00:00+00:00"
EARLIER = "2026-11-19T12:00:00+00:00"


def hub(number=1, ring="all", enrolled_at=LONG_AGO, revoked_at=None):
    return Hub(f"h-{number}", f"Школа {number}", ring, "key", enrolled_at, revoked_at)


def member(number=1, stage=0, before=2, reached_at=TOLD, **values):
    return Member(1, f"h-{number}", LONG_AGO, stage, before, reached_at, **values)


def rollout(stages="pilot,all", **values):
    usual = {"started_at": TOLD, "stage_at": TOLD, "changed_at": TOLD, "wait_s": 7 * 86400} | values
    return Rollout(1, "maths", 3, 2, parse_stages(stages), **usual)


def heard(**values):
    return HubFacts(hub(), seen=Seen(**{"packs_at": LATER, "sync_at": LATER, "have": 2} | values))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (heard(have=3), ("ok", "")),
        (heard(have=3, fault="hash-mismatch"), ("ok", "")),
        (heard(is_known=True, is_coming=True), ("fetching", "")),
        (heard(is_known=True), ("fetching", "")),
        (heard(), ("waiting-for-contact", "")),  # it reported before it learnt of the version
        (heard(packs_at=EARLIER, have=3), ("waiting-for-contact", "")),  # an old state, by stick
        (heard(packs_at=EARLIER, sync_at=EARLIER, fault="hash-mismatch"), ("waiting-for-contact", "")),
        (heard(packs_at="", sync_at=""), ("waiting-for-contact", "")),
        (heard(is_known=True, fault="hash-mismatch"), ("failed", "hash-mismatch")),
        (heard(packs_at=EARLIER, fault="bad-index"), ("failed", "bad-index")),
        (heard(is_known=True, sync_at=EARLIER, fault="bad-index"), ("fetching", "")),
        (heard(is_known=True, needs_space=True, fault="disk-full"), ("skipped", "needs-space")),
        (heard(is_known=True, fault="disk-full"), ("skipped", "needs-space")),
        (heard(is_known=True, is_put_back=True), ("failed", "put-back")),
        (None, ("skipped", "revoked")),
        (HubFacts(hub(enrolled_at=LATER), seen=Seen(packs_at=LATER, have=3)), ("skipped", "revoked")),
        (HubFacts(hub(), "pinned"), ("skipped", "pinned")),
        (HubFacts(hub(), "unassigned"), ("skipped", "unassigned")),
    ],
)
def test_a_hub_stands_as_its_reports_say(facts, expected):
    assert judge(member(), facts, version=3, kind="web") == expected


def test_a_hub_that_was_not_reached_is_pending_whatever_it_says():
    assert judge(member(reached_at=None), heard(have=3), version=3, kind="web") == ("pending", "")


def test_a_hub_that_shall_have_had_it_before_need_not_say_so_again():
    assert judge(member(before=3), heard(packs_at=EARLIER, have=3), version=3, kind="web") == ("ok", "")


@pytest.mark.parametrize("kind", ["software", "image"])
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"have": 3}, ("fetching", "not-tried-yet")),  # there is not yet running
        ({"have": 3, "update": "waiting"}, ("fetching", "waiting")),
        ({"have": 3, "update": "trying"}, ("fetching", "trying")),
        ({"have": 3, "update": "good"}, ("ok", "")),
        ({"have": 3, "update": "failed", "update_why": "no DNS"}, ("failed", "no DNS")),
        ({"have": 3, "update": "refused", "update_why": "for aarch64"}, ("skipped", "for aarch64")),
        (
            {"have": 3, "packs_at": EARLIER, "update_at": EARLIER, "update": "failed"},
            ("failed", "update-failed"),
        ),
        ({"is_known": True, "fault": "hash-mismatch"}, ("failed", "hash-mismatch")),
    ],
)
def test_an_update_of_the_hub_itself_is_ok_only_where_it_runs_well(kind, seen, expected):
    facts = heard(**{"update_at": LATER} | seen)
    assert judge(member(), facts, version=3, kind=kind) == expected


# --- stages ---


def fleet_of(*states):
    """Return hubs of two stages, h-1 and h-2 in the first, and what is known of them."""
    seen = {
        "ok": heard(have=3),
        "failed": heard(is_known=True, fault="bad-index"),
        "skipped": heard(is_known=True, needs_space=True),
        "fetching": heard(is_known=True, is_coming=True),
        "silent": HubFacts(hub()),
        "revoked": None,
    }
    members, facts = [], {}
    for number, state in enumerate(states, 1):
        is_first = number <= 2
        members.append(member(number, stage=0 if is_first else 1, reached_at=TOLD if is_first else None))
        known = seen[state]
        if known is not None:
            facts[f"h-{number}"] = replace(known, hub=hub(number))
    return members, facts


def go(states, *, now=NOW, kind="web", is_on_offer=True, **values):
    members, facts = fleet_of(*states)
    return advance(rollout(**values), members, facts, kind=kind, is_on_offer=is_on_offer, now=now)


@pytest.mark.parametrize(
    ("states", "values", "expected"),
    [
        (["ok", "ok", "silent"], {}, ("running", "", 1)),
        (["ok", "skipped", "silent"], {}, ("running", "", 1)),
        (["ok", "revoked", "silent"], {}, ("running", "", 1)),
        (["ok", "fetching", "silent"], {"stage_at": LATER}, ("running", "", 1)),  # 7 days, half of them
        (["ok", "fetching", "silent"], {"stage_at": LATER, "wait_s": 0}, ("running", "", 0)),
        (["ok", "fetching", "silent"], {"stage_at": LATER, "enough": 51}, ("running", "", 0)),
        (["ok", "fetching", "silent"], {"wait_s": 30 * 86400}, ("running", "", 0)),
        (
            ["ok", "ok", "silent"],
            {"at_least_s": 30 * 86400},
            ("running", "", 0),
        ),  # somebody looks at it first
        (["ok", "ok", "silent"], {"at_least_s": 86400}, ("running", "", 1)),
        (["failed", "ok", "silent"], {"at_least_s": 30 * 86400}, ("paused", "failures", 0)),  # at once
        (["ok", "silent", "silent"], {"enough": 90}, ("running", "", 1)),  # never heard from: not counted
        (["ok", "silent", "silent"], {"enough": 90, "stage_at": NOT_YET}, ("running", "", 0)),
        (["ok", "silent", "silent"], {"wait_s": 0}, ("running", "", 0)),
        (["silent", "silent", "silent"], {}, ("running", "", 0)),  # a week of silence is no success
        (["ok", "failed", "silent"], {}, ("paused", "failures", 0)),
        (["ok", "failed", "silent"], {"max_fail": 2}, ("running", "", 1)),
        (["failed", "failed", "silent"], {"max_fail": 2}, ("paused", "failures", 0)),
        (["failed", "skipped", "silent"], {"max_fail": 2}, ("paused", "nobody-ok", 0)),
        (["skipped", "skipped", "silent"], {}, ("paused", "nobody-ok", 0)),
        (["revoked", "revoked", "silent"], {}, ("paused", "nobody-ok", 0)),
        (["ok", "ok"], {}, ("finished", "", 1)),  # an empty stage holds nobody up
        (["ok", "ok", "silent"], {"state": "paused", "reason": "asked"}, ("paused", "asked", 0)),
        (["ok", "ok", "silent"], {"state": "aborted", "reason": "asked"}, ("aborted", "asked", 0)),
        (["ok", "ok", "ok"], {"stages": "all,pilot"}, ("running", "", 1)),
    ],
)
def test_stages_begin_and_stop(states, values, expected):
    found = go(states, **values).rollout
    assert (found.state, found.reason, found.stage) == expected


def test_a_stage_that_begins_tells_its_hubs_and_judges_them_at_once():
    decision = go(["ok", "ok", "silent", "revoked"])
    states = {each.hub_id: (each.state, each.reached_at is not None) for each in decision.members}
    assert states["h-3"] == ("waiting-for-contact", True)
    assert states["h-4"] == ("skipped", True)
    [told] = decision.told
    assert (told.event, told.stage, told.hubs) == ("stage-began", "all", ("h-3", "h-4"))


def test_the_last_stage_ends_when_nothing_is_awaited_of_anybody():
    members = [member(1), member(2), member(3, stage=1)]
    facts = {f"h-{n}": replace(heard(have=3), hub=hub(n)) for n in (1, 3)}
    facts["h-2"] = HubFacts(hub(2))

    def at(days):
        now = datetime.fromisoformat(TOLD) + timedelta(days=days)
        return advance(rollout(stage=1), members, facts, kind="web", is_on_offer=True, now=now).rollout.state

    assert (at(1), at(8)) == ("running", "finished")  # h-2 of the first stage is still silent


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_withdrawn_version_ends_its_rollout(state):
    decision = go(["ok", "ok", "silent"], is_on_offer=False, state=state)
    assert (decision.rollout.state, decision.rollout.reason) == ("aborted", "withdrawn")
    assert [(told.event, told.reason) for told in decision.told] == [("ended", "withdrawn")]


def test_what_somebody_accepted_does_not_stop_it_again_but_more_of_it_does():
    members, facts = fleet_of("failed", "failed", "silent")
    seen_one = [replace(members[0], accepted=True), *members[1:]]
    seen_both = [replace(one, accepted=True) for one in members[:2]] + members[2:]

    def state(these):
        decided = advance(rollout(), these, facts, kind="web", is_on_offer=True, now=NOW)
        return decided.rollout.state, decided.rollout.stage

    assert state(seen_one) == ("paused", 0)
    assert state(seen_both) == ("running", 1)


def test_since_tells_when_a_state_began():
    first = go(["fetching", "silent"]).members[0]
    again = advance(
        rollout(),
        [first],
        {"h-1": heard(is_known=True)},
        kind="web",
        is_on_offer=True,
        now=NOW + timedelta(1),
    ).members[0]
    assert (again.state, again.since) == ("fetching", first.since)


@pytest.mark.parametrize(
    ("deadline", "state", "late"),
    [
        (None, "running", False),
        ("2026-11-28", "running", False),
        ("2026-11-27", "running", True),
        ("2026-11-27", "paused", True),
        ("2026-11-27", "finished", False),
    ],
)
def test_a_deadline_is_over_at_the_end_of_its_day(deadline, state, late):
    assert is_late(rollout(deadline=deadline, state=state), NOW) is late


# --- who takes part ---


@pytest.mark.parametrize(
    ("hubs", "expected"),
    [
        ([hub(1, "pilot"), hub(2)], {"h-1": (0, True), "h-2": (1, False)}),
        ([hub(1, "pilot"), hub(2, "pilot")], {"h-1": (0, True), "h-2": (0, True)}),  # moved: reached at once
        ([hub(1), hub(2)], {"h-1": (0, True), "h-2": (1, False)}),  # moved away: nobody is taken back
        ([hub(1, "pilot"), hub(2), hub(3)], {"h-1": (0, True), "h-2": (1, False), "h-3": (1, False)}),
        ([hub(1, "pilot", revoked_at=LATER), hub(2)], {"h-1": (0, True), "h-2": (1, False)}),
        ([hub(1, enrolled_at=LATER), hub(2)], {"h-1": (1, False), "h-2": (1, False)}),  # it begins anew
        ([hub(1, "pilot", enrolled_at=LATER), hub(2)], {"h-1": (0, True), "h-2": (1, False)}),
    ],
)
def test_who_is_enrolled_anew_or_moved_takes_part_where_its_ring_does(hubs, expected):
    members = refresh(rollout(), [member(1), member(2, stage=1, reached_at=None)], hubs, now=NOW)
    assert {m.hub_id: (m.stage, m.reached_at is not None) for m in members} == expected
    for one in members:
        is_same = next(h for h in hubs if h.hub_id == one.hub_id).enrolled_at == LONG_AGO
        assert (one.enrolled_at == LONG_AGO) is is_same


def test_who_was_only_picked_leaves_with_the_ring():
    picked = member(1, stage=0, reached_at=None)
    assert refresh(rollout("pilot:3"), [picked], [hub(1, "wave-1")], now=NOW) == []


# --- which version that makes ---

PACKS = [
    Published("maths", version, "web", "T", "uk", "0" * 64, 1, "0" * 64, 1, 1, 1, "2026")
    for version in (1, 2, 3)
]
ALL = Assignment("ring", "all", "maths", None)


def chosen(state, which, *, packs=PACKS, assignments=(ALL,), said="ok", **values):
    reached, later, new = hub(1, "pilot"), hub(2), hub(3)
    members = [member(1, state=said), member(2, stage=1, reached_at=None)]
    course = make_course(rollout(state=state, **values), members)
    whom = {"reached": reached, "later": later, "new": new, "anew": replace(reached, enrolled_at=LATER)}[
        which
    ]
    return resolve(whom, assignments, packs, {"maths": course}).get("maths")


@pytest.mark.parametrize(
    ("state", "reached", "later", "new", "anew"),
    [
        ("running", 3, 2, 2, 3),  # enrolled anew into the pilot ring, which has it
        ("paused", 3, 2, 2, 3),
        ("aborted", 3, 2, 2, 2),
        ("rolled-back", 2, 2, 2, 2),
        ("finished", 3, 3, 3, 3),
    ],
)
def test_versions_follow_the_rollout(state, reached, later, new, anew):
    found = [chosen(state, which) for which in ("reached", "later", "new", "anew")]
    assert found == [reached, later, new, anew]


@pytest.mark.parametrize("said", ["waiting-for-contact", "fetching", "failed", "skipped"])
def test_after_an_abort_nobody_is_given_it_who_did_not_say_that_it_has_it(said):
    assert chosen("aborted", "reached", said=said) == 2
    assert chosen("running", "reached", said=said) == 3


def test_a_newer_version_that_is_published_meanwhile_waits_for_a_rollout_of_its_own():
    newer = [*PACKS, replace(PACKS[0], version=4)]
    for state in ("running", "finished", "aborted"):
        assert chosen(state, "reached", packs=newer) == 3


@pytest.mark.parametrize(
    ("gone", "which", "expected"),
    [
        ((3,), "reached", 2),
        ((3,), "later", 2),
        ((2,), "reached", 3),
        ((2,), "later", 1),  # never the one that it is not to have yet
        ((2, 3), "reached", 1),
        ((1, 2), "later", None),
        ((1, 2), "new", None),
    ],
)
def test_what_is_withdrawn_meanwhile_gives_way_to_an_older_one(gone, which, expected):
    left = [pack for pack in PACKS if pack.version not in gone]
    assert chosen("running", which, packs=left) == expected


def test_a_pack_that_hubs_did_not_have_before_comes_with_its_stage_and_goes_with_a_rollback():
    members = [member(1, before=None), member(2, stage=1, before=None, reached_at=None)]
    for state, expected in (("running", [3, None]), ("rolled-back", [None, None]), ("finished", [3, 3])):
        course = make_course(replace(rollout(state=state), base=None), members)
        found = [resolve(hub(n), [ALL], PACKS, {"maths": course}).get("maths") for n in (1, 2)]
        assert found == expected


@pytest.mark.parametrize(
    "pin", [Assignment("hub", "h-1", "maths", 1), Assignment("ring", "pilot", "maths", 1)]
)
def test_an_assignment_that_names_a_version_goes_before_a_rollout(pin):
    assert chosen("running", "reached", assignments=(ALL, pin)) == 1
    assert chosen("finished", "later", assignments=(ALL, pin)) == 3


def test_two_thousand_hubs_are_decided_in_a_moment():  # a rule that looks at pairs ends in the timeout
    hubs = [hub(n, "pilot" if n < 50 else f"wave-{n % 5}") for n in range(2000)]
    stages = "pilot:10,10%,50%,all"
    placed = place_hubs(parse_stages(stages), hubs, seed="maths@3")
    members = [
        Member(1, h.hub_id, LONG_AGO, placed[h.hub_id], 2, TOLD if placed[h.hub_id] == 0 else None)
        for h in hubs
    ]
    facts = {h.hub_id: replace(heard(have=3), hub=h) for h in hubs}
    plan, at = rollout(stages), NOW
    for _ in range(4):
        at += timedelta(hours=1)
        fresh = {
            hub_id: replace(f, seen=replace(f.seen, packs_at=at.isoformat())) for hub_id, f in facts.items()
        }
        members = refresh(plan, members, hubs, now=at)
        decision = advance(plan, members, fresh, kind="web", is_on_offer=True, now=at)
        plan, members = decision.rollout, decision.members
    wanted = list_wanted(PACKS, hubs, [ALL], {"maths": make_course(plan, members)})
    assert (plan.state, {packs["maths"] for packs in wanted.by_hub.values()}) == ("finished", {3})


@pytest.mark.parametrize(
    ("values", "days", "expected"),
    [
        ({}, 7, False),
        ({}, 9, True),
        ({"at_least_s": 30 * 86400}, 9, False),
        ({"wait_s": 0}, 9, False),
        ({"wait_s": 0}, 32, True),
        ({"state": "paused"}, 99, False),
        ({"state": "finished"}, 99, False),
    ],
)
def test_a_stage_that_does_not_end_is_told(values, days, expected):
    began = datetime.fromisoformat(TOLD)
    assert is_stuck(rollout(**values), began + timedelta(days=days)) is expected
