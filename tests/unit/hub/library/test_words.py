"""How words are spelled for the search; the cases are data."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.lemmas import LANGUAGES, Reader, analyse, base_language, variants
from hub.library.words import MAX_WORD_CHARS, first_letters, fold, lower, plain, split_tokens

CASES = json.loads((Path(__file__).parents[3] / "cases" / "search_words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_finds_word_in_the_spelling_that_is_asked_for(case: dict[str, str]) -> None:
    language = case.get("language", "uk")
    (token,) = split_tokens(case["written"])
    word, others = analyse(token, language)
    (asked,) = split_tokens(case["asked"])
    found = not variants(asked, LANGUAGES).isdisjoint({word, *others})
    assert found == case.get("found", True)


def test_apostrophe_at_the_edge_is_a_quotation_mark() -> None:
    assert [fold(t) for t in split_tokens("‘слово’ 'м’яч' ʼякʼ")] == ["слово", "мʼяч", "як"]


def test_splits_at_hyphens_and_underscores() -> None:
    assert split_tokens("науково-технічний student_list[0]") == [
        "науково",
        "технічний",
        "student",
        "list",
        "0",
    ]


def test_cuts_encoded_data_to_a_word() -> None:
    assert len(fold("QUJD" * 1000)) == MAX_WORD_CHARS


def test_reads_language_of_web_pages_and_of_zims() -> None:
    assert [base_language(tag) for tag in ("uk-UA", "ukr", "EN", "pt_BR", "")] == ["uk", "uk", "en", "pt", ""]


@given(st.text())
def test_any_text_becomes_words_without_spaces_or_quotes(text: str) -> None:
    for token in split_tokens(text):
        word, others = analyse(token, "uk")
        assert not any(c.isspace() or c in "\"'*:()^" for form in (word, *others) for c in form)
        assert plain(word) == word


def test_knows_every_letter_that_a_word_can_begin_with_in_a_text() -> None:
    assert set("sSșȘşŞ") <= set(first_letters("scoala"))
    assert set("гГґҐ") <= set(first_letters("ганок"))
    assert set("lLłŁ") <= set(first_letters("lodz"))


@given(st.text(alphabet="аАбіІїґҐёЁKkHŁ'’ʼaAiB\u0301\u00adłŁșş1", max_size=12))
def test_the_reader_of_libraries_says_what_the_search_says(text: str) -> None:
    recent = Reader().words("uk")
    lowered = split_tokens(lower(text))
    for token, small in zip(split_tokens(text), lowered, strict=True):
        word, forms = analyse(token, "uk")
        assert recent[token] == recent[small] == (word, " ".join(forms))
