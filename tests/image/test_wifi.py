"""The class's Wi-Fi on a real card: hostapd on a simulated radio in the guest, and telephones beside it.

Acceptance tests 1 and 2 of field-notes/image.md §7. Each telephone is a radio of mac80211_hwsim in a network
namespace of its own, with wpa_supplicant.
"""

import json
import shlex
import time
from pathlib import Path

import pytest

from support.card import Card
from support.machine import Machine, running
from tests.image.conftest import shell, shell_words
from tests.image.report import note

pytestmark = pytest.mark.timeout(5400)

SUPPORT = Path(__file__).parents[1] / "support"
SSID, PASSWORD = "Школа №5", "uchni-2026"
STATIONS = 7
PHONES = STATIONS + 1
CONFIG = f"""\
school_code = "test-1"
school_name = "Ліцей"
country = "UA"
[wifi]
mode = "builtin"
ssid = "{SSID}"
password = "{PASSWORD}"
[uplink]
kind = "none"
"""
PATIENCE_S = 1200  # of a step on a busy machine
OTHER_SSID = "School-6"
# hostapd has a /tmp of its own, so it answers elsewhere: hub/network/stations_seen.py.
HOSTAPD = "hostapd_cli -p /run/hostapd -s /run/hub -i wlan0"
PYTHON = "/opt/hub/bin/python"
JOIN = """\
#!/bin/sh
# join.sh NUMBER SECONDS: a telephone joins, and says how that went
ip netns add p$1
iw phy phy$1 set netns name p$1
ip netns exec p$1 ip link set lo up
ip netns exec p$1 ip link set wlan$1 name nic
printf 'ctrl_interface=/run/w%s\\nnetwork={\\n ssid=%s\\n psk="%s"\\n}\\n' $1 @SSID@ @PASSWORD@ >/run/p$1
ip netns exec p$1 wpa_supplicant -B -D nl80211 -i nic -c /run/p$1 >/run/p$1.log 2>&1
for second in $(seq $2); do
  ip netns exec p$1 wpa_cli -p /run/w$1 -i nic status | grep -q wpa_state=COMPLETED && echo joined && exit
  sleep 1
done
echo refused
"""


@pytest.fixture(scope="module")
def guest(image, tmp_path_factory):
    """A hub with a Wi-Fi, and eight telephones that have not joined yet."""
    folder = tmp_path_factory.mktemp("wifi")
    card = Card.of_image(image, folder / "card.qcow2", size="4G")
    card.put_boot_file("hub-config.txt", CONFIG.encode())
    join = JOIN.replace("@SSID@", SSID.encode().hex()).replace("@PASSWORD@", PASSWORD)
    card.put_boot_file("join.sh", join.encode())
    for name in ("lan_client.py", "lan_lease.py"):
        card.put_boot_file(name, (SUPPORT / name).read_bytes())
    with running(Machine(card, arguments=shell_words("virt"))) as machine:
        shell(machine)
        machine.ask("dmesg -n 1")
        wait_in(machine, "systemctl is-active hub-network.service", "active")
        machine.ask(f"rfkill block wlan; modprobe mac80211_hwsim radios={PHONES + 1}")
        wait_in(machine, f"{HOSTAPD} status | grep -o ENABLED", "ENABLED")
        wait_in(machine, "ss -ltnH sport = :80 | grep -c LISTEN", "1")
        yield machine


def wait_in(machine, command, expected, *, seconds=PATIENCE_S):
    """Let the guest itself ask once a second; the console is slow."""
    found = f'said=$(exec 2>/dev/null; {command}); [ "$said" = {shlex.quote(expected)} ] && break; sleep 1'
    said = machine.ask(f'for s in $(seq {seconds}); do {found}; done; echo "$said"', timeout_s=seconds * 3)
    assert said == expected, machine.ask(
        "journalctl -q -b -o cat --no-pager -u hub-ap -u hub-network | tail -n 20"
    )


def join(machine, number, *, seconds=300):
    return machine.ask(f"sh /boot/firmware/join.sh {number} {seconds}", timeout_s=seconds * 5).splitlines()[
        -1
    ]


def test_a_phone_joins_by_wpa2_gets_an_address_and_finds_the_portal(guest):
    begun = time.monotonic()
    assert join(guest, 1) == "joined"
    note("virt: a phone joins by WPA2, s (goal on a Pi 20)", round(time.monotonic() - begun))
    said = guest.ask("ip netns exec p1 wpa_cli -p /run/w1 -i nic status")
    assert "key_mgmt=WPA2-PSK" in said
    assert "pairwise_cipher=CCMP" in said
    lease = json.loads(guest.ask(f"ip netns exec p1 {PYTHON} /boot/firmware/lan_lease.py nic", timeout_s=600))
    assert lease["router"] == lease["dns"]
    guest.ask(
        f"ip -n p1 addr add {lease['address']}/22 dev nic; ip -n p1 route add default via {lease['router']}"
    )
    questions = [
        {
            "do": "page",
            "host": "connectivitycheck.gstatic.com",
            "path": "/generate_204",
            "server": lease["dns"],
        },
        {"do": "page", "host": "hub.lan", "path": "/welcome", "server": lease["dns"]},
    ]
    command = f"echo '{json.dumps(questions)}' | ip netns exec p1 {PYTHON} /boot/firmware/lan_client.py"
    probe, page = json.loads(guest.ask(command, timeout_s=600))
    assert (probe["address"], probe["status"]) == ("198.51.100.1", 302)
    assert (page["status"], page["address"]) == (200, lease["router"])
    assert "http://hub.lan" in page["body"]


def test_one_phone_too_many_is_refused_and_the_others_stay(guest):
    for number in range(2, STATIONS + 1):
        assert join(guest, number) == "joined", number
    assert join(guest, PHONES, seconds=30) == "refused"
    count = f"{HOSTAPD} all_sta | grep -c AUTHORIZED"
    assert guest.ask(count) == str(STATIONS)
    state = 'grep -o \'"count": 7, "limit": 7\' /data/hub/run/network.json'
    wait_in(guest, state, '"count": 7, "limit": 7')


def test_another_name_is_made_by_the_page_s_job(guest):
    """Last: the class has to join again, and what leads to the hub's names stays as it was."""
    names = guest.ask("systemctl show -P MainPID hub-dns")
    values = f'HubPaths(Path("/data/hub")), "wifi", {{"ssid": "{OTHER_SSID}"}}'
    imports = "from pathlib import Path; from hub.jobs import ask; from hub.settings import HubPaths"
    program = f"{imports}; ask({values})"
    as_hub = "setpriv --reuid=hub --regid=hub --init-groups"
    guest.ask(f"{as_hub} {PYTHON} -c {shlex.quote(program)}", timeout_s=600)
    wait_in(guest, f"{HOSTAPD} status | grep -c '={OTHER_SSID}$'", "1")

    assert guest.ask("systemctl show -P MainPID hub-dns") == names
    said = guest.ask("grep -h ssid /boot/firmware/hub-config.txt")
    assert OTHER_SSID in said
