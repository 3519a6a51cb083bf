"""Snippets: the right place, whole words, and nothing of the text as HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.query import parse
from hub.library.snippets import SNIPPET_CHARS, Highlighter, Snippet

FILLER = "Дощ іде над містом і полем. " * 60


def cut(text: str, query: str, language: str = "uk") -> Snippet:
    return Highlighter(parse(query, ["uk", "en", "ro"])).cut(text, language)


def test_cuts_around_the_match_between_words() -> None:
    snippet = cut(f"{FILLER}Старий вулкан прокинувся вночі. {FILLER}", "вулкани")
    assert "Старий <mark>вулкан</mark> прокинувся" in snippet.html
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")
    assert set(snippet.text.strip("… ").split()) <= set(f"{FILLER} Старий вулкан прокинувся вночі.".split())
    assert len(snippet.text) <= SNIPPET_CHARS + 4


def test_prefers_the_place_where_the_words_stand_together() -> None:
    text = f"Вулкан. {FILLER} Море. {FILLER} Вулкан у морі. {FILLER}"
    assert "<mark>Вулкан</mark> у <mark>морі</mark>" in cut(text, "вулкан море").html


def test_short_text_is_shown_whole() -> None:
    assert cut("Вулкан спить.", "вулкан").html == "<mark>Вулкан</mark> спить."


def test_begins_at_the_beginning_where_nothing_matches() -> None:
    assert cut(FILLER, "вулкан").text.startswith("Дощ іде")


def test_escapes_the_text_and_what_is_marked() -> None:
    html = cut('<b onclick="x">вулкан</b> & п\'ять', "вулкан п’ять").html
    assert (
        html == "&lt;b onclick=&quot;x&quot;&gt;<mark>вулкан</mark>&lt;/b&gt; &amp; <mark>п&#x27;ять</mark>"
    )


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Старий за\u0301мок", "замку"),
        ("Про\u00adграма", "програми"),
        ("На ґанку", "ганок"),
        ("Școala mare", "scoala"),
        ("ВУЛКАН", "вулк"),
    ],
)
def test_marks_what_was_found_however_it_is_written(text: str, query: str) -> None:
    assert "<mark>" in cut(text, query, "ro" if text.isascii() or "Ș" in text else "uk").html


@given(st.text(), st.text(min_size=1))
def test_any_text_and_query_give_safe_html(text: str, query: str) -> None:
    if words := parse(query, ["uk"]):
        html = Highlighter(words).cut(text, "uk").html
        assert "<" not in html.replace("<mark>", "").replace("</mark>", "")
