"""How much the machine is worn, as checks of the status: its heat and its card. Pure."""

from collections.abc import Iterator

from hub.health import Check, Level
from hub.machine import Card
from hub.wording import later

_HOT_C, _WARM_C = 80.0, 70.0  # a Raspberry Pi slows itself down from 80 on


def check_wear(temperature_c: float | None, card: Card | None) -> Iterator[Check]:
    """Yield a check of each that the machine tells of."""
    yield from _check_heat(temperature_c)
    yield from _check_card(card)


def heat_level(temperature_c: float) -> Level:
    """Return how bad it is that the processor is so warm."""
    if temperature_c >= _HOT_C:
        return Level.ATTENTION
    return Level.NOTE if temperature_c >= _WARM_C else Level.GOOD


def _check_heat(temperature_c: float | None) -> Iterator[Check]:
    if temperature_c is None:
        return
    values = {"degrees": round(temperature_c)}
    level = heat_level(temperature_c)
    if level is Level.GOOD:
        yield Check("heat", Level.GOOD, later("The processor has %(degrees)s °C."), values=values)
        return
    hint = later("Give the hub air, and keep it out of the sun.")
    yield Check("heat", level, later("The hub is warm: %(degrees)s °C."), hint, values)


def _check_card(card: Card | None) -> Iterator[Check]:
    if card is None or card.errors is None:
        return
    if not card.errors:
        yield Check("card", Level.GOOD, later("The memory card shows no errors."))
        return
    yield Check(
        "card",
        Level.ATTENTION,
        later("Errors that the memory card has shown: %(count)s."),
        later("Make a backup to a stick today, then replace the card."),
        {"count": card.errors},
    )
