"""Jobs that change the school config: the Wi-Fi of the class, and everything else in it.

What is changed is kept as the last good config and written onto the card's FAT partition, so that the next
start finds the same; then `hub card boot` makes the network's files anew and the services take them.
"""

from collections.abc import Mapping
from typing import Any

from content_packs.errors import Error, LocalError, UsageError
from hub.runner.task import Outcome, Task
from hub.wording import later

_SERVICES = ("hub-ap", "hub-dns", "hub-firewall")  # of the network; those that did not run stay so


def set_wifi(task: Task) -> Outcome:
    """Change the Wi-Fi: only the values that are given."""
    changes = {f"wifi.{key}": value for key, value in task.values.items()}
    config = _change(task, changes)
    return Outcome(
        later("The Wi-Fi is now %(ssid)s. Devices that were in the old one have to join again."),
        result={"ssid": config.wifi.ssid, "mode": config.wifi.mode, "channel": config.wifi.channel},
    )


def set_school(task: Task) -> Outcome:
    """Change any values of the school config."""
    _change(task, task.values)
    return Outcome(
        later("Kept, on the card too. Changed: %(keys)s."), result={"keys": ", ".join(sorted(task.values))}
    )


def changed(before: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """Return all values of a config with `changes`, each of the type that it had.

    Raises:
        UsageError: there is no such value, or a number is none.
    """
    values = dict(before)
    for key, text in changes.items():
        if key not in before:
            raise UsageError(f"the school config has no {key}", hint=f"It has {', '.join(sorted(before))}.")
        was = before[key]
        if isinstance(was, int):
            if not (text.isascii() and text.isdecimal() and len(text) <= 9):
                raise UsageError(f"{key} is {text[:40]!r}, expected a whole number")
            values[key] = int(text)
        else:
            values[key] = tuple(text.splitlines()) if isinstance(was, tuple) else text
    return values


def _change(task: Task, changes: Mapping[str, str]) -> Any:  # noqa: ANN401 - SchoolConfig, once it is here
    task.machine.require_card("changing the school config")
    from hub.card import school
    from hub.card.places import CardPlaces
    from hub.school import read_config, write_config
    from hub.school.config import from_values, to_values

    places = CardPlaces()
    before = school.read_last_good(places)
    if before is None:
        before = school.make_default(places.machine_id.read_text().strip())
    wanted = from_values(changed(to_values(before), changes))
    reading = read_config(write_config(wanted, comments=False).encode(), before=before)
    if reading.config is None:
        fault = reading.errors[0]
        raise UsageError(f"{fault.key}: {fault.message('en')}", hint=fault.advice("en"))
    school.keep(places, reading.config)
    school.put_on_card(places, reading.config)
    task.machine.run("systemctl", "restart", "hub-boot.service")
    _restart_network(task)
    return reading.config


def _restart_network(task: Task) -> None:
    """Let the network take its new files; a service that was not needed before may be needed now."""
    task.machine.run("networkctl", "reload")
    failed: list[str] = []
    for name in _SERVICES:
        try:
            task.machine.run("systemctl", "restart", f"{name}.service")
        except Error as error:
            failed.append(f"{name}: {error.message}")
    if failed:
        raise LocalError(
            f"kept, but the network did not take it: {'; '.join(failed)}", hint="Restart the hub."
        )
