"""What hubs report goes the whole way with the real commands: through a real sshd, and by stick."""

import contextlib
import json
import shutil
from datetime import date, timedelta
from urllib.request import urlopen

import pytest

from hub.settings import HubPaths
from support.relay import Relay
from support.road import Road, must, run
from support.serving import serving
from support.sources import write_source
from support.waiting import stay_within_a_day


@pytest.fixture
def road(tmp_path):
    road = Road(tmp_path)
    road.publish(write_source(tmp_path / "lesson"))
    road.assign("lesson")
    yield road
    road.stop()


def central(road, *words):
    return must("central", "--dir", road.central, *words, "--json").json


def fleet(road):
    [hub] = central(road, "fleet")["hubs"]
    return hub


def table(road):
    return must("central", "--dir", road.central, "fleet").out


def inbox(road):
    return sorted((road.depot / "inbox" / road.hub_id).iterdir())


@contextlib.contextmanager
def link(road, **options):
    """Put a relay between the hub and the depot."""
    toml = road.hub / "hub.toml"
    direct = toml.read_text()
    with Relay(road.sshd.port, **options) as relay:
        toml.write_text(direct.replace(f":{road.sshd.port}/", f":{relay.port}/"))
        try:
            yield relay
        finally:
            toml.write_text(direct)


def test_the_office_learns_what_a_hub_did_and_the_hub_forgets_it(road):
    assert fleet(road)["heard_at"] is None
    assert "? never" in table(road)
    first = road.sync("--json").json
    assert first["reports"] == {"sent": 1, "waiting": 1, "acked": 0, "warning": None}
    [taken] = central(road, "ingest")["hubs"]
    assert (taken["hub_id"], taken["segments"], taken["events"]) == (road.hub_id, 1, 3)
    assert inbox(road) == []
    hub = fleet(road)
    assert hub["packs"] == [{"id": "lesson", "want": 1, "have": 1, "state": "current"}]
    assert hub["last_sync"]["done"] == ["install lesson@1"]
    assert hub["last_sync"]["result"] == "ok"
    assert hub["health"]["free_bytes"] > 0
    assert "sftp://" not in str(hub)
    assert str(road.folder) not in str(hub)
    assert "1/1 ✓" in table(road)
    second = road.sync("--json").json
    assert second["reports"] == {"sent": 0, "waiting": 0, "acked": 1, "warning": None}
    assert not list((road.hub / "outbox" / "segments").iterdir())
    assert central(road, "ingest")["hubs"] == []
    with link(road) as relay:
        assert road.sync("--json").json["reports"]["sent"] == 0
    assert relay.total_bytes <= 8 * 1024


def test_what_learners_open_is_counted_and_told_when_the_day_is_over(road):
    road.sync("--json")
    stay_within_a_day(60)
    with serving(HubPaths(road.hub)) as hub:
        for _ in range(6):
            with urlopen(f"{hub.url}/view/lesson/", timeout=10) as page:
                assert page.status == 200
    [today] = (road.hub / "usage").iterdir()  # kept when the portal ended
    assert json.loads(today.read_bytes()) == {"lesson": 6}
    day_before = date.fromisoformat(today.stem) - timedelta(days=1)
    today.rename(today.with_name(f"{day_before}.json"))
    (road.hub / "outbox" / "state").write_bytes(b"")  # a report is due
    assert road.sync("--json").json["reports"]["sent"] > 0
    central(road, "ingest")
    assert fleet(road)["use_7d"] == 5
    school = central(road, "school", road.hub_id)
    assert school["opens"] == [{"day": day_before.isoformat(), "pack": "lesson", "opens": 5}]
    assert list((road.hub / "usage").iterdir()) == []


def test_a_depot_that_refuses_and_a_link_that_breaks_lose_and_double_nothing(road):
    inboxes = road.depot / "inbox"
    shutil.move(inboxes, road.folder / "aside")
    inboxes.write_bytes(b"")  # root may write everywhere: a file in its place refuses root too
    ran = road.sync("--json")
    assert (ran.code, ran.json["done"]) == (0, ["install lesson@1"])
    assert (ran.json["reports"]["sent"], ran.json["reports"]["waiting"]) == (0, 1)
    assert ran.json["reports"]["warning"] is not None
    inboxes.unlink()
    shutil.move(road.folder / "aside", inboxes)

    def report_anew():
        (road.hub / "outbox" / "state").write_bytes(b"")

    report_anew()
    with link(road) as relay:
        assert road.sync("--json").json["reports"]["sent"] > 0
    for missing in (30, 150, 300, 500):  # bytes of the answers
        report_anew()
        with link(road) as broken:
            broken.cut_after(relay.down_bytes - missing)
            road.sync()
    report_anew()
    assert road.sync("--json").json["reports"]["sent"] > 0
    taken = central(road, "ingest")["hubs"]
    assert [refused for hub in taken for refused in hub["refused"]] == []
    assert fleet(road)["notes"] == []
    assert road.sync("--json").json["reports"]["waiting"] == 0


def test_a_school_without_a_link_reports_by_stick(road, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    central(road, "usb", stick, "--hub", road.hub_id)
    road.sshd.stop()
    assert road.sync("--from", stick, "--json").json["reports"]["sent"] == 1
    assert len(list((stick / "inbox" / road.hub_id).iterdir())) == 1
    [taken] = central(road, "ingest", "--from", stick)["hubs"]
    assert taken["events"] == 3
    assert list((stick / "inbox" / road.hub_id).iterdir()) == []
    hub = fleet(road)
    assert hub["last_sync"]["road"] == "stick"
    assert hub["packs"][0]["state"] == "current"
    central(road, "usb", stick, "--hub", road.hub_id)  # the stick goes back, with the acks
    assert road.sync("--from", stick, "--json").json["reports"]["acked"] == 1
    assert run("central", "--dir", road.central, "ingest", "--from", tmp_path / "no-stick").code == 64
