"""The dashboard's catalogue is whole: as tests/unit/hub/web/test_translations.py asks of the portal's."""

import ast
import io
import re

from babel.messages.mofile import read_mo

from tools.office_translations import catalogue_path, find_texts, read_catalogue, sentences_of
from tools.translations import forms, to_mo, to_po, untranslated

PLACES = re.compile(r"%\(\w+\)s")
MISPRINTS = re.compile("[ыэъё]|[\"'“”]|\\w - ", re.IGNORECASE)


def key(message):
    return message.id if isinstance(message.id, str) else message.id[0]


def keys(catalogue):
    return {key(message) for message in catalogue if message.id}


def test_every_text_is_translated_and_nothing_else_is():
    catalogue = read_catalogue()
    assert not list(untranslated(catalogue))
    assert keys(catalogue) == keys(find_texts())
    assert not catalogue.obsolete


def test_texts_of_pages_rules_and_passwords_are_found():
    assert {
        "Schools",
        "The hub is hot: %(degrees)s °C.",
        "no room",
        "The password is too short: 10 characters or more are needed.",
    } <= keys(find_texts())


def test_sentences_are_found_where_alerts_are_made_and_in_tables_of_words():
    code = """
        Alert("hot", "soon", "It is hot: %(degrees)s.", {"degrees": 9}, "Give it air." if x else "Wait.")
        Alert("hot", "soon", text="It is cold.", hint="Close the window.")
        REASONS: Mapping[str, str] = {"revoked": "revoked"}
        TEXTS = {"a": "A sentence.", "b": "not one"}
        hint = "Do this."
        raise UsageError("an error", hint="Say it otherwise.")
    """
    import textwrap

    assert {*sentences_of(ast.parse(textwrap.dedent(code)))} == {
        *("It is hot: %(degrees)s.", "Give it air.", "Wait.", "It is cold.", "Close the window."),
        *("revoked", "A sentence.", "Do this."),
    }


def test_places_to_fill_and_letters_are_right():
    for message in read_catalogue():
        for form in forms(message) if message.id else ():
            assert set(PLACES.findall(form)) == set(PLACES.findall(key(message)))
            assert not MISPRINTS.search(form), form
        assert not (message.id and message.pluralizable) or len(forms(message)) == 3


def test_the_files_are_as_make_translations_leaves_them():
    assert catalogue_path().read_bytes() == to_po(read_catalogue())
    with catalogue_path(".mo").open("rb") as file:
        compiled = {key(m): forms(m) for m in read_mo(file) if m.id}
    assert compiled == {key(m): forms(m) for m in read_mo(io.BytesIO(to_mo(read_catalogue()))) if m.id}
