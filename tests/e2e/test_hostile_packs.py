"""A pack that tries everything that it must not be able to do: FAULTS 25, in both browsers."""

import re

import pytest

from support.cdp import TabError
from support.installing import uninstall
from support.shelves import HOSTILE_TITLE, put_lesson

# Each attempt writes a line with its name and what came of it into its own page; nothing else can leave it.
_TRY = """
function tell(name, said) {
  if (document.getElementById(name)) return;
  var line = document.createElementNS('http://www.w3.org/1999/xhtml', 'li'); line.id = name; line.textContent = said;
  document.getElementById('log').appendChild(line);
}
function attempt(name, act) { var said; try { said = String(act()); } catch (error) { said = 'refused'; } tell(name, said); }
function later(name, act) {
  try { act().then(function (got) { tell(name, String(got)); }, function () { tell(name, 'refused'); }); }
  catch (error) { tell(name, 'refused'); }
}
"""
_INDEX = (
    "<!doctype html><meta charset=utf-8><title>x</title><body><ol id=log></ol><script>"
    + _TRY
    + """
attempt('cookie', function () { return document.cookie || 'none'; });
attempt('set-cookie', function () { document.cookie = 'language=en'; return document.cookie; });
attempt('domain', function () { document.domain = document.domain; return 'set'; });
attempt('local-storage', function () { return localStorage.length; });
attempt('session-storage', function () { return sessionStorage.length; });
attempt('parent', function () { return parent.document.title; });
attempt('parent-name', function () { return parent.name; });
attempt('top', function () { top.location.href = 'PORTAL/nope'; return 'asked'; });
attempt('top-replace', function () { top.location.replace('PORTAL/nope'); return 'asked'; });
attempt('top-history', function () { return top.history.length; });
later('database', function () { return new Promise(function (good, bad) {
  var asked = indexedDB.open('x'); asked.onsuccess = function () { good('open'); }; asked.onerror = bad; }); });
later('caches', function () { return caches.open('x').then(function () { return 'open'; }); });
later('worker', function () { return navigator.serviceWorker.register('worker.js').then(function () { return 'kept'; }); });
later('fetch', function () { return fetch('PORTAL/status.json', {credentials: 'include'}).then(function () { return 'read'; }); });
later('fetch-blind', function () { return fetch('PORTAL/set/language/en', {mode: 'no-cors', credentials: 'include'}).then(
  function () { return 'sent'; }); });
later('fetch-post', function () { return fetch('PORTAL/set/language/en', {method: 'POST', mode: 'no-cors'}).then(
  function () { return 'sent'; }); });
later('file', function () { return fetch('file:///etc/passwd').then(function () { return 'read'; }); });
later('beacon', function () { return navigator.sendBeacon('PORTAL/set/language/en', 'x') ? fetch('PORTAL/x') : Promise.reject(); });
['img', 'script', 'iframe', 'embed', 'link'].forEach(function (tag) {
  var made = document.createElement(tag); made.rel = 'stylesheet';
  made[tag === 'link' ? 'href' : 'src'] = 'PORTAL/set/language/en?' + tag; document.body.appendChild(made);
});
['file:///etc/passwd', 'PORTAL/library'].forEach(function (address, n) {
  var made = document.createElement('iframe'); made.src = address;
  document.body.appendChild(made);
  setTimeout(function () { attempt('frame' + n, function () { return made.contentDocument.body.textContent; }); }, 900);
});
['_top', '_parent', 'inside'].forEach(function (target) { ['post', 'get'].forEach(function (method) {
  var form = document.createElement('form'); form.method = method; form.target = target;
  form.action = 'PORTAL/set/language/en'; form.innerHTML = '<input name=a value=1>'; document.body.appendChild(form);
  try { form.submit(); } catch (error) { }
}); });
var inside = document.createElement('iframe'); inside.name = 'inside'; document.body.appendChild(inside);
var link = document.createElement('a'); link.href = 'PORTAL/nope'; link.target = '_top'; document.body.appendChild(link);
link.click();
window.name = 'left behind';
setTimeout(function () { tell('done', 'done'); }, 1800);
</script>"""
)
_PAGES = {
    "index.html": _INDEX,
    "inner.html": "<!doctype html><meta charset=utf-8><p id=inner>всередині</p>",
    "honest.html": "<!doctype html><iframe src=inner.html></iframe>",
    "refresh.html": "<!doctype html><base target=_top><meta http-equiv=refresh content='0;url=PORTAL/set/language/en'>",
    "leave.html": "<!doctype html><script>location.href = 'PORTAL/set/language/en'</script>",
    "popup.html": "<!doctype html><button id=b onclick=\"window.w = window.open('PORTAL/set/language/en')\">x</button>",
}
_REFUSED = (
    *("cookie", "set-cookie", "domain", "local-storage", "session-storage", "parent", "parent-name", "top"),
    *("top-replace", "top-history", "database", "caches", "worker", "fetch", "fetch-blind", "fetch-post", "file"),
    *("beacon", "frame0", "frame1"),
)
# The same attack in files that are no HTML by their name.
_DRAWN = (
    "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>document.documentElement.setAttribute("
    "'data-ran', (function () { try { return document.cookie || 'none' } catch (e) { return 'refused' } })())</script></svg>"
)
_XHTML = _DRAWN.replace("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml").replace("svg", "html")
_HTML = "<!doctype html><html><script>document.documentElement.setAttribute('data-ran', 'html')</script></html>"
_DISGUISES = {
    "drawing.svg": _DRAWN,
    "page.xhtml": _XHTML,
    "page.xml": _XHTML,
    "html.svg": _HTML,
    "html.xml": _HTML,
    "html.txt": _HTML,
    "html.json": _HTML,
    "html.png": _HTML,
    "html.mp3": _HTML,
    "html.css": _HTML,
    "html.vtt": _HTML,
    "unknown": _HTML,
    "unknown.xyz": _HTML,
    "double.html.md": _HTML,
}


@pytest.fixture(scope="module")
def packs(hub_dir, served, tmp_path_factory):
    """The hostile pack, installed, and an honest one beside it."""
    scratch = tmp_path_factory.mktemp("hostile")
    pages = {name: text.replace("PORTAL", served.url).encode() for name, text in _PAGES.items()}
    disguised = {name: text.encode() for name, text in _DISGUISES.items()}
    worker = {"worker.js": b"", "html.pdf": _HTML.encode(), "script.gif": b"GIF89a=1;document.title='ran'"}
    worker["polyglot.html"] = b"<!doctype html><title>calm</title><script src=script.gif></script>"
    put_lesson(hub_dir, scratch, pages | disguised | worker, id="hostile", title=HOSTILE_TITLE)
    name = "<!doctype html><p id=name></p><script>document.getElementById('name').textContent = '[' + window.name + ']'</script>"
    put_lesson(hub_dir, scratch, {"index.html": name.encode()}, id="second")
    yield
    for pack_id in ("hostile", "second"):
        uninstall(hub_dir, pack_id)


@pytest.fixture
def guest(visitor, packs):
    """A learner who chose Ukrainian."""
    return visitor


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
    asked = [request for request in guest.tab.take_requests() if "/set/" in request.url or "/nope" in request.url]
    assert [(request.url, request.status) for request in asked if 200 <= request.status < 400] == []
    assert guest.tab.dialogs == []
    nothing_changed(guest, "/view/hostile/")


def test_the_portal_cannot_be_framed(guest):
    guest.go("/view/hostile/")
    guest.tab.wait_for(lambda: len(guest.tab.frames()) > 3, "the frames")
    guest.tab.value("new Promise(function (done) { setTimeout(done, 500) })")
    shown = [guest.tab.value("document.body ? document.body.innerText : ''", frame=f) for f, url in guest.tab.frames().items() if url.startswith(guest.served.url) and f in guest.tab._contexts]
    assert [text for text in shown if "Бібліотека" in text] == []


@pytest.mark.parametrize("name", ["refresh.html", "leave.html"])
def test_a_page_that_sends_itself_to_the_portal_changes_nothing(guest, name):
    guest.go(f"/view/hostile/{name}")
    guest.tab.value("new Promise(function (done) { setTimeout(done, 700) })")
    nothing_changed(guest, f"/view/hostile/{name}")


def test_a_window_that_a_pack_opens_changes_nothing_and_cannot_be_read(guest, browser):
    guest.go("/view/hostile/popup.html")
    frame = guest.tab.frame("popup.html")
    guest.tab.call("Runtime.evaluate", expression="document.getElementById('b').click()", userGesture=True, contextId=guest.tab.context(frame))
    guest.tab.value("new Promise(function (done) { setTimeout(done, 700) })")
    read = "(function () { try { return window.w ? w.document.title : 'refused' } catch (error) { return 'refused' } })()"
    assert guest.tab.value(read, frame=frame) == "refused"
    guest.tab.value("window.w && w.close()", frame=frame)
    nothing_changed(guest, "/view/hostile/popup.html")


def test_an_honest_pack_may_have_frames_of_its_own(guest):
    guest.go("/view/hostile/honest.html")
    inner = guest.tab.frame("inner.html")
    assert guest.tab.value("document.getElementById('inner').textContent", frame=inner) == "всередині"


def test_opened_outside_the_portal_a_pack_is_as_powerless(guest):
    address = address_of(guest, "inner.html")
    guest.tab.open(address)
    assert guest.tab.value("origin || self.origin") == "null"
    for attempt in ("document.cookie", "localStorage.x = 1", "sessionStorage.x = 1", "indexedDB.open('x')"):
        with pytest.raises(TabError):
            guest.tab.value(attempt)
    nothing_left_behind = guest.tab.cookies(address)
    assert nothing_left_behind.get("language", "uk") == "uk"


def test_the_next_pack_finds_nothing_that_the_hostile_one_left(guest):
    guest.go("/view/hostile/")
    frame = guest.tab.frame("hostile")
    guest.tab.wait_until("window.name === 'left behind'", frame=frame)
    guest.go("/view/second/")
    assert guest.tab.wait_until("document.getElementById('name').textContent", frame=guest.tab.frame("second")) == "[]"
    assert guest.tab.value("window.name") == ""


@pytest.mark.parametrize("name", _DISGUISES)
def test_a_disguised_page_runs_nowhere_or_powerless(guest, name):
    address = address_of(guest, "inner.html").replace("inner.html", name)
    try:
        guest.tab.call("Page.navigate", url=address)
        guest.tab.value("new Promise(function (done) { setTimeout(done, 300) })")
    except TabError:
        pass  # it is kept as a file instead
    assert guest.tab.value("document.documentElement.getAttribute('data-ran')") in (None, "refused")


def test_a_page_called_pdf_is_no_page(guest):
    address = address_of(guest, "inner.html").replace("inner.html", "html.pdf")
    guest.tab.call("Page.navigate", url=address)
    guest.tab.value("new Promise(function (done) { setTimeout(done, 500) })")
    assert guest.tab.value("document.documentElement.getAttribute('data-ran')") is None


def test_a_picture_is_no_script(guest):
    guest.tab.open(address_of(guest, "inner.html").replace("inner.html", "polyglot.html"))
    assert guest.tab.value("document.title") == "calm"


def test_a_title_of_markup_is_text_on_every_page(guest):
    for path in ("/", "/library", "/pack/hostile", "/view/hostile/inner.html"):
        guest.go(path)
        assert guest.tab.dialogs == []
        assert guest.tab.value("document.querySelectorAll('main script, header script, title script').length") == 0
    assert re.search("<script>", guest.tab.value("document.title"))
