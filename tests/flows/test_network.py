"""A class's network with the real nftables, dnsmasq, nginx and portal, in network namespaces. Needs root."""

import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from hub.appeals import Appeal, read_queue
from hub.clock import read_boot_id
from hub.network import filters
from hub.network.change import note_wishes
from hub.network.facts import Interface, Machine
from hub.network.lan import BLOCKED, CAPTIVE, RANGES, Lan
from hub.network.online import Online
from hub.network.paths import NetworkPaths
from hub.network.stations_seen import read_stations
from hub.network.strangers import find_strangers
from hub.network.watch import Watcher
from hub.network.wifi import render_hostapd, render_supplicant
from hub.network.wishes import Wishes
from hub.settings import HubPaths
from hub.uplink.limits import Moment
from hub.web.memory_disk import private_folder
from support.doors import front_door
from support.filter_pack import install
from support.hub_network import CABLE_WISHES, CABLES, WAN, HubNetwork, network_paths
from support.lan_browser import LanBrowser
from support.netns import place, stop
from support.probes import PROBES
from support.serving import serving, write_settings
from support.shelves import put_lesson
from support.waiting import wait_for

HUB_IP = str(Lan().hub)
FILTERED = replace(CABLE_WISHES, student_internet="filtered")


@contextmanager
def running(tmp_path, prefix):
    prefix = f"{prefix}{os.getpid() % 10000}"
    with place(prefix) as spaces:
        network = HubNetwork(spaces.hub, network_paths(tmp_path))
        spaces.hub.run("ip", "addr", "add", str(WAN.address), "dev", "wan0")
        spaces.hub.run("ip", "route", "add", "default", "via", "192.168.1.1")
        spaces.outside.run("ip", "addr", "add", "192.168.1.1/24", "dev", "nic")
        for address in ("93.184.216.34", "8.8.8.8"):  # a web page, and a resolver that some phones insist on
            spaces.outside.run("ip", "addr", "add", f"{address}/32", "dev", "lo")
        try:
            yield spaces, network
        finally:
            network.stop()


@pytest.fixture
def school(tmp_path):
    with running(tmp_path, "hn") as (spaces, network):
        yield spaces, network


def test_a_device_gets_an_address_and_every_name_leads_to_the_hub(school, tmp_path):
    spaces, network = school
    network.set_up()
    device = spaces.devices[0]
    lease = device.join(tmp_path)
    assert lease.address.network == RANGES[0]
    assert (str(lease.router), str(lease.dns)) == (HUB_IP, HUB_IP)
    for name in ("hub.lan", "kolibri.hub.lan", "p-maths.hubpacks.lan"):
        assert device.look_up(name, HUB_IP) == [HUB_IP], name
    for name in ("www.google.com", "example.org", "connectivitycheck.gstatic.com"):
        assert device.look_up(name, HUB_IP) == [str(CAPTIVE)], name
        assert device.look_up(name, HUB_IP, kind="AAAA") == []
        assert device.look_up(name, HUB_IP, kind="HTTPS") == []
    assert device.look_up("dns.msftncsi.com", HUB_IP) == ["131.107.255.255"]
    assert device.look_up("use-application-dns.net", HUB_IP) == ["NXDOMAIN"]
    assert device.look_up("another.lan", HUB_IP) == ["NXDOMAIN"]
    assert device.look_up("www.youtube.com", "8.8.8.8") == [str(CAPTIVE)]  # whomever a phone asks


def test_no_way_leads_out_of_the_class_or_in(school, tmp_path):
    spaces, network = school
    network.set_up()
    one, other = spaces.devices
    one.sit(Lan(), 0)
    other.sit(Lan(), 1)
    spaces.hub.run("sysctl", "-qw", "net.ipv4.ip_forward=1")  # even if something else switched it on
    spaces.outside.run("ip", "route", "add", str(RANGES[0]), "via", "192.168.1.20")  # and answers came back
    server = spaces.outside.start("busybox", "httpd", "-f", "-p", "443")
    inner = spaces.hub.start("busybox", "httpd", "-f", "-p", "5000")
    try:
        wait_for(lambda: "443" in spaces.outside.run("ss", "-ltn"), timeout_s=30)
        assert one.connects("93.184.216.34", 443) != "yes"
        assert one.connects("192.168.1.1", 443) != "yes"
        assert one.connects(str(CAPTIVE), 443) == "refused"  # at once: nobody waits for a time-out
        assert one.connects(HUB_IP, 5000) == "refused"  # only what is named is open
        outside = spaces.outside
        assert outside.run("busybox", "nc", "-w", "1", "192.168.1.20", "5000", check=False, text="") == ""
        assert not outside.run("busybox", "ping", "-c1", "-W1", "192.168.1.20", check=False).count(
            "1 packets rec"
        )
    finally:
        stop([server, inner])


def test_a_filtered_class_goes_out_after_continue_and_by_the_filter_only(school, tmp_path):
    spaces, network = school
    hub = HubPaths(tmp_path / "hub")
    install(hub, 1, "bad.example a\n", allow="ok.bad.example\n", lesson="games.example i\n")
    filters.take_filter(hub, network.paths, ram_bytes=0)
    network.paths.run.mkdir()
    network.paths.resolvers.write_text("nameserver 192.168.1.1\n", encoding="ascii")
    network.set_up(FILTERED, is_online=True)
    device, waiting = spaces.devices
    address = device.sit(Lan(), 0)
    waiting.sit(Lan(), 1)
    mac = device.run("cat", "/sys/class/net/nic/address").strip()
    resolver = spaces.outside.start(
        *("dnsmasq", "-k", "--no-resolv", "--no-hosts", "-C", "/dev/null", "--address=/#/93.184.216.34"),
        *("--address=/#/2001:db8::7", "--dns-rr=bad.example,65,000100000400045db8d822"),
        *("--bind-interfaces", "--listen-address=192.168.1.1", f"--pid-file={tmp_path / 'out.pid'}"),
    )
    servers = [
        spaces.outside.start("busybox", "httpd", "-f", "-p", port) for port in ("443", "80", "853", "9000")
    ]
    try:
        wait_for(lambda: "9000" in spaces.outside.run("ss", "-ltn"), timeout_s=30)
        assert device.connects("93.184.216.34", 443) == "refused"  # before "Continue"
        spaces.hub.run(
            "nft", "add", "element", "inet", "hub", "accepted", f"{{ {address} . {mac} timeout 1h }}"
        )
        assert device.connects("93.184.216.34", 443) == "yes"
        assert waiting.connects("93.184.216.34", 443) == "refused"
        for port in (853, 9000):
            assert device.connects("93.184.216.34", port) == "refused", port
        assert device.connects("8.8.8.8", 443) == "refused"  # DNS over HTTPS
        assert device.connects("192.168.1.1", 443) == "refused"  # the office of the school
        wait_for(lambda: device.look_up("good.example", HUB_IP) == ["93.184.216.34"], timeout_s=120)
        assert device.look_up("good.example", HUB_IP, kind="AAAA") == []
        assert device.look_up("bad.example", HUB_IP) == [str(BLOCKED)]
        assert device.look_up("deep.below.bad.example", "8.8.8.8") == [str(BLOCKED)]
        for kind in ("AAAA", "HTTPS"):
            assert device.look_up("bad.example", HUB_IP, kind=kind) == []
        assert device.look_up("www.ok.bad.example", HUB_IP) == ["93.184.216.34"]
        assert device.look_up("games.example", HUB_IP) == ["93.184.216.34"]  # there is no lesson
        assert device.connects(BLOCKED, 443) == "refused"  # at once, and without a certificate to complain of
        assert device.look_up("www.google.com.ua", HUB_IP) == ["216.239.38.120"]
        assert device.look_up("www.google.com.ua", HUB_IP, kind="HTTPS") == []
        assert device.look_up("dns.google", HUB_IP) == ["NXDOMAIN"]
        assert device.look_up("mask.icloud.com", HUB_IP) == ["NXDOMAIN"]
        assert device.look_up("hub.lan", HUB_IP) == [HUB_IP]
    finally:
        stop([resolver, *servers])


def test_every_probe_before_and_after_continue(school, tmp_path):
    spaces, network = school
    network.set_up()
    paths = HubPaths(tmp_path / "hub")
    write_settings(
        paths, "\n[door]\nenabled = true\nhost = '0.0.0.0'\nport = 80\n[kolibri]\nenabled = false\n"
    )
    put_lesson(paths, tmp_path / "sources")
    device, other = spaces.devices
    device.sit(Lan(), 0)
    other.sit(Lan(), 1)
    questions = [{"do": "page", "host": p.host, "path": p.path, "server": HUB_IP} for p in PROBES]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, private_folder(paths), ignore_errors=True)
        with spaces.hub.entered():
            stack.enter_context(serving(paths))
            stack.enter_context(front_door(paths))
        before = device.ask(*questions)
        for probe, answer in zip(PROBES, before, strict=True):
            assert not IPv4Address(answer["address"]).is_private or answer["address"] == str(CAPTIVE), probe
            assert (answer["status"], answer["headers"].get("location")) == (302, "http://hub.lan/welcome"), (
                probe
            )
            assert len(answer["body"]) > 4
            assert answer["seconds"] < 0.5, probe
        welcome = {"do": "page", "host": "hub.lan", "path": "/welcome", "server": HUB_IP}
        page, done = device.ask(welcome, welcome | {"method": "POST"})
        assert page["address"] == HUB_IP
        assert "http://hub.lan" in page["body"]
        assert done["status"] == 200
        for probe, answer in zip(PROBES, device.ask(*questions), strict=True):
            assert (answer["status"], answer["body"].encode("latin-1")) == (probe.status, probe.body), probe
            assert answer["headers"].get("x-networkmanager-status") == probe.nm_status
        assert {answer["status"] for answer in other.ask(*questions)} == {302}  # nobody else has pressed it


def test_another_dhcp_server_is_found_and_ours_is_not(school, tmp_path):
    spaces, network = school
    network.set_up()
    with spaces.hub.entered():
        assert find_strangers("lan0", Lan().hub, wait_s=0.6) == ()
    rogue = spaces.devices[1]
    rogue.run("ip", "addr", "add", "192.168.0.1/24", "dev", "nic")
    server = rogue.start(
        *("dnsmasq", "-k", "-p0", "-C", "/dev/null", "--dhcp-range=192.168.0.50,192.168.0.99"),
        *("--dhcp-authoritative", f"--dhcp-leasefile={tmp_path / 'rogue.leases'}", "--no-ping"),
        *("--pid-file=", "--interface=nic"),
    )
    try:
        with spaces.hub.entered():
            wait_for(
                lambda: find_strangers("lan0", Lan().hub, wait_s=0.6) == (IPv4Address("192.168.0.1"),),
                timeout_s=10,
            )
    finally:
        stop([server])


def test_the_range_moves_away_from_an_uplink_and_devices_follow(school, tmp_path):
    spaces, network = school
    network.set_up()
    device = spaces.devices[0]
    assert device.join(tmp_path).address.network == RANGES[0]
    clash = replace(WAN, address=IPv4Interface("10.83.17.9/24"))
    commands = []
    watcher = make_watcher(network, tmp_path, Machine(CABLES, (clash,)), commands)
    note_wishes(CABLE_WISHES, network.paths)
    with spaces.hub.entered():
        watcher.tick(0.0)
        network.load(forwards=False)
    assert ("networkctl", "reload") in commands
    assert IPv4Network(network.paths.range.read_text().strip()) == RANGES[1]
    lease = device.join(tmp_path)
    assert lease.address.network == RANGES[1]
    assert device.look_up("hub.lan", lease.dns) == [str(lease.router)]
    with spaces.hub.entered():  # and stays there when that uplink has gone
        watcher.look = lambda: Machine(CABLES, (WAN,))
        watcher.tick(100.0)
    assert IPv4Network(network.paths.range.read_text().strip()) == RANGES[1]


def test_who_presses_continue_gets_out_and_a_forged_file_lets_nobody_out(school, tmp_path):
    spaces, network = school
    install(HubPaths(tmp_path / "hub"), 1, "bad.example a\n")
    filters.take_filter(HubPaths(tmp_path / "hub"), network.paths, ram_bytes=0)
    note_wishes(FILTERED, network.paths)
    accepted = tmp_path / "accepted.json"
    watcher = make_watcher(network, tmp_path, Machine(CABLES, (WAN,)), [], accepted=accepted)
    with spaces.hub.entered():
        watcher.tick(0.0)
        network.load(forwards=True)
    device, other = spaces.devices
    address, other_address = (str(d.sit(Lan(), number)) for number, d in enumerate(spaces.devices))
    for joined in spaces.devices:
        assert joined.look_up("hub.lan", HUB_IP) == [HUB_IP]
    server = spaces.outside.start("busybox", "httpd", "-f", "-p", "443")
    try:
        wait_for(lambda: "443" in spaces.outside.run("ss", "-ltn"), timeout_s=30)
        boot = read_boot_id()
        devices = {address: ["", 100.0], other_address: ["02:00:00:00:00:99", 100.0], "8.8.8.8": ["", 9]}
        accepted.write_text(json.dumps({"boot": boot, "devices": devices}))
        with spaces.hub.entered():
            watcher.tick(1.0)
        assert device.connects("93.184.216.34", 443) == "yes"
        assert other.connects("93.184.216.34", 443) == "refused"  # another hardware address than it says
        accepted.unlink()
        accepted.symlink_to("/proc/self/environ")
        with spaces.hub.entered():
            watcher.tick(2.0)
        assert device.connects("93.184.216.34", 443) == "refused"
    finally:
        stop([server])


def at(time):
    """What the watcher believes: a time of the school's clock, or that it does not know."""
    return lambda *_: Moment(datetime.fromisoformat(time or "2026-11-27T16:00"), is_known=bool(time))


def test_a_learner_meets_the_page_of_a_blocked_site_in_lessons_and_asks_for_it(school, tmp_path, monkeypatch):
    """The clock of the school makes the watcher start dnsmasq with another list: 15:00, and nobody knows."""
    spaces, network = school
    paths = HubPaths(tmp_path / "hub")
    network.paths = replace(network.paths, kept=NetworkPaths.beside(paths).kept)
    write_settings(
        paths, "\n[door]\nenabled = true\nhost = '0.0.0.0'\nport = 80\n[kolibri]\nenabled = false\n"
    )
    put_lesson(paths, tmp_path / "sources")
    every_day = "mon-sun 00:00-24:00"
    install(paths, 7, "bad.example a\n", lesson="games.example i\n", lesson_time=every_day)
    note_wishes(FILTERED, network.paths)
    commands = []
    watcher = make_watcher(
        network, tmp_path, Machine(CABLES, (WAN,), (IPv4Address("192.168.1.1"),)), commands
    )
    watcher.online = Online(is_online=True)

    def look(now, time):
        monkeypatch.setattr("hub.network.watch.class_moment", at(time))
        commands.clear()
        with spaces.hub.entered():
            watcher.tick(now)
        return ("systemctl", "--no-block", "restart", "hub-dns.service") in commands

    look(0.0, "2026-11-27T09:00")  # takes the filter
    assert look(100.0, "2026-11-27T09:00")  # and lets dnsmasq read it
    network.load(forwards=True)
    device = spaces.devices[0]
    address = device.sit(Lan(), 0)
    mac = device.run("cat", "/sys/class/net/nic/address").strip()
    spaces.hub.run("nft", "add", "element", "inet", "hub", "accepted", f"{{ {address} . {mac} timeout 1h }}")
    browser = LanBrowser(device, HUB_IP)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, private_folder(paths), ignore_errors=True)
        with spaces.hub.entered():
            stack.enter_context(serving(paths))
            stack.enter_context(front_door(paths))
        browser.press("/welcome")
        led = browser.get("/play", host="www.games.example")
        assert (led.address, led.status) == (str(BLOCKED), 302)
        assert led.headers["location"] == "http://hub.lan/blocked?name=www.games.example"
        page = browser.get("/blocked?name=www.games.example")
        assert (page.status, page.headers["cache-control"]) == (200, "no-store")
        form = browser.post("/blocked?name=www.games.example", name="www.games.example", reason="Шахи")
        assert form.status == 200, form.text
        assert read_queue(paths).appeals == (Appeal("www.games.example", "games", 1, "Шахи"),)
        assert browser.get("/", host="bad.example").headers["location"].endswith("/blocked?name=bad.example")
        set_lesson_time(paths, network.paths, "mon-fri 08:30-15:00")
        assert look(200.0, "2026-11-27T14:59")
        assert not look(206.0, "2026-11-27T14:59")
        assert look(212.0, "2026-11-27T15:00")
        network.restart_names()
        assert device.look_up("www.games.example", HUB_IP) != [str(BLOCKED)]
        assert device.look_up("bad.example", HUB_IP) == [str(BLOCKED)]
        assert look(218.0, "")  # a clock that cannot be right: what is blocked in lessons is blocked
        network.restart_names()
        assert device.look_up("www.games.example", HUB_IP) == [str(BLOCKED)]


def set_lesson_time(hub, places, text):
    """Let another version of the filter come."""
    install(hub, 8, "bad.example a\n", lesson="games.example i\nmore.example i\n", lesson_time=text)
    filters.take_filter(hub, places, ram_bytes=0)


def make_watcher(network, tmp_path, machine, commands, *, accepted=None):
    def run(command):
        commands.append(command)
        if command[0] == "nft":
            network.space.run(*command)

    return Watcher(
        HubPaths(tmp_path / "hub"),
        None,
        network.paths,
        accepted or tmp_path / "none.json",
        lambda: machine,
        run=run,
        reaches=lambda: True,
    )


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Школа №5", "пароль-учнів"),
        ('a"b\\c', "x" * 63),
        ("one\nctrl_interface=/tmp", "12345678\nwpa=0"),
        ("# $(reboot)", " leading and trailing "),
        ('P"x"', 'psk="12345678"'),
        ("\t\x7f\x00", "a" * 64),
    ],
)
def test_hostapd_and_wpa_supplicant_read_any_name_and_password(tmp_path, name, password):
    """They fail at the radio, which is not there, and not at a line before."""
    wishes = Wishes(ssid=name, password=password, uplink_ssid=name, uplink_password=password)
    for command, text in (
        (("hostapd",), render_hostapd(wishes, Interface("no-radio", "wifi"))),
        (("wpa_supplicant", "-D", "nl80211", "-i", "no-radio", "-c"), render_supplicant(wishes)),
    ):
        config = tmp_path / f"{command[0]}.conf"
        config.write_text(text, encoding="utf-8")
        done = subprocess.run([*command, config], capture_output=True, text=True, timeout=20)
        said = done.stdout + done.stderr
        assert "nl80211" in said or "no-radio" in said
        assert not re.search(r"(?i)line \d+|failed to (read|parse|set up)", said), said


PRIVATE_TMP = (
    'mount --bind "$1" /mnt && mount -t tmpfs none /tmp && mkdir -p "$1" && mount --move /mnt "$1" '
    '&& exec hostapd "$1/hostapd.conf"'
)


def test_hostapd_answers_although_each_service_has_a_tmp_of_its_own(tmp_path):
    """As systemd's PrivateTmp= makes it: a socket in the /tmp of who asks is nowhere for who answers."""
    control = tmp_path / "control"
    text = f"interface=lo\ndriver=none\nctrl_interface={control}\nssid=x\n"
    (tmp_path / "hostapd.conf").write_text(text)
    hostapd = subprocess.Popen(["unshare", "--mount", "sh", "-c", PRIVATE_TMP, "sh", tmp_path], text=True)
    try:
        wait_for(lambda: (control / "lo").exists(), timeout_s=20)
        assert read_stations("lo", control=control, own=tmp_path) == []
    finally:
        stop([hostapd])
