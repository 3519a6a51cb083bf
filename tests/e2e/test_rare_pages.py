"""Pages that no address of the portal shows by itself: errors, the Wi-Fi's page, the door's own pages."""

from pathlib import Path

import pytest
from flask import abort

import hub.web
from hub.network.filters import take_filter
from hub.network.paths import NetworkPaths
from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.axe import examine
from support.filter_pack import install
from support.shelves import SETTINGS
from support.tab import PHONE, SCHOOL_PC
from support.visitor import Visitor

_DOOR = Path(hub.web.__file__).parent / "templates" / "door"
_SMALL = (Path(__file__).parent / "scripts" / "small_targets.js").read_text()
MIN_TARGET_PX = 44
NARROW = (320, 640)


def put_page(tab, html):
    """Show this page in place of the one that is open."""
    frame = tab.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
    tab.call("Page.setDocumentContent", frameId=frame, html=html)
    tab.settle()


def examined(tab, engine, learner_pictures, name):
    """Look at the page that is open in both colours; return what is wrong with it."""
    wrong = []
    for size in (NARROW, PHONE, SCHOOL_PC):
        tab.show(size)
        if tab.value("document.documentElement.scrollWidth") > size[0]:
            wrong.append(f"wider than {size[0]}")
    tab.show(PHONE)
    for scheme in ("light", "dark") if engine.is_today else ("light",):
        tab.paint(color_scheme=scheme)
        learner_pictures.keep(f"rare-{name}" + ("-dark" if scheme == "dark" else ""))
        wrong += [f"{scheme}: {line}" for line in examine(tab).violations]
    return wrong + tab.run(_SMALL, MIN_TARGET_PX)


@pytest.mark.parametrize("language", ["uk", "en"])
@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_an_error_is_a_page_that_all_can_use(visitor, engine, hub_dir, status, language):
    app = create_portal(hub_dir, SETTINGS, ports=Ports(8080, 8081))
    app.add_url_rule("/broken", view_func=lambda: abort(status))
    client = app.test_client()
    client.set_cookie("language", language)
    html = client.get("/broken").text.replace('<meta http-equiv="refresh"', '<meta name="none"')
    visitor.go("/help")  # whose address the style of the page is found by
    put_page(visitor.tab, html)
    learner = Visitor(visitor.tab, visitor.served, engine, PHONE, language)
    assert examined(visitor.tab, engine, learner, f"error-{status}") == []


@pytest.mark.parametrize("name", ["starting", "slowly", "hidden"])
def test_a_page_of_the_door_is_one_that_all_can_use(visitor, engine, name):
    visitor.tab.open("about:blank")
    html = (_DOOR / f"{name}.html").read_text().replace('<meta http-equiv="refresh"', '<meta name="none"')
    put_page(visitor.tab, html)
    assert examined(visitor.tab, engine, visitor, f"door-{name}") == []


@pytest.mark.parametrize("platform", ["Android 9", "iPhone", "Windows NT 10.0", "X11"])
def test_the_page_of_the_wi_fi_before_and_after(visitor, engine, platform):
    tab = visitor.tab
    tab.call("Network.setUserAgentOverride", userAgent=f"Mozilla/5.0 ({platform}) Chrome/64.0")
    try:
        visitor.go("/welcome")
        assert examined(tab, engine, visitor, "welcome") == []
        tab.follow("form[action='/welcome'] button")
        assert tab.text("h1").strip()
        assert examined(tab, engine, visitor, f"welcome-done-{platform.split()[0].lower()}") == []
        assert tab.complaints == []
    finally:
        tab.call("Network.setUserAgentOverride", userAgent="")


@pytest.mark.parametrize("language", ["uk", "en"])
def test_the_page_of_a_blocked_site_is_one_that_all_can_use(visitor, engine, tmp_path, language):
    paths = HubPaths(tmp_path / "hub")
    install(paths, 7, "casino.example b\n", lesson="games.example i\n", lesson_time="mon-sun 00:00-24:00")
    take_filter(paths, NetworkPaths.beside(paths), ram_bytes=0)
    client = create_portal(paths, SETTINGS, ports=Ports(8080, 8081)).test_client()
    client.set_cookie("language", language)
    learner = Visitor(visitor.tab, visitor.served, engine, PHONE, language)
    for name, address in (
        ("casino", "www.casino.example"),
        ("games", "games.example"),
        ("open", "good.example"),
    ):
        html = client.get(f"/blocked?name={address}").text
        visitor.go("/help")  # whose address the style of the page is found by
        put_page(visitor.tab, html)
        assert address in visitor.tab.text("main")
        assert examined(visitor.tab, engine, learner, f"blocked-{name}") == []
