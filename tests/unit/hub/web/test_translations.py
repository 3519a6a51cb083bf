import io
import re

import pytest
from babel.messages.mofile import read_mo

from hub.web.portal import LANGUAGES, STAFF_LANGUAGES
from tools.translations import TRANSLATED, catalogue_path, find_texts, forms, read_catalogue, to_mo, to_po
from tools.translations import untranslated as find_untranslated

PLURALS = {"uk": 3, "ro": 3, "hu": 1, "pl": 3}
CYRILLIC = re.compile("[а-яіїєґ]", re.IGNORECASE)
PLACES = re.compile(r"%\(\w+\)s")
# What a Ukrainian, Romanian, Hungarian or Polish printed text never has.
MISPRINTS = {
    "uk": re.compile("[ыэъё]|[\"'“”]|\\w - |ё", re.IGNORECASE),
    "ro": re.compile("[şţŞŢ\"'“]"),  # s and t with a cedilla; the comma is right
    "hu": re.compile("[õûÕÛ\"'“]"),
    "pl": re.compile("[\"'“]"),
}
each_language = pytest.mark.parametrize("language", TRANSLATED)


def key(message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def keys(catalogue) -> set[str]:
    return {key(message) for message in catalogue if message.id}


def test_learners_and_staff_have_texts_of_their_own():
    learners, everything = keys(find_texts(staff=False)), keys(find_texts(staff=True))
    assert {"Library", "Something went wrong", "Mathematics", "%(num)s result", "Continue"} <= learners
    assert {"The disk cannot be written.", "Prepare a lesson", "Look again"} <= everything - learners


@each_language
def test_every_text_is_translated_and_nothing_else_is(language):
    catalogue = read_catalogue(language)
    assert not list(find_untranslated(catalogue))
    assert keys(catalogue) == keys(find_texts(staff=language in STAFF_LANGUAGES))
    assert not catalogue.obsolete
    assert not any(message.fuzzy for message in catalogue if message.id)


@each_language
def test_plurals_have_the_forms_of_their_language(language):
    counts = {len(forms(m)) for m in read_catalogue(language) if m.pluralizable}
    assert counts == {PLURALS[language]}


@each_language
def test_places_to_fill_are_the_same_in_both_languages(language):
    for message in read_catalogue(language):
        if message.id:
            for form in forms(message):
                assert set(PLACES.findall(form)) == set(PLACES.findall(key(message)))


@each_language
def test_letters_and_quotes_are_those_of_the_language(language):
    for message in read_catalogue(language):
        if message.id:
            for form in forms(message):
                assert not MISPRINTS[language].search(form), form
                assert language == "uk" or not CYRILLIC.search(form), form


@each_language
def test_the_catalogue_is_as_make_translations_leaves_it(language):
    assert catalogue_path(language).read_bytes() == to_po(read_catalogue(language))


@each_language
def test_the_compiled_catalogue_is_the_written_one(language):
    with catalogue_path(language, ".mo").open("rb") as file:
        compiled = {key(m): forms(m) for m in read_mo(file) if m.id}
    fresh = read_mo(io.BytesIO(to_mo(read_catalogue(language))))
    assert compiled == {key(m): forms(m) for m in fresh if m.id}


def test_every_language_of_the_portal_but_english_has_a_catalogue():
    folders = {path.name for path in catalogue_path("uk").parents[2].iterdir() if path.is_dir()}
    assert folders == set(TRANSLATED) == set(LANGUAGES) - {"en"}
