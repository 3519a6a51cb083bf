"""What the machine's own sensors tell, as checks of the status: power, heat, and the card."""

from collections.abc import Iterator

from hub.health import Check, Level
from hub.machine import Card, Power
from hub.wording import later

HOT_C, WARM_C = 80.0, 70.0  # a Raspberry Pi slows itself down from 80 on


def check_hardware(power: Power | None, temperature_c: float | None, card: Card | None) -> Iterator[Check]:
    """Yield a check of each that the machine tells of."""
    yield from _check_power(power)
    yield from _check_heat(temperature_c)
    yield from _check_card(card)


def _check_power(power: Power | None) -> Iterator[Check]:
    hint = later("Use the power supply that came with the hub and a short cable.")
    if power is None:
        return
    if "under_voltage" in power.now:
        yield Check("power", Level.ATTENTION, later("The hub gets too little voltage."), hint)
    elif "under_voltage" in power.since_boot:
        message = later("The hub had too little voltage since it was switched on; now it is enough.")
        yield Check("power", Level.NOTE, message, hint)
    else:
        yield Check("power", Level.GOOD, later("The power supply is good."))


def _check_heat(temperature_c: float | None) -> Iterator[Check]:
    if temperature_c is None:
        return
    values = {"degrees": round(temperature_c)}
    if temperature_c < WARM_C:
        yield Check("heat", Level.GOOD, later("The processor has %(degrees)s °C."), values=values)
        return
    level = Level.ATTENTION if temperature_c >= HOT_C else Level.NOTE
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
