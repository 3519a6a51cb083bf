"""A code is read from paper, and typed as people type."""

import pytest

from hub.school.codes import EXAMPLE, SIGNS, is_label_code, make_label_code, plain_code


def test_each_code_is_another_of_signs_that_look_like_no_other():
    made = {make_label_code() for _ in range(100)}
    assert len(made) == 100
    assert all(is_label_code(code) for code in [*made, EXAMPLE])
    assert not set("".join(made)) - set(SIGNS) - {"-"}
    assert not set(SIGNS) & set("IO01")


@pytest.mark.parametrize("typed", ["K7RM-4XQ9", "k7rm4xq9", " K7RM 4XQ9 ", "К7RМ-4ХQ9", "к7rм-4хq9"])
def test_the_same_code_however_it_is_typed(typed):
    assert plain_code(typed) == "K7RM4XQ9"


@pytest.mark.parametrize(
    "text", ["", "K7RM", "K7RM4XQ9", "K7RM-4XQ9\n", "K7RM-4XI1", "k7rm-4xq9", "K7RM-4XQ9-22"]
)
def test_what_stands_on_no_label(text):
    assert not is_label_code(text)
