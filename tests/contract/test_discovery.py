"""Two hubs find each other over real multicast on this machine."""

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from content_packs.errors import LocalError
from hub import discovery
from hub.settings import DoorSettings, HubPaths, PortalSettings, SyncSettings
from support.shelves import SETTINGS


@contextmanager
def announced(paths: HubPaths, hub_id: str, name: str, *, share: bool = True) -> Iterator[threading.Event]:
    """Announce a hub in a thread, as `hub announce` does."""
    sync, portal = SyncSettings(share=share), PortalSettings(port=8123, name=name)
    settings = replace(SETTINGS, hub_id=hub_id, sync=sync, portal=portal)
    until = threading.Event()
    thread = threading.Thread(
        target=discovery.announce, args=[paths, settings], kwargs={"until": until}, daemon=True
    )
    thread.start()
    try:
        yield until
    finally:
        until.set()
        thread.join(10)
        assert not thread.is_alive()


def look_for(wanted: set[str], seen: Callable[[], list[discovery.FoundHub]]) -> dict[str, discovery.FoundHub]:
    for _ in range(5):
        found = {hub.hub_id: hub for hub in seen()}
        if wanted <= found.keys():
            return found
    raise AssertionError(f"expected {wanted}, found {found.keys()}")


@pytest.fixture(params=["network", "loopback only"])
def addresses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "loopback only":
        monkeypatch.setattr(discovery, "list_addresses", lambda: ["127.0.0.1"])


@pytest.mark.usefixtures("addresses")
def test_hubs_find_each_other_with_name_version_and_port(tmp_path):
    ids = [f"h-{secrets.token_hex(4)}" for _ in range(2)]
    paths = HubPaths(tmp_path)
    paths.run.mkdir()
    (paths.run / "portal.json").write_text(json.dumps({"pid": os.getpid(), "port": 9321}))
    with ExitStack() as stack:
        stack.enter_context(announced(HubPaths(tmp_path / "none"), ids[0], "Школа в Рахові"))
        stack.enter_context(announced(paths, ids[1], "і" * 500))
        found = look_for(set(ids), lambda: discovery.list_hubs(1.0))
    first, second = (found[hub_id] for hub_id in ids)
    assert first.name == "Школа в Рахові"
    assert first.version
    assert first.url.endswith(":8123/")
    assert second.port == 9321
    assert set(second.name) == {"і"}


def test_a_portal_on_one_address_is_announced_there_only(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "list_addresses", lambda: ["127.0.0.1", "127.0.0.2"])
    hub_id, everywhere = (f"h-{secrets.token_hex(4)}" for _ in range(2))
    paths = HubPaths(tmp_path)
    paths.run.mkdir()
    said = {"pid": os.getpid(), "port": 9321, "host": "127.0.0.2"}
    (paths.run / "portal.json").write_text(json.dumps(said))
    with announced(paths, hub_id, "Школа"), announced(HubPaths(tmp_path / "none"), everywhere, "Школа"):
        found = look_for({hub_id, everywhere}, lambda: discovery.list_hubs(1.0))
    assert found[hub_id].url == "http://127.0.0.2:9321/"


def test_what_stands_behind_the_front_door_is_announced_at_the_door(tmp_path):
    paths = HubPaths(tmp_path)
    settings = replace(SETTINGS, door=DoorSettings(enabled=True, host="127.0.0.1", port=8000))
    assert discovery._find_portal(paths, settings).port == 8000
    paths.run.mkdir()
    (paths.run / "portal.json").write_text(json.dumps({"pid": os.getpid(), "port": 9321}))
    (paths.run / "door.json").write_text(json.dumps({"pid": os.getpid(), "port": 8001}))
    assert discovery._find_portal(paths, settings).port == 8001


def test_a_portal_that_will_listen_on_loopback_is_not_announced_to_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "list_addresses", lambda: ["192.0.2.7"])
    settings = replace(SETTINGS, portal=PortalSettings(host="localhost", port=8123))
    place = discovery._find_portal(HubPaths(tmp_path), settings)
    assert (place.addresses, place.port) == (["127.0.0.1"], 8123)
    nowhere = replace(SETTINGS, portal=PortalSettings(host="no-such-host.invalid"))
    with pytest.raises(LocalError, match=r"portal\.host"):
        discovery._find_portal(HubPaths(tmp_path), nowhere)


@pytest.mark.usefixtures("addresses")
def test_a_hub_that_stops_says_goodbye(tmp_path):
    hub_id = f"h-{secrets.token_hex(4)}"
    with announced(HubPaths(tmp_path), hub_id, "Школа"):
        look_for({hub_id}, lambda: discovery.list_hubs(1.0))
    assert hub_id not in {hub.hub_id for hub in discovery.list_hubs(1.0)}


def test_hubs_say_whether_they_share(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "list_addresses", lambda: ["127.0.0.1"])
    gives, keeps = (f"h-{secrets.token_hex(4)}" for _ in range(2))
    nowhere = HubPaths(tmp_path)
    with announced(nowhere, gives, "Ми"), announced(nowhere, keeps, "Вони", share=False):
        found = look_for({gives, keeps}, lambda: discovery.list_hubs(1.0))
    assert (found[gives].shares, found[keeps].shares) == (True, False)


def test_a_hub_outside_of_this_network_is_no_neighbour(monkeypatch):
    hubs = [
        discovery.FoundHub("h-1", "", "1", "10.42.0.1", 80, shares=True),
        discovery.FoundHub("h-2", "", "1", "93.184.216.34", 80, shares=True),
        discovery.FoundHub("h-3", "", "1", "10.42.0.3", 80, shares=False),
        discovery.FoundHub("h-4", "", "1", "10.42.0.4", 80, shares=True),
    ]
    monkeypatch.setattr(discovery, "list_hubs", lambda _: hubs)
    assert discovery.list_neighbours("h-4", 1.0) == ["http://10.42.0.1:80/"]
