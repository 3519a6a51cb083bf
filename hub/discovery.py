"""Hubs find each other by multicast DNS: type `_classroom-hub._tcp.local.`, TXT id, version, name, share."""

import ipaddress
import socket
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed_version
from typing import Any

from zeroconf import ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

from content_packs.errors import LocalError
from hub.addresses import ANY_HOST, list_addresses
from hub.notify import READY, Watchdog, notify
from hub.services import read_service
from hub.settings import HubPaths, HubSettings

SERVICE_TYPE = "_classroom-hub._tcp.local."
_DISTRIBUTION = "classroom-hub"
_MAX_TXT_BYTES = 200  # one TXT string holds 255 bytes, its key included
_ASK_MS = 1000
_RENEW_S = 60.0  # the network may come up, or the portal move, after us


@dataclass(frozen=True, slots=True)
class FoundHub:
    """One hub on this network."""

    hub_id: str
    name: str
    version: str
    address: str
    port: int
    shares: bool  # gives files of packs to other hubs: hub/web/neighbour.py

    @property
    def url(self) -> str:
        """Where its portal is."""
        return f"http://{self.address}:{self.port}/"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of `hub announce --list --json`."""
        return {**asdict(self), "url": self.url}


@dataclass(frozen=True, slots=True)
class _Place:
    addresses: list[str]  # IPv4
    port: int


def announce(paths: HubPaths, settings: HubSettings, *, until: threading.Event) -> None:
    """Announce this hub until `until` is set, where its portal listens, as addresses and ports change.

    Raises:
        LocalError: this machine has no network at all, not even loopback, or no address `portal.host`.
    """
    watchdog = Watchdog()
    while not until.is_set():
        place = _find_portal(paths, settings)
        info = _describe(settings, place)
        with _open(place.addresses) as zeroconf:
            zeroconf.register_service(info, allow_name_change=True)
            notify(READY)
            try:
                while not until.wait(_RENEW_S) and _find_portal(paths, settings) == place:
                    watchdog.alive()
            finally:
                zeroconf.unregister_service(info)


def list_hubs(timeout_s: float) -> list[FoundHub]:
    """Return the hubs that answer within `timeout_s`, by id."""
    found: dict[str, FoundHub] = {}
    with _open(list_addresses()) as zeroconf:

        def notice(
            zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
        ) -> None:
            if state_change is not ServiceStateChange.Removed:
                names.add(name)

        names: set[str] = set()
        browser = ServiceBrowser(zeroconf, SERVICE_TYPE, handlers=[notice])
        threading.Event().wait(timeout_s)
        browser.cancel()
        for name in sorted(names):
            info = zeroconf.get_service_info(SERVICE_TYPE, name, _ASK_MS)
            hub = _found(info) if info is not None else None
            if hub is not None:
                found[hub.hub_id] = hub
    return sorted(found.values(), key=lambda hub: hub.hub_id)


def list_neighbours(hub_id: str, timeout_s: float) -> list[str]:
    """Return the addresses of the portals of other hubs that share; `hub_id` is our own.

    One outside of this network is none: it would be reached over the uplink that neighbours are to spare.
    """
    found = [hub for hub in list_hubs(timeout_s) if hub.shares and hub.hub_id != hub_id]
    return [hub.url for hub in found if ipaddress.ip_address(hub.address).is_private]


def _open(addresses: list[str]) -> Zeroconf:
    if not addresses:
        raise LocalError("no network address on this machine", hint="Switch on Wi-Fi or plug in a cable.")
    try:
        return Zeroconf(interfaces=addresses)
    except OSError as error:
        raise LocalError(
            f"multicast DNS on {', '.join(addresses)}: {error.strerror or error}",
            hint="Another program may hold port 5353 for itself; stop it, or do without announcing.",
        ) from error


def _find_portal(paths: HubPaths, settings: HubSettings) -> _Place:
    """Return where the portal, or the door before it, listens, or would while it does not run."""
    door, portal = settings.door, settings.portal
    host, port = (door.host, door.port) if door.enabled else (portal.host, portal.port)
    running = read_service(paths, "door" if door.enabled else "portal") or {}
    host = str(running.get("host", host))
    addresses = list_addresses() if host in ANY_HOST else [_resolve(host)]
    return _Place(addresses, int(running.get("port", port)))


def _resolve(host: str) -> str:
    try:
        return socket.gethostbyname(host)
    except (OSError, ValueError, TypeError) as error:
        raise LocalError(
            f"portal.host is {host!r}: no IPv4 address of this machine", hint="Correct it in hub.toml."
        ) from error


def _describe(settings: HubSettings, place: _Place) -> ServiceInfo:
    return ServiceInfo(
        SERVICE_TYPE,
        f"{settings.hub_id}.{SERVICE_TYPE}",
        addresses=[socket.inet_aton(address) for address in place.addresses],
        port=place.port,
        properties={
            "id": settings.hub_id,
            "version": installed_version(_DISTRIBUTION),
            "name": settings.portal.name.encode()[:_MAX_TXT_BYTES].decode(errors="ignore"),
            "share": "1" if settings.sync.share else "0",
        },
        server=f"{settings.hub_id}.local.",
    )


def _found(info: ServiceInfo) -> FoundHub | None:
    texts = {
        key.decode(errors="replace"): (value or b"").decode(errors="replace")
        for key, value in info.properties.items()
    }
    addresses = info.parsed_addresses()
    if not texts.get("id") or not addresses or not info.port:
        return None
    return FoundHub(
        hub_id=texts["id"],
        name=texts.get("name", ""),
        version=texts.get("version", ""),
        address=addresses[0],
        port=info.port,
        shares=texts.get("share") == "1",
    )
