"""Jobs that change the school config: the Wi-Fi of the class, and everything else in it.

What is changed is kept as the last good config and written onto the card's FAT partition, so that the next
start finds the same; then `hub card boot` makes the network's files anew and the services take them.
"""

from collections.abc import Mapping

from content_packs.errors import Error, LocalError
from hub.card.change import change
from hub.card.places import CardPlaces
from hub.runner.task import Outcome, Task
from hub.school import SchoolConfig
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


def _change(task: Task, changes: Mapping[str, str]) -> SchoolConfig:
    task.machine.require_card("changing the school config")
    config = change(CardPlaces(), changes)
    task.machine.run("systemctl", "restart", "hub-boot.service")
    _restart_network(task)
    return config


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
