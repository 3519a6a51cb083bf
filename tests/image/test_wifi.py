"""The class's Wi-Fi on a real card: hostapd on a simulated radio in the guest, and telephones beside it.

Acceptance tests 1 and 2 of field-notes/image.md §7. Each telephone is a radio of mac80211_hwsim in a network
namespace of its own, with wpa_supplicant.
"""

import shlex
import time

import pytest

from support.card import Card
from support.lan_browser import LanBrowser
from support.machine import Machine, running
from tests.image.conftest import shell_words
from tests.image.radio import HOSTAPD, PASSWORD, PYTHON, SSID, Telephone, put_programs, switch_on, wait_in
from tests.image.report import note

pytestmark = pytest.mark.timeout(5400)

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
OTHER_SSID = "School-6"


@pytest.fixture(scope="module")
def guest(image, tmp_path_factory):
    """A hub with a Wi-Fi, and eight telephones that have not joined yet."""
    folder = tmp_path_factory.mktemp("wifi")
    card = Card.of_image(image, folder / "card.qcow2", size="4G")
    card.put_boot_file("hub-config.txt", CONFIG.encode())
    put_programs(card)
    with running(Machine(card, arguments=shell_words("virt"))) as machine:
        switch_on(machine, telephones=PHONES)
        yield machine


def test_a_phone_joins_by_wpa2_gets_an_address_and_finds_the_portal(guest):
    phone, begun = Telephone(guest, 1), time.monotonic()
    assert phone.join()
    note("virt: a phone joins by WPA2, s (goal on a Pi 20)", round(time.monotonic() - begun))
    said = guest.ask(f"{phone.inside} wpa_cli -p /run/w1 -i nic status")
    assert "key_mgmt=WPA2-PSK" in said
    assert "pairwise_cipher=CCMP" in said
    lease = phone.take_address()
    assert lease.router == lease.dns
    browser = LanBrowser(phone, str(lease.dns))
    probe = browser.get("/generate_204", "connectivitycheck.gstatic.com")
    page = browser.get("/welcome")
    assert (probe.address, probe.status) == ("198.51.100.1", 302)
    assert (page.status, page.address) == (200, str(lease.router))
    assert "http://hub.lan" in page.text


def test_one_phone_too_many_is_refused_and_the_others_stay(guest):
    for number in range(2, STATIONS + 1):
        assert Telephone(guest, number).join(), number
    assert not Telephone(guest, PHONES).join(seconds=30)
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
