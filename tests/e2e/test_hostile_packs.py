"""A pack that tries everything that it must not be able to do: FAULTS 25, in both browsers."""

import re
from pathlib import Path

import pytest

from hub.library import indexer
from support.cdp import BrowserError
from support.installing import uninstall
from support.shelves import HOSTILE_TITLE, put_lesson
from support.visitor import Visitor

PAGES = Path(__file__).parent / "hostile_pack"  # each attempt writes what came of it into its own page
_REFUSED = (
    *("cookie", "set-cookie", "domain", "local-storage", "session-storage", "parent", "parent-name", "top"),
    *(
        "top-replace",
        "top-history",
        "database",
        "caches",
        "worker",
        "fetch",
        "fetch-blind",
        "fetch-post",
        "file",
    ),
    *("beacon", "frame0", "frame1"),
)
_HTML = (
    "<!doctype html><html><script>document.documentElement.setAttribute('data-ran', 'html')</script></html>"
)
_DISGUISES = (  # pages by content or by name, and what a browser may take for one
    *("drawing.svg", "page.xhtml", "page.xml", "html.svg", "html.xml", "html.txt", "html.json", "html.png"),
    *("html.mp3", "html.css", "html.vtt", "unknown", "unknown.xyz", "double.html.md"),
)


@pytest.fixture(scope="module", params=("ports", "front-door"))
def packs(request, tmp_path_factory):
    """The portal, straight or through its front door, with the hostile pack and an honest one beside it."""
    names = {"ports": ("hub_dir", "served"), "front-door": ("door_dir", "door")}[request.param]
    hub_dir, served = map(request.getfixturevalue, names)
    scratch = tmp_path_factory.mktemp("hostile")
    files = {p.name: p.read_text().replace("PORTAL", served.url).encode() for p in PAGES.iterdir()}
    disguised = {name: _HTML.encode() for name in (*_DISGUISES, "html.pdf") if name not in files}
    disguised["page.xml"] = files["page.xhtml"]
    more = {"worker.js": b"", "script.gif": b"GIF89a=1;document.title='ran'"}
    put_lesson(hub_dir, scratch, files | disguised | more, id="hostile", title=HOSTILE_TITLE)
    put_lesson(hub_dir, scratch, {"index.html": files["name.html"]}, id="second")
    yield served
    for pack_id in ("hostile", "second"):
        uninstall(hub_dir, pack_id)
    # What the index holds of a pack that is gone still weighs in the order of what later tests find.
    assert indexer.spawn(hub_dir).wait(60) == 0


@pytest.fixture
def guest(tab, engine, packs):
    """A learner who chose Ukrainian."""
    guest = Visitor(tab, packs, engine)
    guest.arrive()
    return guest


def address_of(guest, name):
    """The address of a file of the hostile pack on its own origin."""
    guest.go(f"/view/hostile/{name}")
    return guest.tab.value("document.querySelector('iframe').src")


def nothing_changed(guest, path):
    assert guest.place == path
    assert guest.tab.cookies(guest.served.url)["language"] == "uk"
    guest.go("/library")
    assert guest.tab.value("document.documentElement.lang") == "uk"


def test_a_hostile_pack_reaches_nothing_of_the_portal(guest):
    guest.go("/view/hostile/")
    frame = guest.tab.frame("hostile")
    guest.tab.wait_until("!!document.getElementById('done')", frame=frame)
    lines = "[].map.call(document.querySelectorAll('#log li'), function (e) { return [e.id, e.textContent] })"
    said = dict(guest.tab.value(lines, frame=frame))
    assert {name: what for name, what in said.items() if what != "refused"} == {"done": "done"}
    assert set(said) == {*_REFUSED, "done"}
    asked = [
        request for request in guest.tab.take_requests() if "/set/" in request.url or "/nope" in request.url
    ]
    assert [(request.url, request.status) for request in asked if 200 <= request.status < 400] == []
    assert guest.tab.dialogs == []
    nothing_changed(guest, "/view/hostile/")


def test_the_portal_cannot_be_framed(guest):
    guest.go("/view/hostile/")
    guest.tab.wait_for(lambda: len(guest.tab.frames()) > 3, "the frames")
    guest.tab.pause(0.5)
    shown = [
        guest.tab.value("document.body ? document.body.innerText : ''", frame=f)
        for f, url in guest.tab.frames().items()
        if url.startswith(guest.served.url) and f in guest.tab._contexts
    ]
    assert [text for text in shown if "Бібліотека" in text] == []


@pytest.mark.parametrize("name", ["refresh.html", "leave.html"])
def test_a_page_that_sends_itself_to_the_portal_changes_nothing(guest, name):
    guest.go(f"/view/hostile/{name}")
    guest.tab.pause(0.7)
    nothing_changed(guest, f"/view/hostile/{name}")


@pytest.mark.parametrize("name", ["popup.html", "popup-form.html"])
def test_a_window_that_a_pack_opens_changes_nothing_and_cannot_be_read(guest, browser, name):
    guest.go(f"/view/hostile/{name}")
    frame = guest.tab.frame(name)
    guest.tab.call(
        "Runtime.evaluate",
        expression="document.getElementById('b').click()",
        userGesture=True,
        contextId=guest.tab.context(frame),
    )
    guest.tab.wait_for(lambda: len(browser.pages()) > 1, "a second window")
    guest.tab.pause(0.7)
    read = "(function () { try { return w.document.title } catch (error) { return 'refused' } })()"
    assert guest.tab.value(read, frame=frame) == "refused"
    guest.tab.value("w.close()", frame=frame)
    nothing_changed(guest, f"/view/hostile/{name}")


def test_an_honest_pack_may_have_frames_of_its_own(guest):
    guest.go("/view/hostile/honest.html")
    inner = guest.tab.frame("inner.html")
    assert guest.tab.value("document.getElementById('inner').textContent", frame=inner) == "всередині"


def test_opened_outside_the_portal_a_pack_is_as_powerless(guest):
    address = address_of(guest, "inner.html")
    guest.tab.open(address)
    assert guest.tab.value("origin || self.origin") == "null"
    for attempt in ("document.cookie", "localStorage.x = 1", "sessionStorage.x = 1", "indexedDB.open('x')"):
        with pytest.raises(BrowserError):
            guest.tab.value(attempt)
    nothing_left_behind = guest.tab.cookies(address)
    assert nothing_left_behind.get("language", "uk") == "uk"


def test_the_next_pack_finds_nothing_that_the_hostile_one_left(guest):
    guest.go("/view/hostile/")
    frame = guest.tab.frame("hostile")
    guest.tab.wait_until("window.name === 'left behind'", frame=frame)
    guest.go("/view/second/")
    assert (
        guest.tab.wait_until("document.getElementById('name').textContent", frame=guest.tab.frame("second"))
        == "[]"
    )
    assert guest.tab.value("window.name") == ""


@pytest.mark.parametrize("name", _DISGUISES)
def test_a_disguised_page_runs_nowhere_or_powerless(guest, name):
    address = address_of(guest, "inner.html").replace("inner.html", name)
    try:
        guest.tab.call("Page.navigate", url=address)
        guest.tab.pause(0.3)
    except BrowserError:
        pass  # it is kept as a file instead
    assert guest.tab.value("document.documentElement.getAttribute('data-ran')") in (None, "refused")


def test_a_page_called_pdf_is_no_page(guest):
    address = address_of(guest, "inner.html").replace("inner.html", "html.pdf")
    guest.tab.call("Page.navigate", url=address)
    guest.tab.pause(0.5)
    assert guest.tab.value("document.documentElement.getAttribute('data-ran')") is None


def test_a_picture_is_no_script(guest):
    guest.tab.open(address_of(guest, "inner.html").replace("inner.html", "polyglot.html"))
    assert guest.tab.value("document.title") == "calm"


def test_a_title_of_markup_is_text_on_every_page(guest):
    for path in ("/", "/library", "/pack/hostile", "/view/hostile/inner.html"):
        guest.go(path)
        assert guest.tab.dialogs == []
        assert (
            guest.tab.value("document.querySelectorAll('main script, header script, title script').length")
            == 0
        )
    assert re.search("<script>", guest.tab.value("document.title"))


@pytest.mark.parametrize("packs", ["front-door"], indirect=True)
@pytest.mark.parametrize(
    "path", ["/", "/library", "/set/language/en", "/p/second/index.html", "/static/portal.js"]
)
def test_the_host_of_a_pack_has_nothing_but_this_pack(guest, packs, path):
    address = address_of(guest, "inner.html")
    host = packs.pack_host("hostile")
    assert address.startswith(f"http://{host}/")
    guest.tab.take_requests()
    guest.tab.open(f"http://{host}{path}")
    assert [r.status for r in guest.tab.take_requests() if r.url.endswith(path)][:1] == [404]
    assert guest.tab.value("origin || self.origin") == "null"


@pytest.mark.parametrize("packs", ["front-door"], indirect=True)
def test_packs_have_hosts_of_their_own(guest):
    guest.go("/view/second/")
    assert "//p-second." in guest.tab.value("document.querySelector('iframe').src")
    assert "//p-hostile." in address_of(guest, "inner.html")
