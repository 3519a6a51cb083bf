"""The whole network as text: from the school config and the facts of a machine to files. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from content_packs.errors import UsageError
from hub.network.facts import Machine
from hub.network.firewall import render_firewall
from hub.network.lan import Lan
from hub.network.layout import Layout, lay_out
from hub.network.links import render_links
from hub.network.names import render_names
from hub.network.paths import NetworkPaths
from hub.network.safe import SAFE_SEARCH
from hub.network.stations import count_stations
from hub.network.wifi import render_hostapd, render_supplicant
from hub.network.wishes import Wishes
from hub.settings import DoorSettings

SECRET_MODE = 0o600
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class File:
    """One file; who holds a key of a Wi-Fi is for root's eyes."""

    text: str = field(repr=False)
    mode: int = _MODE


@dataclass(frozen=True, slots=True)
class Network:
    """Everything that shall be. `gone` are files that shall not lie there; no access point, no file of it."""

    layout: Layout
    lan: Lan
    files: Mapping[Path, File]
    gone: tuple[Path, ...]
    forwards: bool  # packets of the class to the Internet
    is_open: bool  # a class can go out now: names are looked up outside
    stations: int = 0  # that the radio carries; 0: no radio of ours
    faults: tuple[str, ...] = ()  # parts of the school config that cannot be used, and why


def render(
    wishes: Wishes,
    machine: Machine,
    lan: Lan,
    paths: NetworkPaths,
    *,
    door: DoorSettings | None = None,
    gated: bool = True,
    is_online: bool = False,
    has_filter: bool = True,
    lists: tuple[Path, ...] = (),
    safe_search: Mapping[str, IPv4Address] = SAFE_SEARCH,
) -> Network:
    """Return the network. A Wi-Fi that cannot be made is left out and named in `faults`; the rest stands.

    Without a filter (`has_filter`) no class goes out: "filtered" never means "not filtered yet". `lists` are
    the files of the names that it blocks now.
    """
    door = door or DoorSettings()
    layout = lay_out(wishes, machine)
    filtered = wishes.student_internet == "filtered" and layout.internet_for_class and has_filter
    is_open = filtered and is_online
    ports = (door.port, *_further(door))
    texts = {paths.firewall: File(render_firewall(layout, lan, filtered=filtered, gated=gated, ports=ports))}
    faults: list[str] = []
    if layout.radio:
        _add(texts, paths.hostapd, faults, partial(render_hostapd, wishes, layout.radio))
    if layout.client_radio:
        _add(texts, paths.supplicant, faults, partial(render_supplicant, wishes))
        texts[paths.client_radio] = File(f"HUB_UPLINK_WIFI={layout.client_radio}\n")
    if layout.lan:
        own = (wishes.hub_name, door.packs_domain)
        text = render_names(
            layout, lan, paths, own=own, is_open=is_open, lists=lists, safe_search=safe_search
        )
        texts[paths.dnsmasq] = File(text)
    texts |= {paths.links / name: File(text) for name, text in render_links(layout, lan).items()}
    may_be = (paths.hostapd, paths.supplicant, paths.client_radio, paths.dnsmasq)
    gone = tuple(path for path in may_be if path not in texts)
    stations = count_stations(layout.radio) if layout.radio else 0
    return Network(layout, lan, texts, gone, filtered, is_open, stations, tuple(faults))


def _add(texts: dict[Path, File], path: Path, faults: list[str], make: Callable[[], str]) -> None:
    try:
        texts[path] = File(make(), SECRET_MODE)
    except UsageError as error:
        faults.append(error.message)


def _further(door: DoorSettings) -> tuple[int, ...]:
    further = (door.packs_port, door.kolibri_port, door.zip_port)
    return tuple(port or door.port + number for number, port in enumerate(further, 1))
