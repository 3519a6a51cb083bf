"""Jobs that change the school config: the Wi-Fi of the class, and everything else in it.

What is changed is kept as the last good config and written onto the card's FAT partition, so that the next
start finds the same; then what changed in the network is read again, and `hub card boot` does the rest.
"""

from collections.abc import Mapping

from content_packs.errors import Error, LocalError
from hub.card.change import change
from hub.card.places import CardPlaces
from hub.network.change import change_network
from hub.network.paths import NetworkPaths
from hub.runner.task import Outcome, Task
from hub.school import SchoolConfig
from hub.wording import later


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
    try:
        # Before the boot's work, which writes the same files: afterwards nobody could tell what changed.
        change_network(NetworkPaths(), task.paths, config)
    except Error as error:
        raise LocalError(
            f"kept, but the network did not take it: {error.message}", hint="Restart the hub."
        ) from error
    finally:
        task.machine.run("systemctl", "restart", "hub-boot.service")
    return config
