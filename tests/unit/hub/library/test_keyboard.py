"""What was meant in the other keyboard layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.library.keyboard import switch


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gtynfujy", "пентагон"),
        ("Gtynfujy", "Пентагон"),
        ("k.lb", "люди"),
        (";bnnz", "життя"),
        ("];fr", "їжак"),
        ("'gjcb", "єпоси"),
        ("[vfhf", "хмара"),
        ("\\fyjr", "ґанок"),
        ("g`znm", "п'ять"),
        ("djlf d hsxwt", "вода в річце"),
        ("зуфсу", "peace"),
        ("Цщкдв цфк", "World war"),
        ("сщьзгеук", "computer"),
        ("дшые", "list"),  # a Russian layout has ы where ours has і
        ("дшіе", "list"),
    ],
)
def test_reads_the_other_layout(typed: str, meant: str) -> None:
    assert switch(typed) == meant


@pytest.mark.parametrize("query", ["", "12", "ab", "школа python", "мова", "п'ять", "?!", "1,5 + 2"])
def test_keeps_what_makes_no_word_in_the_other_layout(query: str) -> None:
    assert switch(query) is None


@given(st.text())
def test_any_text_may_be_asked(query: str) -> None:
    switched = switch(query)
    assert switched is None or len(switched) == len(query)


@given(st.text(alphabet="абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", min_size=3))
def test_there_and_back_is_the_same_word(word: str) -> None:
    there = switch(word)
    back = switch(there) if there else None
    assert back in (None, word)
