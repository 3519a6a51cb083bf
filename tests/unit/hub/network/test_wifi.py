"""hostapd's and wpa_supplicant's files: what a phone can join, whatever the name and the password hold."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_packs.errors import UsageError
from hub.network.facts import Interface
from hub.network.wifi import choose_channel, derive_key, quote_ssid, render_hostapd, render_supplicant
from hub.network.wishes import Wishes

RADIO = Interface("wlan0", "wifi", mac="b8:27:eb:00:00:02", chip="43455")
WISHES = Wishes(ssid="Школа", password="навчання", uplink_ssid="Office", uplink_password="12345678")


def lines(wishes=WISHES, radio=RADIO):
    return dict(line.split("=", 1) for line in render_hostapd(wishes, radio).splitlines() if "=" in line)


@pytest.mark.parametrize(
    ("chip", "firmware", "stations"),
    [
        ("43455", "7.45.234 01-996384e2", "7"),  # Debian 12 and 13
        ("43455", "7.45.286 01-2b1b1f0c", "7"),  # backports
        ("43455", "7.45.241 01-703fd60", "19"),  # the minimal build
        ("43430", "7.45.98.118 01-32059766", "7"),
        ("43430", "7.45.98.65 01-8e14b897", "30"),
        ("43430", "7.45.98.38 01-e58d219f", "28"),
        ("", "", "7"),
    ],
)
def test_each_radio_takes_as_many_as_it_carries(chip, firmware, stations):
    assert lines(radio=replace(RADIO, chip=chip, firmware=firmware))["max_num_sta"] == stations


def test_old_boards_can_join_wpa2():
    """moodlebox 319, 354: no TKIP, no protected management frames, no SAE."""
    found = lines()
    assert (found["wpa"], found["wpa_key_mgmt"], found["rsn_pairwise"]) == ("2", "WPA-PSK", "CCMP")
    assert found["ieee80211w"] == "0"
    assert "TKIP" not in render_hostapd(WISHES, RADIO)
    assert (found["country_code"], found["ap_isolate"], found["utf8_ssid"]) == ("UA", "1", "1")


def test_no_password_is_an_open_network():
    assert not [name for name in lines(replace(WISHES, password="")) if name.startswith(("wpa", "rsn"))]


def test_key_is_that_of_the_standard():
    """IEEE 802.11-2020 annex J.4.2, first vector."""
    expected = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert derive_key(b"IEEE", "password") == expected


@settings(max_examples=30)  # a key takes 4096 rounds, by the standard
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=10), st.text(min_size=8, max_size=15))
def test_no_name_and_no_password_breaks_out_of_its_line(name, password):
    wishes = replace(WISHES, ssid=name, password=password, uplink_ssid=name, uplink_password=password)
    try:
        texts = render_hostapd(wishes, RADIO), render_supplicant(wishes)
    except UsageError:
        return
    assert len(texts[0].split("\n")) == len(render_hostapd(WISHES, RADIO).split("\n"))
    assert len(texts[1].split("\n")) == len(render_supplicant(WISHES).split("\n"))
    assert unquote(texts[0].split("ssid2=")[1].split("\n")[0]) == name.encode()


def unquote(value):
    """Read P"..." as hostapd's printf_decode does."""
    assert value[:2] == 'P"'
    assert value[-1] == '"'
    inside = value[2:-1].encode()
    return re.sub(
        rb'\\(x([0-9a-f]{2})|["\\])',
        lambda m: bytes([int(m[2], 16)]) if m[2] else m[1],
        inside,
    )


def test_names_are_readable_in_the_file():
    assert quote_ssid('Ліцей "№5" \\'.encode()) == 'P"Ліцей \\"№5\\" \\\\"'
    assert quote_ssid(b"a\nb\xff") == "610a62ff"
    assert quote_ssid(b"a\nb") == 'P"a\\x0ab"'


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (replace(WISHES, ssid=""), "wifi.ssid: expected 1 to 32 bytes, got 0"),
        (replace(WISHES, ssid="Щ" * 17), "wifi.ssid: expected 1 to 32 bytes, got 34"),
        (replace(WISHES, password="short"), "expected 8 to 63 bytes, got 5"),
        (replace(WISHES, country="ua\n"), "country: expected two capital letters"),
    ],
)
def test_what_cannot_be_is_named(wishes, words):
    with pytest.raises(UsageError) as caught:
        render_hostapd(wishes, RADIO)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("wished", "mac", "channel"),
    [(11, "", 11), (0, "", 1), (0, "aa:01", 6), (0, "aa:05", 11), (99, "aa:00", 1)],
)
def test_hubs_of_a_school_choose_different_channels(wished, mac, channel):
    assert choose_channel(wished, mac) == channel


def test_passwords_are_not_shown():
    assert "навчання" not in repr(WISHES)
    assert "навчання" not in render_hostapd(WISHES, RADIO)
    assert Wishes.from_json(WISHES.to_json()) == WISHES
