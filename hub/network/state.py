"""The network as everybody on the hub may know it: run/network.json, written by `watch` as root, and the
checks of the status that come of it. What is in it: docs/reference/json.md, `hub status --json`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.health import Check, Level
from hub.services import ServiceFile, read_service
from hub.settings import HubPaths
from hub.wording import later

NAME = "network"


def write_network_state(paths: HubPaths) -> ServiceFile:
    """Return the file to write the state into."""
    return ServiceFile(paths, NAME)


def read_network_state(paths: HubPaths) -> dict[str, Any] | None:
    """Return the state; None where nobody watches the network, as on a hub that is no card."""
    state = read_service(paths, NAME)
    if state is None:
        return None
    return {name: value for name, value in state.items() if name not in {"format", "boot", "pid"}}


def check_network(state: Mapping[str, Any] | None) -> Iterator[Check]:
    """Yield what a person should know of the network; nothing where nobody watches it."""
    if state is None:
        return
    try:
        yield from _check_parts(state)
        yield from _check_stations(state.get("stations"), str(state.get("ssid", "")))
    except (KeyError, TypeError, AttributeError):
        return  # of another version of the hub


WARNINGS = {
    "no-radio": (
        later("No Wi-Fi was found in this hub: the class cannot join."),
        later("Switch the hub off and on. If it stays so, connect an access point by cable and choose that."),
    ),
    "no-cable": (
        later("The access point should be on the cable, but this hub has no socket for one."),
        later("Choose the hub's own Wi-Fi, or plug in a USB network adapter."),
    ),
    "no-client-radio": (
        later("The Internet should come by Wi-Fi, but there is no second radio for it."),
        later("Plug in a USB Wi-Fi adapter: the built-in one serves the class."),
    ),
    "settings": (
        later("The Wi-Fi cannot be set up so: %(fault)s."),
        later("Correct it on the technician's page or in hub-config.txt."),
    ),
    "stranger": (
        later("Another device gives out addresses in the class's network: %(servers)s."),
        later(
            "Switch off DHCP in that access point or router. Until then some learners do not find the hub."
        ),
    ),
    "clash": (
        later("The network outside uses the same addresses as the class: %(network)s."),
        later("Lessons work. For the Internet, change the addresses of the router outside."),
    ),
    "no-filter": (
        later("The class has no Internet yet: no filter has come from the office."),
        later("It comes with a sync. Ask the office whether a filter is assigned to this hub."),
    ),
    "filter-clock": (
        later("The filter blocks what it blocks in lessons, all day: the hub does not know what time it is."),
        later("Set the clock on the technician's page. With a link it sets itself."),
    ),
    "filter-refused": (
        later("A new filter is not used, the one before stays: %(why)s."),
        later("Tell the office: the filter has to be built again."),
    ),
}


def _check_parts(state: Mapping[str, Any]) -> Iterator[Check]:
    for warning in state["warnings"]:
        message, hint = WARNINGS[warning["code"]]
        values = dict(warning.get("values", {}))
        public = dict.fromkeys(values, "…")
        yield Check(f"network-{warning['code']}", Level.ATTENTION, message, hint, values, public)


def _check_stations(stations: Mapping[str, Any] | None, ssid: str) -> Iterator[Check]:
    if not stations:
        return
    count, limit = stations["count"], stations["limit"]
    values = {"ssid": ssid, "count": count, "limit": limit}
    if count is None:
        yield Check(
            "network-ap",
            Level.BROKEN,
            later("The Wi-Fi %(ssid)s does not run."),
            later("Wait a minute. If it stays so, switch the hub off and on."),
            values,
        )
    elif count >= limit:
        yield Check(
            "network-full",
            Level.ATTENTION,
            later("The Wi-Fi %(ssid)s is full: %(count)s of %(limit)s devices."),
            later("More devices cannot join. For a whole class connect an access point by cable."),
            values,
        )
    else:
        message = later("Wi-Fi %(ssid)s: %(count)s of %(limit)s devices.")
        yield Check("network", Level.GOOD, message, "", values)
