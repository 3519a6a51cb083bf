"""Change the school config from a page: checked as the card's file is, kept, and written onto the card."""

from collections.abc import Mapping
from typing import Any

from content_packs.errors import UsageError, local_error
from hub.card import school
from hub.card.places import CardPlaces
from hub.school import Reading, SchoolConfig, read_config, write_config
from hub.school.config import from_values, to_values
from hub.school.fields import BY_KEY


def plan_change(now: SchoolConfig, values: Mapping[str, str]) -> Reading:
    """Return what the config would be with these values, by full key as `wifi.ssid`. Pure.

    Raises:
        UsageError: there is no such key, or a number is none.
    """
    merged: dict[str, Any] = to_values(now)
    for key, text in values.items():
        field = BY_KEY.get(key)
        if field is None:
            raise UsageError(f"school config: no key {key[:40]!r}", hint=f"There are {', '.join(BY_KEY)}.")
        merged[key] = _to_number(key, text) if field.type == "number" else text
        if field.type == "lines":
            merged[key] = tuple(line for line in text.splitlines() if line.strip())
    if values.get("wifi.mode") == "external-ap" and "uplink.kind" not in values:
        # The socket is the access points' then; a phone or modem may be plugged in, and no page asks for it.
        merged["uplink.kind"] = "usb" if merged["uplink.kind"] == "ethernet" else merged["uplink.kind"]
    return read_config(write_config(from_values(merged), comments=False).encode())


def _to_number(key: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(f"{key}: expected a number, got {text[:20]!r}", hint="Write digits alone.")
    return int(text)


def change(places: CardPlaces, values: Mapping[str, str]) -> SchoolConfig:
    """Make these values count, from the next `hub card boot` on; return the whole config.

    The card's file has it first, with what the hub does not keep yet: what a cut leaves is all of the former
    config or all of the new one, and never a name of the one with a password of the other.

    Raises:
        UsageError: a value cannot be used; says which and what to write.
        LocalError: a partition cannot be written.
    """
    try:
        chosen = school.choose(places, _machine_id(places))
        reading = plan_change(chosen.config, values)
        if reading.config is None:
            first = reading.errors[0]
            raise UsageError(first.message("en"), hint=first.advice("en"))
        school.put_on_card(places, reading.config, kept=chosen.before)
        school.keep(places, reading.config)
        school.put_on_card(places, reading.config, kept=reading.config)
    except OSError as error:
        raise local_error(error, "changing the school config") from error
    return reading.config


def _machine_id(places: CardPlaces) -> str:
    return places.machine_id.read_text(encoding="ascii", errors="replace")
