"""The search box in both browsers: suggestions by keyboard and pointer, and life without scripts."""

import pytest

from support.school import BOOK, SHELF
from support.visitor import Visitor

BOX = "main input[name=q]"
MIN_TARGET_PX = 44
_OPTIONS = (
    "[].map.call(document.querySelectorAll('main [role=option]'), function (e) { return e.textContent })"
)
_HEIGHTS = """Math.min.apply(null, [].map.call(document.querySelectorAll('main [role=option]'),
  function (e) { return e.getBoundingClientRect().height }))"""


@pytest.fixture
def searcher(visitor: Visitor) -> Visitor:
    """A learner in front of an empty search box."""
    visitor.go("/search")
    visitor.tab.tap(BOX)
    return visitor


def type_and_wait(tab, words):
    tab.type(words)
    return tab.wait_until(f"({_OPTIONS}).length && {_OPTIONS}")


def box(tab, name):
    """An attribute of the box, or what is in it."""
    if name == "value":
        return tab.value(f"document.querySelector('{BOX}').value")
    return tab.value(f"document.querySelector('{BOX}').getAttribute('{name}')")


def test_arrows_choose_and_enter_goes_there(searcher):
    tab = searcher.tab
    offers = type_and_wait(tab, "дро")
    assert box(tab, "aria-expanded") == "true"
    searcher.keep("suggestions")
    for offer in offers[:2]:
        tab.press("ArrowDown")
        chosen = f"document.getElementById('{box(tab, 'aria-activedescendant')}')"
        assert tab.value(f"[{chosen}.textContent, {chosen}.getAttribute('aria-selected')]") == [offer, "true"]
        assert box(tab, "value") == offer
    tab.press("ArrowUp")
    assert box(tab, "value") == offers[0]
    with tab.loading():
        tab.press("Enter")
    assert searcher.place.startswith(("/search?q=", "/view/", "/pack/"))


def test_arrows_come_round_to_what_was_typed(searcher):
    tab = searcher.tab
    type_and_wait(tab, "дро")
    tab.press("ArrowUp")
    assert box(tab, "value") != "дро"
    tab.press("ArrowDown")
    assert box(tab, "value") == "дро"


def test_escape_gives_back_what_was_typed(searcher):
    tab = searcher.tab
    type_and_wait(tab, "дро")
    tab.press("ArrowUp")
    tab.press("Escape")
    assert (box(tab, "value"), box(tab, "aria-expanded"), tab.value(_OPTIONS)) == ("дро", "false", [])
    assert box(tab, "aria-activedescendant") is None


def test_enter_without_a_choice_searches_what_was_typed(searcher):
    type_and_wait(searcher.tab, "дро")
    with searcher.tab.loading():
        searcher.tab.press("Enter")
    assert searcher.place.startswith("/search?q=")
    assert box(searcher.tab, "value") == "дро"


def test_a_title_leads_to_its_page(searcher):
    offers = type_and_wait(searcher.tab, "Вступ до прог")
    number = next(n for n, text in enumerate(offers) if text.startswith("Вступ до програмування мовою")) + 1
    searcher.tab.follow(f"main [role=option]:nth-child({number})")
    assert f"/{BOOK}" in searcher.place


def test_is_read_out_and_large_enough(searcher):
    tab = searcher.tab
    offers = type_and_wait(tab, "дро")
    assert str(len(offers)) in tab.value("document.querySelector('main [role=status]').textContent")
    assert tab.value(_HEIGHTS) >= MIN_TARGET_PX
    assert tab.value("document.querySelector('main [role=listbox]').getAttribute('aria-label')")
    assert tab.value("document.documentElement.scrollWidth") <= searcher.size[0]


def test_leaving_the_box_closes_the_list(searcher):
    type_and_wait(searcher.tab, "дро")
    searcher.tab.press("Tab")
    assert searcher.tab.value(_OPTIONS) == []


def test_a_word_typed_fast_is_asked_for_once(searcher):
    searcher.tab.take_requests()
    type_and_wait(searcher.tab, "дроби")
    asked = [request for request in searcher.tab.take_requests() if "/search/suggest" in request.url]
    assert len(asked) <= 3  # one, unless this machine types slower than a person


def test_wrong_keys_find_the_words_that_were_meant(searcher):
    searcher.tab.type("lhj,b")  # дроби on a keyboard that was left in English
    with searcher.tab.loading():
        searcher.tab.press("Enter")
    searcher.keep("search-wrong-layout")
    assert "дроби" in searcher.tab.text("main")
    assert searcher.tab.has(f"main a[href*='/view/{SHELF}/']")


def test_a_search_is_narrowed_and_widened(searcher):
    tab = searcher.tab
    searcher.go("/search?q=%D0%B4%D1%80%D1%96%D0%B1")
    tab.tap("main summary")
    tab.value("document.querySelector('main select[name=subject]').value = 'mathematics'")
    tab.follow("main details form button")
    assert "subject=mathematics" in searcher.place
    searcher.keep("search-narrowed")
    assert tab.has(f"main a[href*='/view/{SHELF}/']")
    tab.follow("main details a[href^='/search?q=']")
    assert "subject=" not in searcher.place


def test_everything_is_found_without_scripts(visitor):
    visitor.tab.allow_scripts(False)
    visitor.go("/search")
    visitor.tab.tap(BOX)
    visitor.tab.type("дріб")
    with visitor.tab.loading():
        visitor.tab.press("Enter")
    assert visitor.tab.has(f"main a[href*='/view/{SHELF}/']")
    assert box(visitor.tab, "role") is None


def test_the_script_makes_no_browser_complain(searcher):
    type_and_wait(searcher.tab, "дро")
    searcher.tab.press("Escape")
    assert searcher.tab.complaints == []
