"""The portal in today's Chromium: how it looks, what works without JavaScript, what a hostile pack can do."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from hub.settings import HubPaths
from support.browser import open_browser, set_width
from support.serving import Served, serving
from support.shelves import HOSTILE_TITLE, put_lesson, put_textbook, stock
from support.waiting import wait_for

PAGES = (
    "/",
    "/library",
    "/library?subject=history",
    "/pack/maths-shelf",
    "/pack/python-basics",
    "/view/python-basics/m00010.html",
    "/view/maths-shelf/" + quote("1 Вступ #1 100%.md"),
    "/view/maths-shelf/" + quote("відео/4 Частини.mp4"),
    "/view/maths-shelf/" + quote("3 Підручник + зошит.pdf"),
    "/search?q=" + quote("дріб"),
    "/help",
    "/tech/status",
    "/nope",
)
MIN_TARGET_PX = 44

# Tries everything that a pack must not be able to do, and reports to its own page only.
HOSTILE = """<!doctype html><meta charset=utf-8><title>x</title><body><ol id=log></ol>
<iframe id=nested src=inner.html></iframe><iframe id=portal src="PORTAL/library"></iframe>
<form id=form method=post action="PORTAL/set/language/en" target=portal2><input name=a></form>
<iframe name=portal2></iframe><script>
function attempt(name, act) {
  var said; try { said = String(act()); } catch (error) { said = 'refused'; }
  var line = document.createElement('li'); line.id = name; line.textContent = said;
  document.getElementById('log').appendChild(line);
}
attempt('cookie', function () { return document.cookie || 'none'; });
attempt('set-cookie', function () { document.cookie = 'language=en'; return document.cookie; });
attempt('storage', function () { return localStorage.length; });
attempt('parent', function () { return parent.document.title; });
attempt('top', function () { top.location = 'PORTAL/nope'; return 'asked'; });
attempt('frame', function () { return document.getElementById('portal').contentDocument.title; });
fetch('PORTAL/status.json', {credentials: 'include'}).then(function (answer) { return answer.text(); }).then(
  function (text) { attempt('fetch', function () { return text; }); },
  function () { attempt('fetch', function () { throw 0; }); });
document.getElementById('form').submit();
setTimeout(function () { attempt('done', function () { return 'done'; }); }, 1500);
</script>"""


@pytest.fixture(scope="module")
def hub_dir(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    folder = tmp_path_factory.mktemp("portal")
    paths = HubPaths(folder / "hub")
    stock(paths, folder / "scratch")
    put_textbook(paths, folder / "scratch")
    return paths


@pytest.fixture(scope="module")
def served(hub_dir: HubPaths) -> Iterator[Served]:
    with serving(hub_dir) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(autouse=True)
def fresh(browser: Chrome) -> None:
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.get_log("browser")
    set_width(browser, 1280, 900)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["normal", "huge"])
def test_nothing_overflows_at_320_pixels(browser, served, path, size):
    browser.get(f"{served.url}/set/text-size/{size}")
    set_width(browser, 320, 640)
    browser.get(served.url + path)
    wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= inner


@pytest.mark.parametrize("path", PAGES)
def test_what_one_taps_is_large_enough(browser, served, path):
    set_width(browser, 360, 740)
    browser.get(served.url + path)
    small = browser.execute_script(
        "return [].filter.call(document.querySelectorAll('a, button, input'), function (e) {"
        " var r = e.getBoundingClientRect();"
        " return !e.closest('.prose, .skip, td, .suggestion') && r.width && r.height < arguments[0]; })"
        ".map(function (e) { return e.outerHTML.slice(0, 120) + e.getBoundingClientRect().height; })".replace(
            "arguments[0]", str(MIN_TARGET_PX)
        )
    )
    assert small == []


@pytest.mark.parametrize("path", PAGES[:-1])
def test_no_page_makes_the_browser_complain(browser, served, path):
    browser.get(served.url + path)
    time.sleep(0.3)
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_learner_finds_a_lesson_reads_it_and_comes_back(browser, served):
    wait_for(lambda: "while" in _search(browser, served, "while loop").lower(), timeout_s=60)
    browser.find_element(By.PARTIAL_LINK_TEXT, "While loop").click()
    frame = browser.find_element(By.CSS_SELECTOR, "iframe")
    browser.switch_to.frame(frame)
    assert browser.find_element(By.TAG_NAME, "h1").text == "While loop"
    browser.find_element(By.LINK_TEXT, "Contents").click()
    wait_for(lambda: "Introduction to Python" in browser.page_source, timeout_s=5)
    browser.switch_to.default_content()
    browser.find_element(By.LINK_TEXT, "Назад").click()
    assert browser.current_url == served.url + "/pack/python-basics"
    browser.find_element(By.LINK_TEXT, "Додому").click()
    assert browser.current_url == served.url + "/"


def _search(browser: Chrome, served: Served, words: str) -> str:
    browser.get(served.url + "/")
    box = browser.find_element(By.NAME, "q")
    box.send_keys(words + Keys.ENTER)
    wait_for(lambda: "/search?q=" in browser.current_url, timeout_s=5)
    return browser.find_element(By.TAG_NAME, "main").text


def test_language_and_text_size_are_one_tap_away_and_lead_back(browser, served):
    browser.get(served.url + "/library?grade=5")
    browser.find_element(By.LINK_TEXT, "English").click()
    assert browser.current_url == served.url + "/library?grade=5"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Library"
    before = browser.find_element(By.TAG_NAME, "h1").size["height"]
    browser.find_element(By.LINK_TEXT, "Very large").click()
    assert browser.find_element(By.TAG_NAME, "h1").size["height"] > before


def test_a_film_shows_its_subtitles_and_can_be_read_across_origins(browser, served):
    browser.get(served.url + "/view/maths-shelf/" + quote("відео/4 Частини.mp4"))
    script = "var t = document.querySelector('video').textTracks[0]; t.mode = 'showing'; return t.cues.length"
    wait_for(lambda: browser.execute_script(script), timeout_s=10)


def test_every_control_can_be_reached_and_seen_with_the_keyboard(browser, served):
    browser.get(served.url + "/")
    wanted = browser.execute_script("return document.querySelectorAll('a, button, input').length")
    seen = set()
    for _ in range(wanted):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        seen.add(browser.switch_to.active_element.id)
        outline = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    assert len(seen) == wanted


@pytest.fixture
def hostile(browser: Chrome, served: Served, hub_dir: HubPaths, tmp_path: Path) -> dict[str, str]:
    """What a hostile pack managed, by the name of the attempt."""
    pages = {
        "index.html": HOSTILE.replace("PORTAL", served.url).encode(),
        "inner.html": "<!doctype html><p id=inner>всередині</p>".encode(),
    }
    put_lesson(hub_dir, tmp_path, pages, id="hostile", title=HOSTILE_TITLE)
    browser.get(served.url + "/set/language/uk")
    browser.get(served.url + "/view/hostile/")
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe.frame"))
    wait_for(lambda: browser.find_elements(By.ID, "done"), timeout_s=10)
    return {line.get_attribute("id"): line.text for line in browser.find_elements(By.CSS_SELECTOR, "#log li")}


def test_a_hostile_pack_reaches_nothing_of_the_portal(browser, served, hostile):
    assert hostile == {
        "cookie": "refused",
        "set-cookie": "refused",
        "storage": "refused",
        "parent": "refused",
        "top": "refused",
        "frame": "refused",
        "fetch": "refused",
        "done": "done",
    }
    browser.switch_to.default_content()
    assert browser.current_url == served.url + "/view/hostile/"
    assert browser.get_cookie("language")["value"] == "uk"


def test_a_hostile_pack_cannot_frame_the_portal(browser, hostile):
    assert hostile
    for frame in ("portal", "portal2"):
        browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, f"[id={frame}], [name={frame}]"))
        assert "Бібліотека" not in browser.page_source
        assert "Library" not in browser.page_source
        browser.switch_to.parent_frame()


def test_an_honest_pack_may_have_frames_of_its_own(browser, hostile):
    assert hostile
    browser.switch_to.frame(browser.find_element(By.ID, "nested"))
    assert browser.find_element(By.ID, "inner").text == "всередині"


def test_two_packs_share_nothing(browser, served, hub_dir, tmp_path, hostile):
    assert hostile
    page = (
        "<!doctype html><p id=found></p><script>try { localStorage.x = 1; var s = 'shared'; }"
        " catch (error) { s = 'refused'; } document.getElementById('found').textContent = s</script>"
    )
    put_lesson(hub_dir, tmp_path, {"index.html": page.encode()}, id="second")
    browser.get(served.content_url + "/p/second/index.html")  # opened outside the portal, too
    assert browser.find_element(By.ID, "found").text == "refused"
