import re
from dataclasses import replace

import pytest
from lxml import html

from hub.settings import CaptiveSettings
from hub.web.accepted import AcceptedInMemory
from hub.web.app import create_portal
from hub.web.captive_gate import CaptiveGate
from hub.web.origins import Ports
from hub.web.own_names import OwnNames
from support.probes import PROBES
from support.shelves import SETTINGS

PORTS = Ports(80, 8081)
NAMES = [f"{probe.host}{probe.path}" for probe in PROBES]
ANDROID = (
    "Mozilla/5.0 (Linux; Android 9; Redmi 7A) AppleWebKit/537.36 Chrome/64.0.3282.137 Mobile Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"


def portal_with(paths, **captive):
    return create_portal(
        paths, replace(SETTINGS, captive=CaptiveSettings(**captive)), ports=PORTS
    ).test_client()


@pytest.fixture
def portal(paths):
    return portal_with(paths)


def ask(client, probe, **options):
    return client.get(probe.path, headers={"Host": probe.host}, **options)


def press_continue(client, **headers):
    return client.post("/welcome", headers={"Host": "hub.lan", **headers})


@pytest.mark.parametrize("probe", PROBES, ids=NAMES)
def test_before_continue_every_probe_is_led_to_the_page(portal, probe):
    answer = ask(portal, probe)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "http://hub.lan/welcome"
    assert len(answer.data) > 4
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("probe", PROBES, ids=NAMES)
def test_after_continue_every_probe_hears_what_it_wants(portal, probe):
    assert press_continue(portal).status_code == 200
    answer = ask(portal, probe)
    assert (answer.status_code, answer.data) == (probe.status, probe.body)
    assert answer.headers.get("Content-Type", "").split(";")[0] == probe.media_type
    assert answer.headers.get("X-NetworkManager-Status") == probe.nm_status
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_only_who_pressed_continue_is_left_alone(portal):
    press_continue(portal)
    other = ask(portal, PROBES[0], environ_base={"REMOTE_ADDR": "10.0.0.8"})
    assert other.status_code == 302


def test_no_header_says_who_asks(portal):
    press_continue(portal)
    liar = {"X-Real-IP": "127.0.0.1", "X-Forwarded-For": "127.0.0.1", "Host": PROBES[0].host}
    other = portal.get(PROBES[0].path, headers=liar, environ_base={"REMOTE_ADDR": "10.0.0.8"})
    assert other.status_code == 302


def test_an_address_of_the_old_kind_is_the_same_on_a_socket_of_the_new(portal):
    portal.post("/welcome", headers={"Host": "hub.lan"}, environ_base={"REMOTE_ADDR": "::ffff:10.0.0.7"})
    assert ask(portal, PROBES[0], environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 204


def test_is_asked_again_the_next_day(paths):
    now = [100.0]
    accepted = AcceptedInMemory(36_000, find_hardware=lambda _: "")
    gate = CaptiveGate(
        lambda *_: [b"page"],
        own=OwnNames("hub.lan"),
        accepted=accepted,
        portal_url=lambda _: "http://hub.lan",
        clock=lambda: now[0],
    )
    said = []
    environ = {
        "HTTP_HOST": PROBES[0].host,
        "PATH_INFO": PROBES[0].path,
        "REQUEST_METHOD": "GET",
        "REMOTE_ADDR": "10.0.0.7",
    }
    accepted.add("10.0.0.7", now=100.0)
    for now[0] in (36_099.0, 36_100.0):
        gate(environ, lambda status, headers: said.append(status))
    assert said == ["204 No Content", "302 Found"]


def test_a_lost_learner_is_led_to_the_hub(portal):
    anywhere = {"Host": "www.youtube.com"}
    assert portal.get("/watch?v=1", headers=anywhere).headers["Location"] == "http://hub.lan/welcome"
    press_continue(portal)
    for method in ("get", "post", "head"):
        answer = getattr(portal, method)("/watch?v=1", headers=anywhere)
        assert (answer.status_code, answer.headers["Location"]) == (302, "http://hub.lan/")
    redirect = portal.get("/redirect", headers={"Host": "www.msftconnecttest.com"})  # Windows opens this one
    assert redirect.headers["Location"] == "http://hub.lan/"


@pytest.mark.parametrize(
    "host",
    [
        *(
            "10.42.0.1",
            "192.168.1.20:8080",
            "[fe80::1]:8080",
            "[::1]",
            "localhost:8080",
            "hub.lan",
            "HUB.LAN",
        ),
        *(
            "p-maths.hub.lan",
            "kolibri.hub.lan:80",
            "kvasy.lan",
            "hub.local",
            "school",
            "p-x.localhost",
            "a.internal",
        ),
        "hub.kvasy.example",
        "p-maths.hub.kvasy.example",
    ],
)
def test_the_hubs_own_names_are_served(paths, host):
    portal = portal_with(paths, names="hub.kvasy.example other.example")
    answer = portal.get("/generate_204", headers={"Host": host})
    assert answer.status_code == 404
    assert portal.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["hub.lan.example", "10.0.0.1.example", "evilhub.lan.com", "evilhub.kvasy.example"]
)
def test_names_that_only_look_like_ours_are_foreign(paths, host):
    portal = portal_with(paths, names="hub.kvasy.example")
    assert portal.get("/", headers={"Host": host}).status_code == 302


def test_a_host_that_is_no_name_is_refused_as_before(portal):
    assert portal.get("/", headers={"Host": "a b<c>"}).status_code == 400


def test_silent_mode_says_yes_at_once_and_leads_the_lost_home(paths):
    portal = portal_with(paths, mode="silent")
    for probe in PROBES:
        assert (ask(portal, probe).status_code, ask(portal, probe).data) == (probe.status, probe.body)
    assert portal.get("/", headers={"Host": "example.com"}).headers["Location"] == "http://hub.lan/"


def test_mode_off_serves_foreign_names_as_its_own(paths):
    portal = portal_with(paths, mode="off")
    assert portal.get("/", headers={"Host": "example.com"}).status_code == 200
    assert ask(portal, PROBES[0]).status_code == 404


def test_the_page_holds_everything_and_asks_for_nothing(portal):
    answer = portal.get("/welcome", headers={"Host": "hub.lan"})
    page = html.fromstring(answer.text)
    assert not page.xpath("//script | //link | //img | //iframe | //*[@style] | //@onclick | //input")
    assert not re.search(r"https?://(?!hub\.lan)|url\(|@import", answer.text)
    assert page.xpath("string(//p[@class='address'])") == "http://hub.lan"
    assert page.xpath("//svg//path")
    form = page.xpath("//form")[0]
    assert (form.get("method"), form.get("action")) == ("post", "/welcome")
    assert len(page.xpath("//button")) == 1
    assert "Set-Cookie" not in answer.headers
    assert len(answer.data) < 8000
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_speaks_the_language_of_the_device(portal):
    def language(accept):
        answer = portal.get("/welcome", headers={"Host": "hub.lan", "Accept-Language": accept})
        assert "Accept-Language" in answer.headers["Vary"]
        return html.fromstring(answer.text).get("lang")

    said = {
        accept: language(accept) for accept in ("uk-UA,uk;q=0.9", "en-GB", "ro", "hu-HU", "pl", "ru-RU", "")
    }
    assert list(said.values()) == ["uk", "en", "ro", "hu", "pl", "uk", "uk"]


def test_shows_the_address_by_which_it_was_reached(portal):
    page = html.fromstring(portal.get("/welcome", headers={"Host": "10.42.0.1"}).text)
    assert page.xpath("string(//p[@class='address'])") == "http://10.42.0.1"


@pytest.mark.parametrize(("agent", "links"), [(ANDROID, 0), (IPHONE, 2), (WINDOWS, 2), ("", 2)])
def test_says_what_to_do_now_as_each_system_needs_it(portal, agent, links):
    answer = press_continue(portal, **{"User-Agent": agent, "Accept-Language": "en"})
    page = html.fromstring(answer.text)
    assert len(page.xpath("//a[@href='http://hub.lan/']")) == links
    assert ("Turn off mobile data" in answer.text) == (agent == ANDROID)
    assert ("Stay connected" in answer.text) == (agent == ANDROID)
    assert ("Done" in answer.text) == (agent == IPHONE)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://p-x.hub.lan", "http://[", "hub.lan"]
)
def test_other_pages_cannot_press_continue(portal, origin):
    assert press_continue(portal, Origin=origin).status_code == 403
    assert ask(portal, PROBES[0]).status_code == 302


def test_the_page_itself_can(portal):
    assert press_continue(portal, Origin="http://hub.lan").status_code == 200
    assert ask(portal, PROBES[0]).status_code == 204


@pytest.mark.parametrize("host", ["hub.lan.", "hub.lan.:8080"])
def test_the_dot_that_may_end_a_name_changes_nothing(portal, host):
    answer = portal.get("/", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.text == portal.get("/", headers={"Host": host.replace("lan.", "lan")}).text
