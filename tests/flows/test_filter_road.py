"""A filter on its whole way: from the office through a real sshd to a hub, an appeal back, and its answer."""

from pathlib import Path

import pytest

from hub.appeals import appeal
from hub.network.filters import take_filter
from hub.network.paths import NetworkPaths
from hub.settings import HubPaths
from support.road import Road, must


@pytest.fixture
def road(tmp_path):
    road = Road(tmp_path)
    yield road
    road.stop()


def central(road, *words):
    return must("central", "--dir", road.central, "filter", *words, "--json").json


def write(road, name, text):
    path = Path(road.folder) / name
    path.write_text(text)
    return path


def bring(road):
    """Let the hub sync and its network's watcher look."""
    ran = road.sync()
    assert ran.code == 0, ran.err
    hub = HubPaths(road.hub)
    return take_filter(hub, NetworkPaths.beside(hub), ram_bytes=0)


def verdict(road, name, at="2026-11-27T09:00"):
    found = must("hub", "--dir", road.hub, "filter", "explain", name, "--at", at, "--json").json
    return found["verdict"], found["category"], found["version"]


def test_a_school_asks_for_a_site_and_the_office_opens_it(road):
    central(
        road, "list", "add", "games-list", write(road, "g", "0.0.0.0 play.example\n"), "--category", "games"
    )
    central(road, "list", "add", "casinos", write(road, "c", "||casino.example^\n"), "--category", "gambling")
    times = ("--lesson-block", "games", "--lesson-time", "mon-fri 08:30-15:00")
    central(road, "policy", "set", "primary", "--block", "gambling", *times)
    assert central(road, "compile")["policies"][0]["version"] == 1
    road.assign("filter-primary")
    used, is_new = bring(road)
    assert (is_new, used.pack_id, used.version, used.domains, used.lesson) == (
        True,
        "filter-primary",
        1,
        1,
        1,
    )
    assert verdict(road, "www.casino.example") == ("blocked", "gambling", 1)
    assert verdict(road, "chess.play.example") == ("blocked", "games", 1)
    assert verdict(road, "chess.play.example", "2026-11-27T16:00")[0] == "open"

    hub = HubPaths(road.hub)
    for reason in ("турнір", ""):
        appeal(hub, "chess.play.example", category="games", reason=reason, used="filter-primary@1")
    road.sync()
    must("central", "--dir", road.central, "ingest")
    (asked,) = central(road, "appeals")["appeals"]
    assert (asked["name"], asked["count"], asked["hubs"]) == ("chess.play.example", 2, {road.hub_id: 2})
    assert (asked["policies"], asked["categories"], asked["reasons"]) == (["primary"], ["games"], ["турнір"])
    shown = must("central", "--dir", road.central, "filter", "appeals").out
    assert "chess.play.example  games  asked 2 times by h-test\n  policy primary: no answer yet" in shown

    assert central(road, "answer", "chess.play.example", "--allow")["answers"][0]["policy"] == "primary"
    assert central(road, "appeals")["appeals"] == []
    looked = central(road, "compile", "--dry-run")
    assert looked["policies"][0]["difference"]["allowed"]["first_added"] == ["chess.play.example"]
    assert looked["changes"] == []
    assert central(road, "compile")["policies"][0]["version"] == 2
    bring(road)
    assert verdict(road, "chess.play.example") == ("allowed", "", 2)
    assert verdict(road, "other.play.example") == ("blocked", "games", 2)
    assert not central(road, "compile")["policies"][0]["changed"]

    appeal(hub, "chess.play.example", category="games", reason="", used="filter-primary@2")
    road.sync()
    must("central", "--dir", road.central, "ingest")
    assert [each["open"] for each in central(road, "appeals", "--all")["appeals"]] == [True]  # asked again
