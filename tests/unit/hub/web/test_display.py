import pytest

from hub.web.display import grade_span


@pytest.mark.parametrize(
    ("grades", "words"),
    [((5,), "5"), ((11, 8, 9, 10), "8\u201311"), ((1, 3), "1, 3"), ((5, 5, 6), "5\u20136")],
)
def test_grades_are_written_as_a_person_writes_them(grades, words):
    assert grade_span(grades) == words
