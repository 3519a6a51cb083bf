"""Another school config: its network is made so, and only what changed is read again."""

import pytest

from content_packs.errors import UsageError
from hub.network.change import change_network, prepare_network, read_wishes
from hub.network.facts import Interface, Machine
from hub.network.paths import NetworkPaths
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
