"""The page of a blocked site: what it says, and what it takes."""

import json
import re
from dataclasses import replace
from datetime import datetime

import pytest
from lxml import html

from hub.appeals import MAX_APPEALS, forget, read_queue, to_body
from hub.clock import read_boot_id
from hub.network.filters import take_filter
from hub.network.paths import NetworkPaths
from hub.settings import CaptiveSettings
from hub.uplink.limits import Moment
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.filter_pack import install
from support.shelves import SETTINGS

LESSON = {"lesson": "games.example i\n", "lesson_time": "mon-sun 00:00-24:00"}


@pytest.fixture
def portal(paths):
    install(paths, 7, "casino.example b\n", **LESSON)
    take_filter(paths, NetworkPaths.beside(paths), ram_bytes=0)
    client = create_portal(paths, SETTINGS, ports=Ports(80, 8081)).test_client()
    client.set_cookie("language", "en")
    return client


def ask(portal, name, reason="", *, address="10.83.16.60", token=None):
    page = portal.get("/blocked", query_string={"name": name})
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    form = {"csrf_token": token or (found[1] if found else ""), "name": name, "reason": reason}
    return portal.post(
        "/blocked", data=form, headers={"Origin": "http://localhost"}, environ_base={"REMOTE_ADDR": address}
    )


def test_a_blocked_host_leads_to_the_page_once_the_device_is_let_out(portal):
    blocked = {"Host": "www.casino.example"}
    assert portal.get("/roulette", headers=blocked).headers["Location"] == "http://hub.lan/welcome"
    portal.post("/welcome", headers={"Host": "hub.lan"})
    led = portal.get("/roulette?a=1", headers=blocked)
    assert (led.status_code, led.headers["Location"]) == (
        302,
        "http://hub.lan/blocked?name=www.casino.example",
    )
    assert led.headers["Cache-Control"] == "no-store"
    assert portal.get("/", headers={"Host": "good.example"}).headers["Location"] == "http://hub.lan/"
    probe = portal.get("/generate_204", headers={"Host": "casino.example"})
    assert probe.status_code == 204  # a probe is answered as a probe


@pytest.mark.parametrize("mode", ["silent", "off"])
def test_a_hub_without_a_sign_in_page_shows_it_too(paths, portal, mode):
    settings = replace(SETTINGS, captive=CaptiveSettings(mode=mode))
    other = create_portal(paths, settings, ports=Ports(80, 8081)).test_client()
    led = other.get("/", headers={"Host": "casino.example"}).headers["Location"]
    assert led == "http://hub.lan/blocked?name=casino.example"
    assert other.get("/blocked?name=casino.example", headers={"Host": "hub.lan"}).status_code == 200


def test_without_a_way_out_every_name_leads_home(paths, portal):
    portal.post("/welcome", headers={"Host": "hub.lan"})
    paths.run.mkdir()
    state = {"format": 1, "boot": read_boot_id(), "pid": 1, "lan": {"hub": "10.83.16.1"}}
    for is_open, where in ((False, "http://hub.lan/"), (True, "http://hub.lan/blocked?name=casino.example")):
        state["internet"] = {"policy": "filtered", "open": is_open}
        (paths.run / "network.json").write_text(json.dumps(state))
        assert portal.get("/x", headers={"Host": "casino.example"}).headers["Location"] == where


def test_the_page_says_what_and_why_and_is_kept_nowhere(portal):
    page = portal.get("/blocked?name=WWW.Casino.Example")
    text = html.fromstring(page.text).text_content()
    assert "www.casino.example" in text
    assert "Gambling" in text
    assert "lessons only" not in text
    assert page.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("known", "words"),
    [(True, "lessons only, now until 15:00"), (False, "does not know what time it is")],
)
def test_a_site_of_the_lesson_says_until_when(paths, portal, monkeypatch, known, words):
    install(paths, 8, "casino.example b\n", lesson="games.example i\n")
    take_filter(paths, NetworkPaths.beside(paths), ram_bytes=0)
    moment = Moment(datetime.fromisoformat("2026-11-27T09:00"), is_known=known)
    monkeypatch.setattr("hub.web.blocked.hub_moment", lambda *_: moment)
    page = portal.get("/blocked?name=games.example")
    assert "Games" in page.text
    assert words in page.text


def test_a_site_that_is_open_offers_itself(portal):
    page = portal.get("/blocked?name=good.example")
    assert page.status_code == 200
    assert "This site is not blocked now" in page.text
    assert 'href="http://good.example/"' in page.text
    assert 'action="/blocked"' not in page.text


@pytest.mark.parametrize(
    "name", ["", "a b", '"><script>alert(1)</script>', "x" * 300, "javascript:alert(1)//"]
)
def test_what_is_no_name_is_not_shown(portal, name):
    page = portal.get("/blocked", query_string={"name": name})
    assert page.status_code == 404 or 'href="javascript:' not in page.text
    assert "<script>alert" not in page.text


def test_a_question_is_noted_with_its_reason(paths, portal):
    answer = ask(portal, "casino.example", " для уроку\nматематики ")
    assert answer.status_code == 200
    (found,) = read_queue(paths).appeals
    assert (found.name, found.category, found.count, found.reason) == (
        *("casino.example", "gambling", 1, "для уроку математики"),
    )
    assert read_queue(paths).filter == "filter@7"
    ask(portal, "casino.example", address="10.83.16.61")
    assert read_queue(paths).appeals[0].count == 2


def test_nothing_is_noted_of_what_is_not_blocked(paths, portal):
    ask(portal, "casino.example")
    token = re.search(r'name="csrf_token" value="([^"]+)"', portal.get("/blocked?name=casino.example").text)[
        1
    ]
    for name in ("good.example", "hub.lan", "printer"):
        assert ask(portal, name, token=token).status_code == 200
    assert [each.name for each in read_queue(paths).appeals] == ["casino.example"]


def test_a_forged_form_is_refused(paths, portal):
    assert ask(portal, "casino.example", token="made-up").status_code == 400
    form = {"name": "casino.example"}
    assert portal.post("/blocked", data=form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert read_queue(paths).appeals == ()


def test_one_device_asks_five_times_in_ten_minutes(paths, portal):
    answers = [ask(portal, "casino.example").status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert ask(portal, "casino.example", address="10.83.16.61").status_code == 200
    assert read_queue(paths).appeals[0].count == 6


@pytest.fixture
def much_is_blocked(paths, portal):
    install(paths, 9, "".join(sorted(f"site-{number}.example b\n" for number in range(200))))
    take_filter(paths, NetworkPaths.beside(paths), ram_bytes=0)


def test_ten_addresses_do_not_crowd_out_a_learner(paths, portal, much_is_blocked):
    answers = [
        ask(portal, f"site-{number}.example", address=f"10.83.16.{100 + number // 6}").status_code
        for number in range(66)
    ]
    assert answers == ([200] * 5 + [429]) * 11, "five names each, and the eleventh finds room"
    assert len(read_queue(paths).appeals) == MAX_APPEALS
    page = ask(portal, "site-190.example", "реферат", address="10.83.16.60")
    assert (page.status_code, "is noted" in page.text) == (200, True)
    names = [each.name for each in read_queue(paths).appeals]
    assert "site-190.example" in names
    assert len(names) == MAX_APPEALS
    for number in range(66, 132):
        ask(portal, f"site-{number}.example", address=f"10.83.16.{120 + number // 6}")
    assert "site-190.example" in [each.name for each in read_queue(paths).appeals]


def test_a_device_that_has_asked_for_five_sites_waits_for_the_report(
    paths, portal, much_is_blocked, monkeypatch
):
    seconds = iter(range(0, 100_000, 700))
    monkeypatch.setattr("hub.web.blocked.time.monotonic", lambda: float(next(seconds)))
    answers = [ask(portal, f"site-{number}.example") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "after the hub" in answers[-1].text
    assert ask(portal, "site-3.example").status_code == 200, "what waits may be asked for again"
    forget(paths, to_body(read_queue(paths)))
    assert ask(portal, "site-6.example").status_code == 200


def test_names_below_one_blocked_name_take_three_places(paths, portal):
    for number in range(9):
        ask(portal, f"{number}.casino.example", address=f"10.83.16.{60 + number}")
    counts = {each.name: each.count for each in read_queue(paths).appeals}
    assert counts == {
        "0.casino.example": 1,
        "1.casino.example": 1,
        "2.casino.example": 1,
        "casino.example": 6,
    }


def test_no_address_is_on_disk_or_in_the_report(paths, portal, much_is_blocked):
    for number in range(60):
        ask(portal, f"site-{number}.example", address=f"10.83.16.{100 + number % 12}")
    written = b"".join(path.read_bytes() for path in paths.dir.rglob("*") if path.is_file())
    assert b"site-7.example" in written
    assert b"10.83.16." not in written
    assert "10.83" not in str(to_body(read_queue(paths)))


def test_where_each_device_has_asked_once_the_queue_is_full_for_who_asks_again(
    paths, portal, much_is_blocked
):
    for number in range(MAX_APPEALS):
        ask(portal, f"site-{number}.example", address=f"10.83.16.{100 + number}")
    page = ask(portal, "site-190.example", address="10.83.16.120")
    assert (page.status_code, "Too many questions wait" in page.text) == (503, True)
    assert len(read_queue(paths).appeals) == MAX_APPEALS
