import pytest

from hub.machine import Card, Power
from hub.web.tech import power


def test_the_clock_can_be_set_from_this_browser_and_by_hand(technician):
    page = technician.get("/tech/power").text
    assert 'name="iso" data-now' in page
    assert 'name="date" type="date"' in page
    assert "/tech/do/power-off" in page
    assert "/tech/do/restart" in page


NEVER = Power(frozenset(), frozenset())
ONCE = Power(frozenset(), frozenset({"under_voltage"}))
NOW = Power(frozenset({"under_voltage"}), frozenset({"under_voltage"}))


@pytest.mark.parametrize(
    ("said", "errors", "words"),
    [
        (NEVER, 0, ("never since the start", "no errors", "84 °C")),
        (ONCE, 0, ("since the start, not now", "a phone charger is too weak")),
        (NOW, 3, ("level-broken", "a phone charger is too weak", "3 errors: replace it")),
        (None, None, ("not known",)),
    ],
)
def test_how_the_machine_is_stands_there(technician, monkeypatch, said, errors, words):
    monkeypatch.setattr(power, "read_power", lambda: said)
    monkeypatch.setattr(power, "read_temperature_c", lambda: 84.2)
    monkeypatch.setattr(power, "read_card", lambda _: Card("SD32G", "07/2026", errors, 5_000_000_000))
    technician.set_cookie("language", "en")

    page = technician.get("/tech/power").text

    for word in ("SD32G", "5 GB", *words):
        assert word in page
    assert ("a phone charger is too weak" in page) is (said in (ONCE, NOW))
