"""Which interface does what, for the machines and wishes that there are."""

from dataclasses import replace

import pytest

from hub.network.facts import Interface, Machine
from hub.network.lan import Lan
from hub.network.layout import lay_out
from hub.network.links import render_links
from hub.network.wishes import Wishes

RADIO = Interface("wlan0", "wifi", driver="brcmfmac", bus="sdio", chip="43455")
DONGLE = Interface("wlan1", "wifi", driver="rtl8xxxu", bus="usb")
SOCKET = Interface("eth0", "ethernet", driver="lan78xx", bus="usb")  # a Pi 3B+ has it on USB
ADAPTER = Interface("eth1", "ethernet", driver="r8152", bus="usb")
PHONE = Interface("usb0", "usb", driver="rndis_host", bus="usb")
SWAPPED = (replace(DONGLE, name="wlan0"), replace(RADIO, name="wlan1"))  # as the kernel met them


@pytest.mark.parametrize(
    ("mode", "uplink", "interfaces", "lan", "client", "guest", "fault"),
    [
        ("builtin", "none", (RADIO, SOCKET), "wlan0", "", "", ""),
        ("builtin", "ethernet", (RADIO, SOCKET), "wlan0", "", "", ""),
        ("builtin", "wifi", (RADIO, DONGLE, SOCKET), "wlan0", "wlan1", "", ""),
        ("builtin", "wifi", (*SWAPPED, SOCKET), "wlan1", "wlan0", "", ""),
        ("builtin", "wifi", (RADIO, SOCKET), "wlan0", "", "", "no-client-radio"),
        ("builtin", "ethernet", (SOCKET,), "", "", "eth0", "no-radio"),
        ("builtin", "usb", (PHONE,), "", "", "usb0", "no-radio"),
        ("external-ap", "usb", (RADIO, SOCKET, PHONE), "eth0", "", "", ""),
        ("external-ap", "ethernet", (ADAPTER, SOCKET), "eth0", "", "", ""),
        ("external-ap", "wifi", (RADIO, SOCKET), "eth0", "wlan0", "", ""),
        ("external-ap", "usb", (RADIO,), "", "", "", "no-cable"),
        ("off", "ethernet", (RADIO, SOCKET), "", "", "eth0", ""),
        ("off", "wifi", (RADIO, SOCKET), "", "wlan0", "eth0", ""),
    ],
)
def test_who_does_what(mode, uplink, interfaces, lan, client, guest, fault):
    found = lay_out(Wishes(wifi_mode=mode, uplink_kind=uplink), Machine(interfaces))
    assert (found.lan, found.client_radio, found.guest_at, found.fault) == (lan, client, guest, fault)
    assert found.has_ways_out == (uplink != "none")


def links(mode, uplink, *interfaces):
    return render_links(lay_out(Wishes(wifi_mode=mode, uplink_kind=uplink), Machine(interfaces)), Lan())


def test_the_class_s_side_has_no_gateway_and_asks_nobody():
    text = links("builtin", "ethernet", RADIO, SOCKET)["10-hub-lan.network"]
    assert "Gateway" not in text
    assert "DHCP=no" in text
    assert "Address=198.51.100.1/32" in text


def test_ways_out_have_their_order():
    files = links("builtin", "wifi", RADIO, DONGLE, SOCKET)
    metrics = {
        name: text.split("RouteMetric=")[1].split()[0] for name, text in files.items() if "RouteM" in text
    }
    assert metrics == {
        "30-hub-wifi.network": "300",
        "40-hub-usb.network": "200",
        "50-hub-cable.network": "100",
    }


def test_no_uplink_means_that_no_socket_is_asked():
    assert list(links("builtin", "none", RADIO, SOCKET)) == ["10-hub-lan.network"]


def test_a_telephone_is_known_before_other_cables():
    names = list(links("external-ap", "usb", SOCKET, PHONE))
    assert names == ["10-hub-lan.network", "40-hub-usb.network", "50-hub-cable.network"]
