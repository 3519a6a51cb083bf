"""Rollouts in a real installation: what the depot says to whom. No hubs, only their words."""

import shutil
from datetime import timedelta

import pytest

from content_packs.built import open_built
from content_packs.durable import locked
from content_packs.errors import BusyError, UsageError
from provisioning.central import gc, rings
from provisioning.central.assign import parse_spec
from provisioning.central.enrol import give_up_card
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.central import read_office_alerts
from provisioning.central.publish import publish
from provisioning.central.release import change, read_wanted
from provisioning.central.reports import open_reports
from provisioning.central.rollouts import control
from provisioning.central.rollouts.seen import see
from provisioning.central.rollouts.stages import parse_stages
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.rollouts.view import list_rollouts, read_rollout
from provisioning.central.rollouts.work import Rules, edit_rollouts, go_on, start, start_all, tick
from support.hubs_say import packs, say, synced, updated
from support.office import HubTrust, OfficeAtWork, new_key

RINGS = {"h-1": "pilot", "h-2": "pilot", "h-3": "wave-1", "h-4": "all", "h-5": "all"}


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """Five schools that have maths v1; v2 is built and not published."""
    work = OfficeAtWork.found(tmp_path_factory.mktemp("office") / "central")
    work.publish(work.build("maths", 1))
    for hub_id, ring in RINGS.items():
        work.enrol(hub_id, ring=ring)
    work.assign("maths", ring="all")
    work.build("maths", 2)
    return work


@pytest.fixture
def work(first_day, tmp_path):
    (tmp_path / "built").symlink_to(first_day.office.dir.parent / "built")
    return first_day.copy(tmp_path / "central")


def built(work, version, pack_id="maths"):
    folder = work.office.dir.parent / "built" / pack_id / f"built-{version}"
    return open_built(folder) if folder.exists() else work.build(pack_id, version)


def publish_with(work, version=2, stages="pilot,wave-1,all", **rules):
    def edit(fleet):
        before = read_wanted(fleet)
        outcome = publish(work.office, fleet, [built(work, version)], now=work.now)
        start_all(fleet, outcome.published, parse_stages(stages), Rules(**rules), before=before, now=work.now)

    return change(work.office, edit, doing="publish", now=work.now)[1]


def begin(work, spec, stages, **rules):
    return do(
        work,
        lambda fleet, _: start(fleet, parse_spec(spec), parse_stages(stages), Rules(**rules), now=work.now),
    )


def do(work, edit, **options):
    return edit_rollouts(work.office, edit, now=work.now, **options)


def shall_have(work, pack_id="maths"):
    with open_fleet(work.office.fleet_db) as fleet:
        return {hub_id: have.get(pack_id) for hub_id, have in read_wanted(fleet).by_hub.items()}


def hears(work, **said):
    """Let hubs say what they have, by number, and the office take it in."""
    work.now += timedelta(hours=1)
    for hub, bodies in said.items():
        say(work.office, hub.replace("_", "-"), *bodies, now=work.now)
    return go_on(work.office, now=work.now)[0]


HAS_2 = (synced(), packs({"maths": 2}))
FAILS = (synced({"maths@2": "hash-mismatch"}), packs({"maths": 1}, want={"maths": 2}))


def abort(work, number=1, **options):
    return do(work, lambda fleet, reports: control.abort(fleet, reports, number, now=work.now), **options)[1]


def state(work, number=1):
    rollout = read_rollout(work.office, number, work.now).rollout
    return rollout.state, rollout.stage


def test_from_the_pilot_ring_to_everybody(work, tmp_path):
    changes = publish_with(work)
    assert {(c.hub_id, c.before, c.after) for c in changes} == {("h-1", 1, 2), ("h-2", 1, 2)}
    assert shall_have(work) == {"h-1": 2, "h-2": 2, "h-3": 1, "h-4": 1, "h-5": 1}
    assert hears(work, h_1=HAS_2) == []
    told = hears(work, h_2=HAS_2)
    assert [(t.event, t.stage, t.hubs) for t in told] == [("stage-began", "wave-1", ("h-3",))]
    shutil.rmtree(work.office.keys / "offline")  # what happens by itself needs no key of these
    assert [t.stage for t in hears(work, h_3=HAS_2)] == ["all"]
    offered = HubTrust(work.root_bytes, tmp_path / "trust", "h-5").offered(work.office.depot)
    assert offered == {"maths": 2}
    assert [t.event for t in hears(work, h_4=HAS_2, h_5=HAS_2)] == ["finished"]
    assert hears(work, h_4=FAILS) == []  # what has finished stays so
    view = read_rollout(work.office, 1, work.now)
    assert (view.rollout.state, view.counts["ok"], view.percent) == ("finished", 4, 100)


def test_a_failing_school_stops_it_and_a_new_version_mends_it(work):
    publish_with(work)
    assert [(t.event, t.reason, t.hubs) for t in hears(work, h_1=HAS_2, h_2=FAILS)] == [
        ("paused", "failures", ("h-2",))
    ]
    [stopped] = [alert for alert in read_office_alerts(work.office, work.now) if "rollout" in alert.code]
    assert (stopped.level, stopped.said) == (
        "urgent",
        "Rollout 1 of maths@2 stopped by itself: it failed at Школа.",
    )
    view = read_rollout(work.office, 1, work.now)
    assert [said.code for said in view.says] == ["rollout-paused", "rollout-failures"]
    assert view.hubs[0].hub_id == "h-2"  # what needs looking at comes first
    with pytest.raises(UsageError, match="rollout 1 of maths@2 is paused") as caught:
        publish_with(work, 3)
    assert "roll-back 1" in caught.value.hint
    abort(work)
    assert shall_have(work) == {"h-1": 2, "h-2": 1, "h-3": 1, "h-4": 1, "h-5": 1}
    publish_with(work, 3)
    has_3 = (synced(), packs({"maths": 3}))
    hears(work, h_1=has_3, h_2=has_3)
    hears(work, h_3=has_3)
    assert [t.event for t in hears(work, h_4=has_3, h_5=has_3)] == ["finished"]
    assert set(shall_have(work).values()) == {3}


def test_whoever_goes_on_after_a_failure_is_stopped_by_the_next_one_only(work):
    publish_with(work)
    hears(work, h_1=HAS_2, h_2=FAILS)
    (_, told), changes = do(work, lambda fleet, reports: control.resume(fleet, reports, 1, now=work.now))
    assert [t.stage for t in told] == ["wave-1"]
    assert [c.hub_id for c in changes] == ["h-3"]
    assert [t.event for t in hears(work, h_3=FAILS)] == ["paused"]


@pytest.mark.parametrize("when", ["running", "finished", "aborted"])
def test_rolling_back_gives_everybody_what_they_had_before(work, when):
    publish_with(work)
    if when == "finished":
        do(work, lambda fleet, _: control.finish(fleet, 1, now=work.now))
        assert set(shall_have(work).values()) == {2}
    if when == "aborted":
        hears(work, h_2=HAS_2)
        abort(work)
    had = shall_have(work)
    _, changes = do(work, lambda fleet, _: control.roll_back(fleet, 1, now=work.now), dry_run=True)
    assert {c.hub_id for c in changes} == {hub_id for hub_id, version in had.items() if version == 2}
    assert shall_have(work) == had
    do(work, lambda fleet, _: control.roll_back(fleet, 1, now=work.now))
    assert set(shall_have(work).values()) == {1}
    hears(work, h_1=(synced(), packs({"maths": 1})))
    view = read_rollout(work.office, 1, work.now)
    assert {h.state for h in view.hubs if h.hub_id == "h-1"} == {"ok"}
    assert "Rolled back: 1 of " in view.says[0].said
    with pytest.raises(UsageError, match="is rolled-back, expected"):
        do(work, lambda fleet, _: control.roll_back(fleet, 1, now=work.now))


def test_after_an_abort_who_said_that_it_has_it_keeps_it_and_nobody_fetches_it_any_more(work, tmp_path):
    publish_with(work)
    hears(work, h_1=HAS_2)
    assert [(c.hub_id, c.before, c.after) for c in abort(work, dry_run=True)] == [("h-2", 2, 1)]
    abort(work)
    assert shall_have(work) == {"h-1": 2, "h-2": 1, "h-3": 1, "h-4": 1, "h-5": 1}
    trust = HubTrust(work.root_bytes, tmp_path / "trust", "h-2")
    assert trust.offered(work.office.depot) == {"maths": 1}
    view = read_rollout(work.office, 1, work.now)
    assert view.says[0].said == "Aborted: 1 of 5 schools have it and keep it; nobody else gets it."
    assert {h.hub_id: (h.state, h.reason) for h in view.hubs if h.stage == "pilot"} == {
        "h-1": ("ok", ""),
        "h-2": ("skipped", "aborted"),
    }
    hears(work, h_2=(synced(), packs({"maths": 1})))
    assert shall_have(work)["h-2"] == 1
    begin(work, "maths@2", "pilot,all")  # the same one again, where nothing was wrong with it
    assert shall_have(work) == {"h-1": 2, "h-2": 2, "h-3": 1, "h-4": 1, "h-5": 1}


def test_a_school_whose_report_was_on_its_way_when_it_was_aborted_keeps_the_version(work):
    publish_with(work)
    abort(work)
    hears(work, h_1=HAS_2)
    assert shall_have(work) == {"h-1": 2, "h-2": 1, "h-3": 1, "h-4": 1, "h-5": 1}
    assert state(work) == ("aborted", 0)
    hears(work, h_2=FAILS)
    assert shall_have(work)["h-2"] == 1


def test_a_pack_that_nobody_had_comes_with_its_stage(work):
    work.publish(built(work, 1, "art"))
    begin(work, "art", "pilot:1,wave-1,100%")
    assert sorted(v for v in shall_have(work, "art").values() if v) == [1]
    with open_fleet(work.office.fleet_db) as fleet:
        made = [(a.audience, a.name) for a in fleet.list_assignments() if a.pack_id == "art"]
    assert made == [("ring", "all"), ("ring", "wave-1")]
    do(work, lambda fleet, _: control.roll_back(fleet, 1, now=work.now))
    assert set(shall_have(work, "art").values()) == {None}


def test_a_newer_version_waits_for_a_rollout_until_the_pack_is_released(work):
    publish_with(work)
    work.publish(built(work, 3))
    work.assign("maths", ring="all")  # "the newest" is what the rollout says
    assert set(shall_have(work).values()) == {1, 2}
    do(work, lambda fleet, _: control.finish(fleet, 1, now=work.now))
    assert set(shall_have(work).values()) == {2}
    work.enrol("h-6", ring="all")
    assert shall_have(work)["h-6"] == 2
    do(work, lambda fleet, _: control.release_pack(fleet, "maths", now=work.now))
    assert set(shall_have(work).values()) == {3}
    with pytest.raises(UsageError, match="no rollout holds it back"):
        do(work, lambda fleet, _: control.release_pack(fleet, "maths", now=work.now))


def test_withdrawing_its_version_ends_a_rollout(work):
    publish_with(work)
    work.withdraw("maths", 2)
    assert set(shall_have(work).values()) == {1}
    assert [(t.event, t.reason) for t in hears(work)] == [("ended", "withdrawn")]
    assert "withdrawn" in read_rollout(work.office, 1, work.now).says[1].said
    assert hears(work) == []


def test_a_hub_that_is_revoked_is_left_out_and_begins_anew(work):
    publish_with(work)
    work.now += timedelta(hours=1)
    work.revoke("h-2")
    assert [t.stage for t in hears(work, h_1=HAS_2)] == ["wave-1"]
    [hub] = [h for h in read_rollout(work.office, 1, work.now).hubs if h.hub_id == "h-2"]
    assert (hub.state, hub.reason) == ("skipped", "revoked")
    work.now += timedelta(hours=1)
    work.enrol("h-2", ring="wave-1", key=new_key())
    hears(work, h_3=HAS_2)
    [hub] = [h for h in read_rollout(work.office, 1, work.now).hubs if h.hub_id == "h-2"]
    assert (hub.state, hub.stage, hub.have) == ("waiting-for-contact", "wave-1", None)
    assert state(work) == ("running", 1)


def test_moving_a_hub_into_a_ring_that_was_reached_gives_it_the_version_at_once(work):
    publish_with(work)

    def edit(fleet, reports):
        rings.move(fleet, ["h-5"], "pilot")
        return tick(fleet, reports, now=work.now)

    _, changes = do(work, edit)
    assert [(c.hub_id, c.after) for c in changes] == [("h-5", 2)]
    with open_fleet(work.office.fleet_db) as fleet:
        listed = {ring.name: len(ring.hubs) for ring in rings.list_rings(fleet)}
    assert listed == {"pilot": 3, "wave-1": 1, "all": 5}
    for hub_id, ring in (("h-9", "pilot"), ("h-1", "Pilot 1")):
        with pytest.raises(UsageError), open_fleet(work.office.fleet_db) as fleet:
            rings.move(fleet, [hub_id], ring)


@pytest.mark.parametrize(
    ("prepare", "spec", "stages", "words"),
    [
        (None, "maths", "all", "every hub of these stages shall have it already"),
        (None, "moths", "all", "moths is not on offer"),
        (None, "maths@7", "all", "maths@7 is not on offer"),
        (None, "maths", "wave-9,all", "no hub is in the ring wave-9"),
        (("maths@1", "pilot"), "maths@2", "pilot,all", "every hub of stage pilot is pinned to version 1"),
    ],
)
def test_what_makes_no_sense_is_not_begun(work, prepare, spec, stages, words):
    if prepare is not None:
        work.assign(prepare[0], ring=prepare[1])
        work.publish(built(work, 2))
        work.assign("maths@1", ring="all")
    with pytest.raises(UsageError, match=words) as caught:
        begin(work, spec, stages)
    assert caught.value.hint
    with open_fleet(work.office.fleet_db) as fleet:
        assert Rollouts(fleet).list_rollouts() == []


def test_an_update_of_the_hubs_themselves_goes_the_same_way(work):
    """A pack of kind software counts when it runs, not when it is there; a failed one stops it."""
    publish_with(work, stages="pilot:1,all")
    with open_fleet(work.office.fleet_db) as fleet, fleet.transaction():  # a real one takes minutes to build
        fleet.database.execute("update packs set kind = 'software'")
    [first] = [hub_id for hub_id, version in shall_have(work).items() if version == 2]
    key = first.replace("-", "_")
    assert hears(work, **{key: HAS_2}) == []
    told = hears(work, **{key: (updated("failed", "maths@2", "no DNS"),)})
    assert [(t.event, t.reason) for t in told] == [("paused", "failures")]
    [hub] = [h for h in read_rollout(work.office, 1, work.now).hubs if h.hub_id == first]
    assert (hub.state, hub.reason) == ("failed", "no DNS")


def test_while_another_command_is_at_work_rollouts_wait(work, monkeypatch):
    monkeypatch.setattr("provisioning.central.office.PATIENCE_S", 0)
    publish_with(work)
    with locked(work.office.lock, doing="publish"), pytest.raises(BusyError):
        go_on(work.office, now=work.now)
    do(work, lambda fleet, _: control.finish(fleet, 1, now=work.now))
    with locked(work.office.lock, doing="publish"):
        assert go_on(work.office, now=work.now) == ([], [])  # nothing is active: nobody is asked


def test_a_deadline_that_is_over_names_who_has_it_not_and_when_it_may(work):
    publish_with(work, deadline=work.now.date().isoformat())
    hears(work, h_1=HAS_2)
    assert not read_rollout(work.office, 1, work.now).is_late
    work.now += timedelta(days=1)
    assert any(alert.code == "rollout-late" for alert in read_office_alerts(work.office, work.now))
    [view] = list_rollouts(work.office, work.now)
    [late] = [said for said in view.says if said.code == "rollout-late"]
    assert view.is_late
    assert late.said.count("Школа") == 4
    assert "central usb" in late.advice


def test_what_a_rollout_goes_back_to_is_not_collected(work):
    publish_with(work)
    do(work, lambda fleet, _: control.finish(fleet, 1, now=work.now))
    work.now += timedelta(days=400)
    assert gc.collect(work.office, now=work.now).retired == ()
    do(work, lambda fleet, _: control.release_pack(fleet, "maths", now=work.now))
    assert gc.collect(work.office, now=work.now).retired == ("maths@1",)


def test_a_school_that_put_the_former_version_back_has_failed_but_not_in_the_middle_of_a_sync(work):
    put_back = packs({"maths": 1}, want={"maths": 2}, kept={"maths": [2]})
    publish_with(work)
    say(work.office, "h-1", synced(), packs({"maths": 1}), put_back, now=work.now)  # told while it fetches
    with_sync = (synced(), put_back)
    with open_reports(work.office.reports_db) as reports:
        assert not see(reports.read_newest("h-1"), "maths", 2).is_put_back
    assert [t.event for t in hears(work, h_2=with_sync)] == ["paused"]


def replace_card(work, hub_id):
    work.now += timedelta(hours=1)
    work._change(lambda fleet: give_up_card(fleet, hub_id, now=work.now))


def stuck(work):
    return [
        alert.said for alert in read_office_alerts(work.office, work.now) if alert.code == "rollout-stuck"
    ]


def test_schools_that_never_spoke_hold_nobody_up_and_count_as_nothing(work):
    for number in range(6, 12):
        work.enrol(f"h-{number}", ring="pilot")
    publish_with(work)
    hears(work, h_1=HAS_2)
    assert state(work) == ("running", 0)
    work.now += timedelta(days=7)
    assert hears(work, h_2=HAS_2)[0].stage == "wave-1"
    assert hears(work, h_3=HAS_2)[0].stage == "all"
    assert stuck(work) == []
    work.now += timedelta(days=10)
    assert [t.event for t in hears(work, h_4=HAS_2, h_5=HAS_2)] == ["finished"]
    view = read_rollout(work.office, 1, work.now)
    assert (view.counts["ok"], view.counts["waiting-for-contact"]) == (5, 6)
    assert {hub.eta_s for hub in view.hubs if hub.state == "waiting-for-contact"} == {None}


def test_a_stage_of_schools_that_stay_behind_is_told_until_they_are_taken_off(work):
    has_1 = (synced(), packs({"maths": 1}))
    hears(work, h_1=has_1, h_2=has_1)
    publish_with(work, enough=80)
    hears(work, h_1=HAS_2)
    work.now += timedelta(days=7)
    assert hears(work, h_1=HAS_2) == []
    assert stuck(work) == []
    work.now += timedelta(days=2)
    assert hears(work, h_1=HAS_2) == []
    [said] = stuck(work)
    assert "stage pilot does not end" in said
    assert [each.code for each in read_rollout(work.office, 1, work.now).says] == [
        "rollout-running",
        "rollout-stuck",
    ]
    work.revoke("h-2")
    assert [t.stage for t in hears(work, h_1=HAS_2)] == ["wave-1"]
    assert stuck(work) == []
    view = read_rollout(work.office, 1, work.now)
    [gone] = [hub for hub in view.hubs if hub.hub_id == "h-2"]
    assert (gone.state, gone.reason, gone.eta_s, gone.expected_at) == ("skipped", "revoked", 0, None)


def test_in_the_last_stage_schools_of_all_stages_are_awaited_and_named(work):
    has_1 = (synced(), packs({"maths": 1}))
    hears(work, h_2=has_1, h_4=has_1, h_5=has_1)
    publish_with(work)
    hears(work, h_1=HAS_2)
    work.now += timedelta(days=7)
    hears(work, h_3=HAS_2)
    assert state(work) == ("running", 2)
    work.now += timedelta(days=9)
    assert hears(work, h_3=HAS_2) == []
    with open_fleet(work.office.fleet_db) as fleet:
        missing = [hub.school for hub in fleet.list_hubs() if hub.hub_id in ("h-2", "h-4", "h-5")]
    told = [*stuck(work), *(a.said for a in read_rollout(work.office, 1, work.now).says if "stuck" in a.code)]
    assert [said.partition("not there yet: ")[2] for said in told] == [f"{', '.join(missing)}."] * 2


def test_what_a_card_failed_at_counts_no_more_once_it_is_replaced(work):
    publish_with(work)
    hears(work, h_1=HAS_2, h_2=FAILS)
    replace_card(work, "h-2")
    do(work, lambda fleet, reports: control.resume(fleet, reports, 1, now=work.now))
    assert state(work) == ("running", 0)
    [hub] = [hub for hub in read_rollout(work.office, 1, work.now).hubs if hub.hub_id == "h-2"]
    assert (hub.state, hub.have) == ("waiting-for-contact", None)
    work.now += timedelta(hours=1)
    say(work.office, "h-2", *HAS_2, now=work.now, stream="20261123120000-fedcba9876543210")
    assert [t.stage for t in go_on(work.office, now=work.now)[0]] == ["wave-1"]


def test_a_card_that_had_it_and_is_replaced_has_it_no_more(work):
    publish_with(work)
    hears(work, h_1=HAS_2)
    replace_card(work, "h-1")
    assert hears(work, h_2=HAS_2) == []
    assert state(work) == ("running", 0)
