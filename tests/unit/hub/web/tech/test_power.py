import pytest

from hub.web.tech.power import heat_word


def test_the_clock_can_be_set_from_this_browser_and_by_hand(technician):
    page = technician.get("/tech/power").text
    assert 'name="iso" data-now' in page
    assert 'name="date" type="date"' in page
    assert "/tech/do/power-off" in page
    assert "/tech/do/restart" in page


@pytest.mark.parametrize(
    ("degrees", "word"), [(45.0, "good"), (72.0, "note"), (80.0, "attention"), (-5.0, "good")]
)
def test_heat_has_a_level(degrees, word):
    assert heat_word(degrees) == word
