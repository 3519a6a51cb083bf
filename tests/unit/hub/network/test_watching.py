"""The small rules around the watcher: who is let out, who answers, what changed, what the status says."""

import json
import os
import struct
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest

from hub.clock import floor_file, raise_floor
from hub.health import Level
from hub.network import strangers
from hub.network.apply import Difference, find_difference, plan_commands, write_network
from hub.network.facts import Interface, Machine
from hub.network.filters import Filter
from hub.network.lan import Lan
from hub.network.lessons import class_moment
from hub.network.look import look, name_chip
from hub.network.mirror import read_accepted, render_accepted
from hub.network.online import Online
from hub.network.paths import NetworkPaths
from hub.network.render import render
from hub.network.state import check_network
from hub.network.stations_seen import parse_stations
from hub.network.watch import describe_filter
from hub.network.wishes import Wishes
from hub.settings import HubPaths
from hub.uplink.limits import Moment

MACHINE = Machine((Interface("wlan0", "wifi", chip="43455"), Interface("eth0", "ethernet")))
WISHES = Wishes(ssid="Школа", password="12345678", uplink_kind="ethernet")


@pytest.fixture
def paths(tmp_path):
    return NetworkPaths(tmp_path / "run", tmp_path / "links", tmp_path / "kept")


def test_only_what_changed_is_read_again(paths):
    first = write_network(render(WISHES, MACHINE, Lan(), paths), paths)
    assert len(first.changed) == 6
    again = render(WISHES, MACHINE, Lan(), paths)
    assert find_difference(again, paths) == Difference((), ())
    renamed = render(Wishes(ssid="Ліцей", password="12345678", uplink_kind="ethernet"), MACHINE, Lan(), paths)
    difference = write_network(renamed, paths)
    assert plan_commands(difference, paths) == [("systemctl", "--no-block", "restart", "hub-ap.service")]
    assert paths.hostapd.stat().st_mode & 0o777 == 0o600


def test_a_hub_without_wifi_keeps_no_file_of_one(paths):
    write_network(render(WISHES, MACHINE, Lan(), paths), paths)
    off = render(Wishes(wifi_mode="off"), MACHINE, Lan(), paths)
    difference = write_network(off, paths)
    assert {path.name for path in difference.gone} == {
        *("hostapd.conf", "dnsmasq.conf", "10-hub-lan.network", "40-hub-usb.network", "50-hub-cable.network")
    }
    assert not paths.hostapd.exists()
    commands = [" ".join(command) for command in plan_commands(difference, paths)]
    assert commands[0].startswith("nft -f")
    assert "systemctl --no-block restart hub-dns.service" in commands


def test_a_wifi_that_cannot_be_leaves_the_rest_standing(paths):
    network = render(Wishes(ssid="x" * 40), MACHINE, Lan(), paths)
    assert network.faults == ("wifi.ssid: expected 1 to 32 bytes, got 40",)
    assert paths.hostapd in network.gone
    assert paths.firewall in network.files


def test_filtered_waits_for_a_filter(paths):
    wishes = Wishes(ssid="x", uplink_kind="ethernet", student_internet="filtered")
    assert not render(wishes, MACHINE, Lan(), paths, is_online=True, has_filter=False).forwards
    assert render(wishes, MACHINE, Lan(), paths, is_online=True, has_filter=True).is_open
    assert not render(wishes, MACHINE, Lan(), paths, is_online=False, has_filter=True).is_open


ARP = {
    "10.83.16.60": "aa:aa:aa:aa:aa:01",
    "10.83.16.61": "aa:aa:aa:aa:aa:02",
    "192.168.1.9": "aa:aa:aa:aa:aa:03",
}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"boot": "this", "devices": {"10.83.16.60": ["", ' + "9" * 4000 + "]}}",
        '{"boot": "this", "devices": {"10.83.16.60": [["", 1], ["", 2]]}}',
        "null",
    ],
    ids=["deep", "huge", "lists", "null"],
)
def test_no_file_of_the_portal_ends_root_s_watcher(tmp_path, text):
    """With it the class's range, the filter and the firewall would stand still until somebody comes."""
    file = tmp_path / "accepted.json"
    file.write_text(text)

    assert read_accepted(file, Lan(), ARP, boot="this", now=100.0) == {}


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ({"10.83.16.60": ["aa:aa:aa:aa:aa:01", 110.0]}, {("10.83.16.60", "aa:aa:aa:aa:aa:01"): 10.0}),
        ({"10.83.16.60": ["", 110.0]}, {("10.83.16.60", "aa:aa:aa:aa:aa:01"): 10.0}),
        ({"10.83.16.60": ["aa:aa:aa:aa:aa:02", 110.0]}, {}),  # another device has the address now
        ({"10.83.16.60": ["", 99.0]}, {}),  # its day is over
        ({"10.83.16.60": ["", 1e9]}, {("10.83.16.60", "aa:aa:aa:aa:aa:01"): 86400.0}),
        ({"10.83.16.70": ["", 110.0]}, {}),  # the kernel has not met it
        ({"192.168.1.9": ["", 110.0]}, {}),  # not of the class
        ({"10.83.16.60 . x; flush ruleset": ["", 110.0]}, {}),
        ({"10.83.16.60": ["", float("nan")]}, {}),
        ({"10.83.16.60": 7}, {}),
        ([], {}),
    ],
)
def test_who_is_let_out(tmp_path, devices, expected):
    file = tmp_path / "accepted.json"
    file.write_text(json.dumps({"boot": "this", "devices": devices}))
    assert read_accepted(file, Lan(), ARP, boot="this", now=100.0) == expected
    assert read_accepted(file, Lan(), ARP, boot="another", now=100.0) == {}


def test_the_set_is_made_anew_as_one():
    text = render_accepted({("10.83.16.60", "aa:aa:aa:aa:aa:01"): 10.4})
    assert text == (
        "flush set inet hub accepted\n"
        "add element inet hub accepted { 10.83.16.60 . aa:aa:aa:aa:aa:01 timeout 10s }\n"
    )


def offer(number, *options, operation=2):
    head = struct.pack("!4BI", operation, 1, 6, 0, number) + bytes(228)
    return head + b"\x63\x82\x53\x63" + b"".join(bytes([code, len(data)]) + data for code, data in options)


@pytest.mark.parametrize(
    ("answer", "server"),
    [
        (offer(7, (53, b"\2"), (54, bytes([192, 168, 0, 1])), (255, b"")), IPv4Address("192.168.0.1")),
        (offer(8, (53, b"\2"), (54, bytes([192, 168, 0, 1]))), None),  # for somebody else
        (offer(7, (53, b"\5"), (54, bytes([192, 168, 0, 1]))), None),  # an ACK
        (offer(7, (53, b"\2")), None),
        (offer(7, (53, b"\2"), (54, b"\1")), None),
        (offer(7, (53, b"\2"), operation=1), None),
        (offer(7)[:240] + b"\x35", None),
        (b"", None),
        (b"\xff" * 2000, None),
    ],
)
def test_offers_of_others(answer, server):
    assert strangers.read_offer(answer, 7) == server


def test_the_question_is_a_whole_one():
    asked = strangers.build_discover(7, b"\x02" + bytes(5))
    assert len(asked) == 300  # BOOTP's least size, RFC 1542 §2.1
    assert strangers.read_offer(b"\2" + asked[1:], 7) is None


def test_one_failed_look_does_not_cut_a_class_off():
    online = Online()
    seen = []
    for reached in (True, False, False, True, False, False, False, True):
        online = online.after(reached)
        seen.append(online.is_online)
    assert seen == [True, True, True, True, True, True, False, True]


def test_stations_as_hostapd_says_them():
    said = """\
02:00:00:00:01:00
flags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM][HT]
aid=1
signal=-48
connected_time=73
02:00:00:00:02:00
flags=[AUTH][ASSOC]
signal=-80
"""
    found = parse_stations(said)
    assert [(s.name, s.signal_dbm, s.connected_s) for s in found] == [("…01:00", -48, 73)]
    assert parse_stations("") == []


def test_a_machine_as_sys_shows_it(tmp_path):
    net = tmp_path / "net"
    for name, driver, bus, files in (
        ("wlan0", "brcmfmac", "sdio", {"device/device": "0xa9bf", "phy80211/name": "phy0"}),
        ("eth0", "bcmgenet", "platform", {}),
        ("usb0", "rndis_host", "usb", {}),
    ):
        folder = net / name
        (folder / "device").mkdir(parents=True)
        (folder / "type").write_text("1\n")
        (folder / "address").write_text("b8:27:eb:00:00:01\n")
        (folder / "device/driver").symlink_to(f"/nowhere/drivers/{driver}")
        (folder / "device/subsystem").symlink_to(f"/nowhere/bus/{bus}")
        for path, text in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
    (net / "lo").mkdir()
    state = tmp_path / "state"
    state.write_text("OPER_STATE=routable\nDNS=192.168.1.1 fe80::1 9.9.9.9\nNTP=\n")
    machine = look(net=net, networkd=state)
    assert [(i.name, i.sort, i.driver, i.bus, i.chip) for i in machine.interfaces] == [
        ("eth0", "ethernet", "bcmgenet", "platform", ""),
        ("usb0", "usb", "rndis_host", "usb", ""),
        ("wlan0", "wifi", "brcmfmac", "sdio", "43455"),
    ]
    assert machine.resolvers == (IPv4Address("192.168.1.1"), IPv4Address("9.9.9.9"))
    assert machine.ram_bytes > 0


@pytest.mark.parametrize(
    ("sdio_id", "firmware", "chip"),
    [
        ("0xa9bf", "7.45.234 01-996384e2", "43455"),
        ("0xa9bf", "7.84.17.1 01-3d9e1d87", "43456"),
        ("0xa9a6", "7.84.17.1", "43430"),
        ("0x1234", "7.84.17.1", ""),
    ],
)
def test_a_pi_400_s_radio_is_known_by_its_firmware(sdio_id, firmware, chip):
    """Versions as Debian's firmware-brcm80211 has them."""
    assert name_chip(sdio_id, firmware) == chip


def state(**values):
    return {"ssid": "Школа", "warnings": [], "stations": {"count": 3, "limit": 7}} | values


@pytest.mark.parametrize(
    ("values", "code", "level", "words"),
    [
        (state(), "network", Level.GOOD, "Wi-Fi Школа: 3 of 7 devices."),
        (state(stations={"count": 7, "limit": 7}), "network-full", Level.ATTENTION, "is full: 7 of 7"),
        (state(stations={"count": None, "limit": 7}), "network-ap", Level.BROKEN, "does not run"),
        (
            state(stations=None, warnings=[{"code": "stranger", "values": {"servers": "192.168.0.1"}}]),
            "network-stranger",
            Level.ATTENTION,
            "gives out addresses in the class's network: 192.168.0.1.",
        ),
        (
            state(stations=None, warnings=[{"code": "no-radio"}]),
            "network-no-radio",
            Level.ATTENTION,
            "No Wi-Fi",
        ),
    ],
)
def test_what_the_status_says(values, code, level, words):
    (check,) = check_network(values)
    assert (check.code, check.level) == (code, level)
    assert words in check.text
    assert check.advice or level is Level.GOOD
    assert "192.168" not in check.for_everybody().text


def test_no_watcher_is_no_fault():
    assert list(check_network(None)) == []
    assert list(check_network({"of": "another version"})) == []


@pytest.mark.parametrize(
    ("known", "in_lesson", "until"), [(True, False, "2026-11-30T08:30"), (False, True, None)]
)
def test_the_state_says_which_rules_of_the_filter_count(known, in_lesson, until):
    used = Filter("filter", 7, domains=2, lesson=1, lesson_time="mon-fri 08:30-15:00")
    said = describe_filter(used, Moment(datetime.fromisoformat("2026-11-27T16:00"), is_known=known))
    assert (said["in_lesson"], said["clock_known"], said["until"]) == (in_lesson, known, until)
    assert describe_filter(Filter(), Moment(datetime.fromisoformat("2026-11-27T16:00")))["version"] == 0


def test_no_file_of_the_portal_s_account_keeps_root_waiting_for_the_time(tmp_path):
    hub = HubPaths(tmp_path)
    hub.trust.mkdir()
    os.mkfifo(floor_file(hub.trust))
    assert class_moment(hub, datetime(2026, 12, 1, tzinfo=UTC)).is_known
    floor_file(hub.trust).unlink()
    raise_floor(hub.trust, datetime(2027, 1, 1, tzinfo=UTC))
    assert not class_moment(hub, datetime(2026, 12, 1, tzinfo=UTC)).is_known
