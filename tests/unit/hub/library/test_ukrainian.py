"""Ukrainian words meet in all their forms, and other words stay apart; the cases are data."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.lemmas import analyse
from hub.library.ukrainian import MIN_STEM_CHARS, stem
from hub.library.words import fold

CASES = json.loads((Path(__file__).parents[3] / "cases" / "ukrainian_forms.json").read_text(encoding="utf-8"))


def meet(one: str, other: str, language: str = "uk") -> bool:
    (word, forms), (other_word, other_forms) = analyse(one, language), analyse(other, language)
    return not {word, *forms}.isdisjoint({other_word, *other_forms})


@pytest.mark.parametrize("word", CASES["found"])
def test_every_form_finds_every_other(word: str) -> None:
    forms = (word, *CASES["found"][word])
    assert [pair for pair in combinations(forms, 2) if not meet(*pair)] == []


@pytest.mark.parametrize(("one", "other"), CASES["apart"])
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert not meet(one, other)


def test_only_ukrainian_words_have_a_stem() -> None:
    assert meet("чисельниками", "чисельник", "uk")
    assert not meet("чисельниками", "чисельник", "bel")


def test_leaves_short_words_verbs_and_little_words_whole() -> None:
    words = ["мир", "дія", "від", "якщо", "його", "обчислюється", "додавати", "друкувати"]
    assert [stem(word) for word in words] == [*words[:6], "додават", "друкувати"]


@given(st.text())
@pytest.mark.parametrize("ending", ["", "ові", "ень", "ій", "ість"])
def test_any_word_keeps_a_stem(ending: str, text: str) -> None:
    word = fold(text + ending)
    assert min(len(word.replace("ь", "")), MIN_STEM_CHARS) - 1 <= len(stem(word)) <= len(word)
