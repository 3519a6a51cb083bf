"""What the uplink may carry, on a real sshd: budgets, quiet hours, priorities, a wrong clock, a cut link."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub import clock
from hub.settings import HubPaths, read_settings
from hub.sync.report import Progress
from hub.sync.session import sync as run_sync
from support.built import MIB, random_bytes
from support.disks import small_disk
from support.relay import Relay
from support.road import Road, must, run
from support.sources import PAGE, read_tree, write_source
from support.updates import done_by
from support.waiting import stay_within_a_day

MB = 1_000_000


def film(folder, version=1, size=3 * MB, pack_id="film"):
    files = {"index.html": PAGE.format("v", "зміст").encode(), "film.mp4": random_bytes(size, version)}
    return write_source(folder / f"{pack_id}-{version}", files, id=pack_id, version=version), files


@pytest.fixture
def road(tmp_path):
    road = Road(tmp_path)
    yield road
    road.stop()


def say(road, **settings):
    """Write these settings of [sync] into hub.toml, and no others."""
    path = road.hub / "hub.toml"
    text = path.read_text().partition("[sync]")[0]
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
    path.write_text(text + "[sync]\n" + "".join(lines))


def kinds(ran):
    return [a["action"] for a in ran.json["plan"]]


def around_now():
    """Return quiet hours that this moment lies in, wherever midnight is."""
    now = datetime.now().astimezone()
    begin, end = now - timedelta(hours=2), now + timedelta(hours=2)
    return f"{begin:%H:%M}-{end:%H:%M}"


def status(road):
    return must("hub", "--dir", road.hub, "status", "--json").json


def test_a_budget_for_each_sync_brings_a_film_in_instalments_and_no_byte_twice(road):
    source, files = film(road.folder)
    road.publish(source)
    road.assign("film")
    say(road, session_mb=1)
    received = []
    for _ in range(8):
        ran = road.sync("--json")
        assert ran.code == 0, ran.err
        received.append(ran.json["received_bytes"])
        assert ran.json["wire_bytes"] <= MB + 40_000  # the end of the session and what was metadata
        if kinds(ran) == ["install"]:
            break
        assert ran.json["waiting"] == ["film@1"]
        assert kinds(ran) == ["waiting"]
        [waiting] = status(road)["coming"]["packs"]
        assert waiting["wait"] == "session-budget"
        assert waiting["download_bytes"] < 3 * MB
    assert 4 <= len(received) <= 6
    assert sum(received) <= 3 * MB + 20_000
    assert read_tree(road.hub / "packs/film/current/files") == files
    assert status(road)["coming"]["packs"] == []


def test_a_day_that_is_used_up_lets_metadata_through_and_a_stick(road):
    source, files = film(road.folder)
    road.publish(source)
    road.assign("film")
    say(road, day_mb=1)
    stay_within_a_day(60)
    first = road.sync("--json")
    assert first.code == 0
    assert first.json["plan"][0]["goes_on_at"]
    again = road.sync("--json")
    assert (again.code, kinds(again), again.json["received_bytes"]) == (0, ["waiting"], 0)
    assert again.json["wire_bytes"] < 40_000
    stick = road.folder / "stick"
    must("central", "--dir", road.central, "usb", *_make(stick))
    assert road.sync("--from", stick).code == 0
    assert read_tree(road.hub / "packs/film/current/files") == files


def _make(stick):
    stick.mkdir()
    return (stick,)


def test_in_quiet_hours_content_waits_and_a_person_learns_until_when(road):
    road.publish(film(road.folder)[0])
    road.assign("film")
    say(road, quiet_hours=around_now())
    ran = road.sync("--json")
    assert (ran.code, kinds(ran), ran.json["received_bytes"]) == (0, ["waiting"], 0)
    assert ran.json["wire_bytes"] < 30_000
    assert ran.json["plan"][0]["goes_on_at"]
    told = road.sync("--dry-run").out
    assert "quiet hours; goes on" in told
    assert "3.0 MB" in told
    say(road)
    assert kinds(road.sync("--json")) == ["install"]


def test_a_dry_run_renews_what_the_status_says_is_to_come(road):
    road.publish(film(road.folder)[0])
    road.assign("film")
    say(road, quiet_hours=around_now())
    assert road.sync().code == 0
    assert "Quiet hours last until" in must("hub", "--dir", road.hub, "status").out
    say(road)
    planned = road.sync("--dry-run", "--json").json["plan"][0]
    [coming] = status(road)["coming"]["packs"]
    assert (coming["wait"], coming["download_bytes"]) == ("", planned["download_bytes"])
    assert "The next sync brings them" in must("hub", "--dir", road.hub, "status").out


@pytest.mark.parametrize("mode", [(), ("--dry-run",)])
def test_a_limit_that_cannot_be_used_is_said_by_the_sync_itself(road, mode):
    say(road, quiet_hours="8-15", day_mb=-3, day_gb=1)
    ran = road.sync(*mode)
    assert "warning: a setting cannot be used: sync.quiet_hours: expected hours such as" in ran.err
    assert "warning: a setting cannot be used: sync.day_mb: expected 0 to 1000000, got -3" in ran.err
    assert "does not know: sync.day_gb" in ran.err


def test_what_the_office_wants_first_comes_first(road):
    for name in ("aaa", "bbb"):
        road.publish(film(road.folder, pack_id=name, size=MB // 2)[0])
    road.assign("aaa")
    must("central", "--dir", road.central, "assign", "bbb", "--hub", road.hub_id, "--priority", "3")
    ran = road.sync("--dry-run", "--json")
    assert [(a["pack"], a["priority"]) for a in ran.json["plan"]] == [("bbb", 3), ("aaa", 0)]


def test_what_the_office_allows_of_one_pack_keeps_no_other_back(road):
    for version, name in enumerate(("big", "other"), 1):  # of different content
        road.publish(film(road.folder, version, 3 * MB // 2, name)[0])
    road.assign("other")
    to_hub = ("assign", "big", "--hub", road.hub_id, "--priority", "9")
    must("central", "--dir", road.central, *to_hub, "--quiet-hours", around_now())
    told = road.sync("--dry-run").out
    assert "quiet hours, as the office said for this pack; goes on" in told
    waits = road.sync("--json")
    assert (waits.code, waits.json["done"], waits.json["waiting"]) == (0, ["install other@2"], ["big@1"])
    must("central", "--dir", road.central, *to_hub, "--day-mb", "1")
    stay_within_a_day(60)
    first = road.sync("--json")
    assert first.json["waiting"] == ["big@1"]
    assert 900_000 < first.json["received_bytes"] <= MB
    [planned] = [action for action in first.json["plan"] if action["pack"] == "big"]
    assert (planned["day_mb"], planned["quiet_hours"], planned["action"]) == (1, "", "waiting")
    assert road.sync("--json").json["received_bytes"] == 0  # its day is used up
    must("central", "--dir", road.central, *to_hub)
    last = road.sync("--json")
    assert last.json["done"] == ["install big@1"]
    assert last.json["received_bytes"] < MB  # no byte twice


def test_an_eta_stands_beside_every_pack_and_names_the_stick(road):
    road.publish(film(road.folder)[0])
    road.assign("film")
    say(road, link_kbit_s=64)
    told = road.sync("--dry-run").out
    assert "about 6 min at 64 kbit/s" in told
    say(road, link_kbit_s=64, stick_days=1, day_mb=1)
    ran = road.sync("--dry-run", "--json").json
    assert ran["eta"]["limited_by"] == "day-budget"
    assert ran["eta"]["seconds"] > 86400
    assert "take a stick" in road.sync("--dry-run").out


def test_after_a_cut_it_goes_on_by_itself(road):
    source, files = film(road.folder, size=3 * MB // 2)
    road.publish(source)
    road.assign("film")
    with Relay(road.sshd.port, bits_per_s=2_000_000) as relay:
        text = (road.hub / "hub.toml").read_text()
        (road.hub / "hub.toml").write_text(text.replace(f":{road.sshd.port}/", f":{relay.port}/"))
        relay.cut_after(MB)
        ran = road.sync("--retry", "--for", "1")
        assert ran.code == 0, ran.err
        assert "going on in" in ran.err
        assert relay.connections == 2
        assert relay.down_bytes <= 2 * MB  # to begin again costs 2.5
    assert read_tree(road.hub / "packs/film/current/files") == files


def test_old_goes_first_only_where_the_office_said_so(tmp_path):
    with small_disk(tmp_path / "disk", size_kb=26 * 1024):
        road = Road(tmp_path, hub=tmp_path / "disk" / "hub")
        try:
            say(road, reserve_bytes=0)
            road.publish(film(road.folder, 1, 9 * MIB)[0])
            road.assign("film")
            assert road.sync().code == 0
            source, files = film(road.folder, 2, 9 * MIB)
            road.publish(source)
            refused = road.sync("--json")
            assert (refused.code, kinds(refused)) == (74, ["needs-space"])
            assert "MB too little" in refused.json["plan"][0]["reason"]
            assert "needs-space" in {found["code"] for found in status(road)["checks"]}
            to_hub = ("film", "--hub", road.hub_id, "--when-full", "replace")
            must("central", "--dir", road.central, "assign", *to_hub)
            planned = road.sync("--dry-run", "--json")
            assert "learners go without" in planned.json["plan"][0]["reason"]
            done = road.sync("--json")
            assert (done.code, done.json["done"]) == (0, ["replace film@2"]), done.err
            assert read_tree(road.hub / "packs/film/current/files") == files
            assert [p.name for p in (road.hub / "packs/film").iterdir() if p.name.isdecimal()] == ["2"]
        finally:
            road.stop()


def sync_at(monkeypatch, road, *times):
    """Sync in this process while the system's clock says `times`, one after another."""
    said = iter(times * 10_000)

    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return next(said).astimezone(zone)

    monkeypatch.setattr(clock, "datetime", Clock)
    paths = HubPaths(road.hub)
    return run_sync(paths, read_settings(paths), source=None, progress=Progress())


def test_the_clock_may_say_what_it_likes(road, monkeypatch):
    """1970, 2099, three years off, jumps while the sync runs: each time what is signed and newer comes."""
    say(road, quiet_hours=around_now(), day_mb=100)
    road.publish(film(road.folder, 1, MB // 10)[0])
    road.assign("film")
    now = datetime.now(UTC)
    wrong = {
        2: (datetime(1970, 1, 1, tzinfo=UTC),),
        3: (datetime(2099, 1, 1, tzinfo=UTC),),
        4: (datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)),
    }
    for version, times in wrong.items():
        road.publish(film(road.folder, version, MB // 10)[0])
        report = sync_at(monkeypatch, road, *times)
        assert done_by(report) == [f"install film@{version}"], report.actions
        assert report.use.fetch_s >= 0
    say(road)
    road.publish(film(road.folder, 5, MB // 10)[0])
    jumping = sync_at(monkeypatch, road, now + timedelta(hours=3), now - timedelta(days=2), now)
    assert done_by(jumping) == ["install film@5"]
    road.publish(film(road.folder, 6, MB // 10)[0])
    report = sync_at(monkeypatch, road, now + timedelta(days=3 * 365))
    assert done_by(report) == ["install film@6"]
    assert report.stale  # the dates of the metadata have passed, and that only warns
    assert run("hub", "--dir", road.hub, "status").code == 0
