"""Another school config: its network is made so, and only what changed is read again."""

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from content_packs.errors import UsageError
from hub.network.change import change_network, prepare_network, read_wishes
from hub.network.facts import Interface, Machine, Way
from hub.network.paths import NetworkPaths
from hub.network.state import read_network_state
from hub.network.watch import Watcher
from hub.school import UplinkConfig, WifiConfig
from hub.settings import HubPaths
from support.school_config import make_school

RADIOS = (Interface("wlan0", "wifi", chip="43455"), Interface("wlan1", "wifi", bus="usb"))
MACHINE = Machine((*RADIOS, Interface("eth0", "ethernet")))
AP, CLIENT = (f"systemctl --no-block restart {unit}.service" for unit in ("hub-ap", "hub-uplink-wifi"))


class Hub:
    """A hub whose network was prepared at boot for `make_school`; `change` tells which commands ran."""

    def __init__(self, folder):
        self.hub = HubPaths(folder / "hub")
        self.paths = NetworkPaths(folder / "run", folder / "links", folder / "kept")
        prepare_network(self.paths, self.hub, make_school())

    def change(self, **values):
        ran = []
        change_network(self.paths, self.hub, make_school(**values), run=ran.append)
        return [" ".join(command) for command in ran]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr("hub.network.change.look", lambda: MACHINE)
    monkeypatch.setattr("hub.network.apply.set_forwarding", lambda _on: None)  # of this machine
    return Hub(tmp_path)


def test_another_name_of_the_school_leaves_the_class_connected(hub):
    assert hub.change(school_name="Ліцей") == []


def test_another_name_of_the_wifi_restarts_the_access_point_alone(hub):
    assert hub.change(wifi=WifiConfig("builtin", "Школа-6", "na5 doshka!", 11)) == [AP]
    assert read_wishes(hub.paths).ssid == "Школа-6"


def test_another_way_out_is_taken_at_once(hub):
    wifi = UplinkConfig("wifi", "Громада", "long enough")
    assert CLIENT in hub.change(uplink=wifi)
    assert hub.change(uplink=wifi) == []


def test_a_wifi_that_cannot_be_changes_nothing(hub):
    before = hub.paths.hostapd.read_bytes()
    with pytest.raises(UsageError, match=r"wifi\.ssid"):
        hub.change(wifi=WifiConfig("builtin", "x" * 40, "na5 doshka!", 11))
    assert hub.paths.hostapd.read_bytes() == before
    assert read_wishes(hub.paths).ssid == "Школа-5"


def test_another_name_of_the_wifi_leaves_the_names_of_the_internet(hub):
    """dnsmasq is not told that the hub is offline, to hear the opposite from the watcher a moment later."""
    hub.paths.filter.write_text('{"format": 1, "pack": "f", "version": 1, "domains": 1}')
    hub.paths.online.touch()
    hub.change(student_internet="filtered")
    assert "198.51.100.1" not in hub.paths.dnsmasq.read_text()
    wifi = WifiConfig("builtin", "Школа-6", "na5 doshka!", 11)
    assert hub.change(student_internet="filtered", wifi=wifi) == [AP]


def test_the_address_of_a_guest_is_told_at_once_and_only_when_it_is_another(hub):
    """Without a network of its own, only the other network's router knows where the hub is."""
    school, ran = make_school(wifi=WifiConfig("off")), []
    assert prepare_network(hub.paths, hub.hub, school) == []
    guest = replace(MACHINE, ways=(Way("eth0", IPv4Interface("192.168.1.37/24")),))
    watcher = Watcher(hub.hub, None, hub.paths, hub.paths.run / "none", lambda: guest, run=ran.append)
    for now in (0, 100):
        watcher.tick(now)

    assert [command for command in ran if "hub-boot.service" in command] == [
        ("systemctl", "--no-block", "restart", "hub-boot.service")
    ]
    assert prepare_network(hub.paths, hub.hub, school) == ["192.168.1.37"]
    assert prepare_network(hub.paths, hub.hub, make_school()) == ["10.83.16.1"]


@pytest.mark.parametrize(
    ("wifi", "said"),
    [
        (WifiConfig("builtin", "Школа-6", "na5 doshka!", 11), ("builtin", "Школа-6", "RO", 11)),
        (WifiConfig("off"), ("off", "", "", None)),
    ],
)
def test_the_pages_hear_which_wifi_there_is(hub, monkeypatch, wifi, said):
    monkeypatch.setattr("hub.network.watch.find_strangers", lambda *_: ())
    prepare_network(hub.paths, hub.hub, make_school(wifi=wifi, country="RO"))
    Watcher(hub.hub, None, hub.paths, hub.paths.run / "none", lambda: MACHINE, run=lambda _: None).tick(0)

    state = read_network_state(hub.hub) or {}
    assert tuple(state[name] for name in ("mode", "ssid", "country", "channel")) == said
