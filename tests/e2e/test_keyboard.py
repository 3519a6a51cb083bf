"""Every page by keyboard alone: what is reached, in which order, what shows where one is, what keys do."""

from pathlib import Path

import pytest

from support.school import PAGES
from support.tab import BrowserError

every_page = pytest.mark.parametrize("name", PAGES)
MAX_STOPS = 300
MAX_STOPS_BEFORE_MAIN = 4  # of a page that has no link to skip them
SCRIPTS = Path(__file__).parent / "scripts"
_WATCH = (SCRIPTS / "watch_focus.js").read_text()
_BEFORE_MAIN = """(function () {
  var content = document.querySelector('main, iframe');
  return [].filter.call(document.querySelectorAll('a, button'), function (e) {
    return !content.contains(e) && e.compareDocumentPosition(content) & Node.DOCUMENT_POSITION_FOLLOWING;
  }).length;
})()"""
_OWN_FOCUS = ("IFRAME", "VIDEO", "AUDIO")  # what is inside them shows its own focus


def walk(tab):
    """Press Tab through the page; return what was told of each stop; a frame or a player is one stop."""
    stops = []
    for _ in range(MAX_STOPS):
        tab.press("Tab")
        stop = tab.value("told()")
        if stop is None or (stops and stop["number"] == 0):
            return stops
        if not stops or stops[-1]["number"] != stop["number"]:
            stops.append(stop)
    raise BrowserError(f"Tab never came to the end of the page; the last stops were {stops[-3:]}")


@every_page
def test_tab_reaches_each_control_once_in_order_and_one_sees_where_one_is(visitor, name):
    visitor.go(PAGES[name])
    count = visitor.tab.value(_WATCH)
    stops = walk(visitor.tab)
    assert [stop["number"] for stop in stops] == list(range(count))
    assert [s["html"] for s in stops if not s["shown"] and s["tag"] not in _OWN_FOCUS] == []
    assert [s["html"] for s in stops if s["covered"]] == []


@every_page
def test_the_content_is_the_second_stop_or_a_few_away(visitor, name):
    visitor.go(PAGES[name])
    visitor.tab.press("Tab")
    target = visitor.tab.value("(document.activeElement.getAttribute('href') || '')")
    if target.startswith("#"):
        visitor.tab.press("Enter")
        visitor.tab.press("Tab")
        inside = f"document.querySelector({target!r}).contains(document.activeElement)"
        assert visitor.tab.value(
            f"{inside} || !document.querySelector({target!r}).querySelector('a, button')"
        )
    else:
        assert visitor.tab.value(_BEFORE_MAIN) <= MAX_STOPS_BEFORE_MAIN


def test_one_searches_opens_and_comes_home_without_a_pointer(learner):
    tab = learner.tab
    learner.go("/")
    _go_to(tab, "input[name=q]")
    tab.type("while loop")
    with tab.loading():
        tab.press("Enter")
    assert learner.place.startswith("/search?")
    _go_to(tab, "main a[href*='/view/python-basics/']")
    with tab.loading():
        tab.press("Enter")
    assert learner.place.startswith("/view/python-basics/")
    _go_to(tab, "a[href='/']")
    with tab.loading():
        tab.press("Enter")
    assert learner.place == "/"


def test_space_presses_a_button_and_escape_harms_nothing(learner):
    tab = learner.tab
    learner.go("/search")
    _go_to(tab, "main input[name=q]")
    tab.type("loop")
    tab.press("Escape")
    assert learner.place == "/search"
    tab.value("document.querySelector('main input[name=q]').value = 'loop'")
    _go_to(tab, "main [role=search] button")
    with tab.loading():
        tab.press("Space")
    assert learner.place.startswith("/search?")


def test_shift_and_tab_go_back(visitor):
    visitor.go("/library")
    visitor.tab.press("Tab")
    visitor.tab.press("Tab")
    second = visitor.tab.value("document.activeElement.outerHTML")
    visitor.tab.press("Tab")
    visitor.tab.press("Tab", shift=True)
    assert visitor.tab.value("document.activeElement.outerHTML") == second


def _go_to(tab, selector):
    """Press Tab until the first element of the selector has the focus."""
    for _ in range(MAX_STOPS):
        tab.press("Tab")
        if tab.run("function (s) { return document.activeElement === document.querySelector(s) }", selector):
            return
    raise BrowserError(f"Tab does not reach {selector}")
