"""Keep the network as it shall be: look, decide by the pure modules, write, and say how it is.

each second     who pressed "Continue" since: into the firewall's set
each 5 s        addresses of the ways out: the class's range moves where they meet, DNS servers are noted; a
                lesson begins or ends for the filter
each minute     does the way out lead anywhere; a new filter; how many devices; the state for the pages
each 10 min     other DHCP servers in the class's network
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from content_packs.console import note
from content_packs.durable import write_durably
from content_packs.errors import LocalError, local_error
from content_packs.lesson_time import LessonTime
from hub.clock import read_boot_id
from hub.network import filters, mirror
from hub.network.apply import Command, Runner, plan_commands, run_command, set_forwarding, write_network
from hub.network.change import outside, own_names, plan_network, read_guest, read_wishes
from hub.network.facts import Machine
from hub.network.lan import meets
from hub.network.lessons import class_moment
from hub.network.online import Online, reaches_internet
from hub.network.paths import NetworkPaths
from hub.network.render import Network
from hub.network.state import write_network_state
from hub.network.stations_seen import read_stations
from hub.network.strangers import find_strangers
from hub.network.wishes import Wishes
from hub.settings import HubPaths, HubSettings
from hub.uplink.limits import Moment

TICK_S = 1.0
LOOK_S = 5.0
CHECK_S = 60.0
STRANGERS_S = 600.0


@dataclass
class Watcher:
    """One watcher of one machine. Every `tick` does what is due at `now` (seconds of CLOCK_MONOTONIC)."""

    hub: HubPaths
    settings: HubSettings | None
    paths: NetworkPaths
    accepted_file: Path
    look: Callable[[], Machine]
    run: Runner = run_command
    reaches: Callable[[], bool] = reaches_internet
    online: Online = field(init=False)
    network: Network | None = None
    strangers: tuple[IPv4Address, ...] = ()
    _due: dict[str, float] = field(default_factory=dict)
    _mirrored: object = None
    _todo: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._state = write_network_state(self.hub)
        self._machine = Machine()
        self.online = Online(self.paths.online.exists())  # of the watcher before, whose names still hold

    def run_until(self, until: threading.Event, clock: Callable[[], float]) -> None:
        """Tick until `until` is set. What fails is named, and tried again at its next time."""
        try:
            while not until.wait(TICK_S):
                self.tick(clock())
        finally:
            self._state.remove()

    def tick(self, now: float) -> None:
        """Do what is due."""
        for name, interval_s, job in (
            ("look", LOOK_S, self._look_again),
            ("strangers", STRANGERS_S, self._ask_for_strangers),
            ("check", CHECK_S, self._check),
        ):
            if now >= self._due.get(name, now):
                self._due[name] = now + interval_s
                self._try(job)
        self._try(lambda: self._mirror(now))

    @staticmethod
    def _try(job: Callable[[], None]) -> None:
        try:
            job()
        except LocalError as error:
            note(error.message)
        except OSError as error:
            note(local_error(error, "watching the network").message)

    def _look_again(self) -> None:
        self._machine = self.look()
        self._note_resolvers()
        network = plan_network(
            *(read_wishes(self.paths), self._machine, self.paths, self.settings),
            moment=class_moment(self.hub),
            is_online=self.online.is_online,
        )
        difference = write_network(network, self.paths)
        self.network = network
        self._todo += [c for c in plan_commands(difference, self.paths) if c not in self._todo]
        for command in tuple(self._todo):  # what fails is tried again at the next look, and stops no other
            self._try(partial(self._run, command))
        set_forwarding(network.forwards)
        self._note_guest(network)

    def _note_guest(self, network: Network) -> None:
        """Keep the address that another network gave us, and let hub-status.txt tell it."""
        here = (way for way in self._machine.ways if way.interface == network.layout.guest_at)
        way = next(here, None)
        if way is not None and str(way.address.ip) != read_guest(self.paths):
            write_durably(self.paths.guest, f"{way.address.ip}\n".encode())
            self.run(("systemctl", "--no-block", "restart", "hub-boot.service"))

    def _run(self, command: Command) -> None:
        self.run(command)
        self._todo.remove(command)
        self._mirrored = None  # a firewall that was loaded anew knows nobody

    def _note_resolvers(self) -> None:
        text = "".join(f"nameserver {address}\n" for address in dict.fromkeys(self._machine.resolvers))
        if not self.paths.resolvers.exists() or self.paths.resolvers.read_text(encoding="ascii") != text:
            write_durably(self.paths.resolvers, text.encode())

    def _check(self) -> None:
        network = self.network
        if network is None:
            return
        own = own_names(read_wishes(self.paths), self.settings)
        used, _ = filters.take_filter(self.hub, self.paths, ram_bytes=self._machine.ram_bytes, own=own)
        if network.forwards:
            self.online = self.online.after(self.reaches())
        self._note_online(network.forwards and self.online.is_online)
        self._state.write({"pid": os.getpid(), **self._describe(network, used)})

    def _note_online(self, is_online: bool) -> None:
        """Tell `change_network`, so that another name of the Wi-Fi does not take the way out away."""
        if not is_online:
            self.paths.online.unlink(missing_ok=True)
        elif not self.paths.online.exists():
            write_durably(self.paths.online, b"")

    def _ask_for_strangers(self) -> None:
        network = self.network
        if network is None or not network.layout.lan:
            self.strangers = ()
            return
        try:
            self.strangers = find_strangers(network.layout.lan, network.lan.hub)
        except OSError:
            self.strangers = ()  # no cable in it, or no address yet

    def _mirror(self, now: float) -> None:
        network = self.network
        if network is None or not network.forwards:
            return
        arp = mirror.read_arp(network.layout.lan)
        seen = (mirror.stamp_of(self.accepted_file), frozenset(arp.items()))
        if seen == self._mirrored:
            return
        devices = mirror.read_accepted(self.accepted_file, network.lan, arp, boot=read_boot_id(), now=now)
        run_command(("nft", "-f", "-"), text=mirror.render_accepted(devices))
        self._mirrored = seen

    def _describe(self, network: Network, used: filters.Filter) -> dict[str, Any]:
        wishes, layout = read_wishes(self.paths), network.layout
        return {
            "mode": wishes.wifi_mode,
            "ssid": wishes.ssid if layout.radio else "",
            "country": wishes.country if layout.radio else "",
            "channel": _channel(network, self.paths),
            "stations": _describe_stations(network, self.paths),
            "lan": {
                "interface": layout.lan,
                "network": str(network.lan.network),
                "hub": str(network.lan.hub),
            },
            "uplinks": _describe_ways(self._machine, layout.lan),
            "internet": {
                "policy": wishes.student_internet,
                "open": network.is_open,
                "online": self.online.is_online if network.forwards else None,
            },
            "filter": describe_filter(used, class_moment(self.hub)),
            "warnings": list(self._warnings(network, wishes, used)),
        }

    def _warnings(self, network: Network, wishes: Wishes, used: filters.Filter) -> "list[dict[str, Any]]":
        found: list[dict[str, Any]] = []
        if network.layout.fault:
            found.append({"code": network.layout.fault})
        found += [{"code": "settings", "values": {"fault": fault}} for fault in network.faults]
        if self.strangers:
            found.append({"code": "stranger", "values": {"servers": ", ".join(map(str, self.strangers))}})
        if meets(network.lan, outside(self._machine, network.layout.lan)):
            found.append({"code": "clash", "values": {"network": str(network.lan.network)}})
        if wishes.student_internet == "filtered" and not used.is_there:
            found.append({"code": "no-filter"})
        if used.refused:
            found.append({"code": "filter-refused", "values": {"why": used.refused}})
        if network.forwards and used.lesson and not class_moment(self.hub).is_known:
            found.append({"code": "filter-clock"})
        return found


def describe_filter(used: filters.Filter, moment: Moment) -> dict[str, Any]:
    """Return what the state says of the filter: docs/reference/json.md."""
    lesson = used.is_lesson(moment)
    change = LessonTime.parse(used.lesson_time).next_change(moment.local) if moment.is_known else None
    names = ("pack_id", "version", "domains", "lesson", "allowed", "lesson_time", "strict_search")
    return {
        **{name: getattr(used, name) for name in names},
        "categories": list(used.categories),
        "in_lesson": lesson,
        "clock_known": moment.is_known,
        "until": change.isoformat(timespec="minutes") if change and used.lesson else None,
        "refused": used.refused,
        "refused_version": used.refused_version,
    }


def _describe_stations(network: Network, paths: NetworkPaths) -> dict[str, Any] | None:
    if network.layout.radio is None:
        return None
    seen = read_stations(network.layout.radio.name, own=paths.run)
    listed = [{"name": s.name, "signal_dbm": s.signal_dbm, "connected_s": s.connected_s} for s in seen or ()]
    return {"count": None if seen is None else len(seen), "limit": network.stations, "list": listed}


def _describe_ways(machine: Machine, lan_interface: str) -> list[dict[str, Any]]:
    sorts = {interface.name: interface.sort for interface in machine.interfaces}
    return [
        {
            "interface": way.interface,
            "sort": sorts.get(way.interface, ""),
            "address": str(way.address),
            "gateway": str(way.gateway) if way.gateway else None,
        }
        for way in machine.ways
        if way.interface != lan_interface
    ]


def _channel(network: Network, paths: NetworkPaths) -> int | None:
    file = network.files.get(paths.hostapd)
    lines = file.text.splitlines() if file else ()
    return next((int(line.removeprefix("channel=")) for line in lines if line.startswith("channel=")), None)
