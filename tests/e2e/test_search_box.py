"""The search box in today's Chromium: suggestions by keyboard and pointer, and life without scripts."""

import time
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from hub.library.indexer import index_pending
from hub.settings import HubPaths
from support.browser import open_browser, set_width
from support.libraries import NOW
from support.serving import Served, serving
from support.shelves import put_lesson, stock
from support.sources import PAGE
from support.waiting import wait_for

MIN_TARGET_PX = 44


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("search")
    paths = HubPaths(folder / "hub")
    stock(paths, folder / "scratch")
    pages = {"index.html": PAGE.format("Вулкани світу", "Вулкани, вулканологи.").encode()}
    put_lesson(paths, folder / "scratch", pages, id="volcanoes", title="Географія: вулкани")
    index_pending(paths, now=NOW)
    with serving(paths) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def box(browser: Chrome, served: Served):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    set_width(browser, 360, 740)
    browser.get(served.url + "/library")
    browser.get(served.url + "/search")
    return browser.find_element(By.NAME, "q")


def options(browser: Chrome):
    return browser.find_elements(By.CSS_SELECTOR, "[role=option]")


def type_and_wait(browser: Chrome, box, words: str):
    box.send_keys(words)
    wait_for(lambda: options(browser), timeout_s=10)
    return options(browser)


def requests_for_suggestions(browser: Chrome) -> list[str]:
    entries = "return performance.getEntriesByType('resource').map(function (e) { return e.name; })"
    return [name for name in browser.execute_script(entries) if "/search/suggest" in name]


def test_arrows_choose_and_enter_searches(browser, box):
    first = type_and_wait(browser, box, "вулк")[0].text
    assert box.get_attribute("aria-expanded") == "true"
    box.send_keys(Keys.ARROW_DOWN)
    chosen = browser.find_element(By.ID, box.get_attribute("aria-activedescendant"))
    assert (chosen.text, chosen.get_attribute("aria-selected")) == (first, "true")
    assert box.get_attribute("value") == first
    box.send_keys(Keys.ENTER)
    wait_for(lambda: "/search?q=" in browser.current_url, timeout_s=10)
    assert browser.find_element(By.NAME, "q").get_attribute("value") == first


def test_escape_gives_back_what_was_typed(browser, box):
    type_and_wait(browser, box, "вулк")
    box.send_keys(Keys.ARROW_UP)
    assert box.get_attribute("value") != "вулк"
    box.send_keys(Keys.ESCAPE)
    assert box.get_attribute("value") == "вулк"
    assert options(browser) == []
    assert box.get_attribute("aria-expanded") == "false"


def test_enter_without_a_choice_searches_what_was_typed(browser, box):
    type_and_wait(browser, box, "вулк")
    box.send_keys(Keys.ENTER)
    wait_for(lambda: "/search?q=" in browser.current_url, timeout_s=10)
    assert browser.find_element(By.NAME, "q").get_attribute("value") == "вулк"


def test_a_title_leads_to_its_page(browser, box):
    type_and_wait(browser, box, "вулк")
    next(option for option in options(browser) if option.text == "Вулкани світу").click()
    wait_for(lambda: "/view/volcanoes" in browser.current_url, timeout_s=10)


def test_is_read_out_and_large_enough(browser, box):
    found = type_and_wait(browser, box, "вулк")
    assert str(len(found)) in browser.find_element(By.CSS_SELECTOR, "[role=status]").get_attribute(
        "textContent"
    )
    assert min(option.rect["height"] for option in found) >= MIN_TARGET_PX
    assert browser.find_element(By.CSS_SELECTOR, "[role=listbox]").get_attribute("aria-label")
    wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= inner


def test_a_word_typed_fast_is_asked_for_once(browser, box):
    for letter in "вулкани":
        box.send_keys(letter)
    wait_for(lambda: requests_for_suggestions(browser), timeout_s=10)
    time.sleep(0.5)
    assert len(requests_for_suggestions(browser)) <= 3  # one, unless this machine types slower than a person


def test_leaving_the_box_closes_the_list(browser, box):
    type_and_wait(browser, box, "вулк")
    box.send_keys(Keys.TAB)
    assert options(browser) == []


def test_everything_is_found_without_scripts(browser, served):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(served.url + "/search")
    box = browser.find_element(By.NAME, "q")
    box.send_keys("вулкан" + Keys.ENTER)
    wait_for(lambda: "/search?q=" in browser.current_url, timeout_s=10)
    assert browser.find_element(By.PARTIAL_LINK_TEXT, "Вулкани світу")
    assert not browser.find_element(By.NAME, "q").get_attribute("role")


def test_no_page_with_the_script_makes_the_browser_complain(browser, box):
    browser.get_log("browser")
    type_and_wait(browser, box, "вулк")
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
