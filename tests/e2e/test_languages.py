"""The portal in all its languages: nothing is too long for a phone, the switch works, help is one sheet."""

import re
from pathlib import Path

import pytest

from hub.web.portal import LANGUAGES, STAFF_LANGUAGES
from support.school import PAGES
from support.tab import PHONE
from support.visitor import Visitor

NARROW = (320, 640)  # WCAG 1.4.10
ADDED = [code for code in LANGUAGES if code not in STAFF_LANGUAGES]
_SPILLING = (Path(__file__).parent / "scripts" / "spilling.js").read_text(encoding="utf-8")
_PAGE_OF_PDF = re.compile(rb"/Type\s*/Page\b")
NAMES = "[].map.call(document.querySelectorAll('footer [lang]'), e => e.innerText.trim())"


@pytest.fixture
def reader(tab, served, engine, language) -> Visitor:
    """Somebody with a phone who reads `language`."""
    visitor = Visitor(tab, served, engine, PHONE, language)
    visitor.arrive()
    return visitor


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ADDED)
def test_words_of_every_language_have_room_on_a_phone(reader, name):
    found = {}
    for text_size in ("normal", "huge"):
        reader.arrive(text_size=text_size)
        reader.go(PAGES[name])
        for size in (NARROW, PHONE):
            reader.tab.show(size)
            wide = reader.tab.value("document.documentElement.scrollWidth") - size[0]
            if wide > 0 or reader.tab.run(_SPILLING):
                found[text_size, size[0]] = wide, reader.tab.run(_SPILLING)
        if text_size == "normal":
            reader.keep(f"page-{name}")
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_finds_ones_own_language_and_is_back_where_one_was(reader, language):
    start = next(code for code in LANGUAGES if code != language)
    Visitor(reader.tab, reader.served, reader.engine, PHONE, start).arrive()
    reader.go("/library?grade=5")
    reader.tab.tap("a[href='#settings']")
    assert reader.tab.value(NAMES) == list(LANGUAGES.values())
    reader.keep("switch")
    reader.tab.follow(f"footer [lang={language}]")
    assert reader.place == "/library?grade=5"
    assert reader.tab.value("document.documentElement.lang") == language
    assert reader.tab.text("footer [aria-current][lang]") == LANGUAGES[language]


@pytest.mark.parametrize("language", ["uk"])
def test_the_language_is_chosen_with_the_keyboard_alone(reader):
    reader.go("/help")
    for _ in range(60):
        reader.tab.press("Tab")
        if reader.tab.value("document.activeElement.lang") == "hu":
            break
    assert reader.tab.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
    with reader.tab.loading():
        reader.tab.press("Enter")
    assert reader.tab.value("document.documentElement.lang") == "hu"


@pytest.mark.parametrize("path", ["/help", "/help/teacher"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_one_sheet_of_paper(reader, path):
    reader.go(path)
    assert len(_PAGE_OF_PDF.findall(reader.tab.print_to_pdf())) == 1
