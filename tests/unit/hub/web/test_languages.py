import re

import pytest
from flask_babel import force_locale, gettext, ngettext

from hub.web.display import date, item_label, language_name, node_label, size, span, translated
from hub.web.kinds import find_kind
from hub.web.portal import LANGUAGES, STAFF_LANGUAGES
from support.shelves import put_lesson, stock

COUNTS = (0, 1, 2, 5, 11, 21, 22, 101)
PACKS = {
    "en": "packs pack packs packs packs packs packs packs",
    "uk": "пакетів пакет пакети пакетів пакетів пакет пакети пакет",
    "ro": "pachete pachet pachete pachete pachete de_pachete de_pachete pachete",
    "hu": "csomag csomag csomag csomag csomag csomag csomag csomag",
    "pl": "pakietów pakiet pakiety pakietów pakietów pakietów pakiety pakietów",
}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def speaking(portal):
    """Speak a language outside a page."""

    def speak(language, say):
        with portal.application.test_request_context("/"), force_locale(language):
            return say()

    return speak


@each_language
def test_a_number_of_things_is_said_as_the_language_says_it(speaking, language):
    words = [word.replace("_", " ") for word in PACKS[language].split()]
    said = [speaking(language, lambda n=n: ngettext("%(num)s pack", "%(num)s packs", n)) for n in COUNTS]
    assert said == [f"{n} {word}" for n, word in zip(COUNTS, words, strict=True)]


@pytest.mark.parametrize(
    ("language", "day", "amount", "time", "name"),
    [
        ("uk", "5 травня 2026", "4,5 МБ", "1 год 30 хв", "польська"),
        ("en", "5 May 2026", "4.5 MB", "1 h 30 min", "Polish"),
        ("ro", "5 mai 2026", "4,5 MB", "1 h 30 min", "poloneză"),
        ("hu", "2026. május 5.", "4,5 MB", "1 ó 30 perc", "lengyel"),
        ("pl", "5 maja 2026", "4,5 MB", "1 godz. 30 min", "polski"),
    ],
)
def test_dates_sizes_durations_and_names_are_those_of_the_language(
    speaking, language, day, amount, time, name
):
    found = speaking(
        language,
        lambda: (date("2026-05-05T10:00:00+00:00"), size(4_500_000), span(5400), language_name("pl")),
    )
    assert found == (day, amount, time, name)


@each_language
def test_every_page_of_a_learner_is_in_the_language_chosen(portal, paths, scratch, language):
    stock(paths, scratch)
    portal.set_cookie("language", language)
    for path in ("/", "/library", "/pack/maths-shelf", "/search?q=python", "/help", "/nowhere"):
        page = portal.get(path).text
        assert f'<html lang="{language}"' in page
        assert f'lang="{language}" aria-current="true"' in page
        with portal.application.test_request_context("/"), force_locale(language):
            assert gettext("Text size") in page


@pytest.mark.parametrize("path", ["/tech/status", "/help/teacher"])
@each_language
def test_a_page_for_staff_is_wholly_in_one_language(portal, language, path):
    portal.set_cookie("language", language)
    page = portal.get(path).text
    spoken = language if language in STAFF_LANGUAGES else "en"
    assert f'<html lang="{spoken}"' in page
    assert f'lang="{language}" aria-current="true"' in page  # the switch still shows what was chosen
    with portal.application.test_request_context("/"), force_locale(spoken):
        assert f"<span>{gettext('Library')}</span>" in page


def test_each_language_calls_itself_by_its_own_name(portal):
    footer = portal.get("/").text.partition("<footer")[2]
    named = re.findall(r'/set/language/(\w+)[^>]*? lang="(\w+)"[^>]*>([^<]+)<', footer)
    assert named == [(code, code, name) for code, name in LANGUAGES.items()]


def test_the_hub_has_a_language_of_its_own_whatever_the_browser_asks_for(portal):
    page = portal.get("/", headers={"Accept-Language": "hu, en;q=0.5"}).text
    assert '<html lang="uk"' in page


@pytest.mark.parametrize(
    ("language", "order"), [("uk", "Ґава Іній Żaba Zebra"), ("pl", "Zebra Żaba Ґава Іній")]
)
def test_the_library_is_in_the_order_of_the_language(portal, paths, scratch, language, order):
    for number, title in enumerate(("Іній", "Żaba", "Ґава", "Zebra")):
        put_lesson(paths, scratch, id=f"pack-{number}", title=title)
    portal.set_cookie("language", language)
    titles = re.findall(r'card-title" lang="\w+">([^<]+)<', portal.get("/library").text)
    assert titles == order.split()


def test_content_keeps_its_own_language(portal, paths, scratch):
    put_lesson(paths, scratch, title="Gry i zabawy", language="pl", description="Dla młodszych.")
    portal.set_cookie("language", "hu")
    page = portal.get("/library").text
    assert '<span class="card-title" lang="pl">Gry i zabawy</span>' in page
    assert '<span class="card-text" lang="pl">Dla młodszych.</span>' in page
    assert "lengyel" in page


@each_language
def test_kinds_and_types_have_names(speaking, language):
    labels = [find_kind("web"), item_label("video"), item_label("other"), node_label("exam")]
    assert all(speaking(language, lambda label=label: translated(label.name)) for label in labels)
