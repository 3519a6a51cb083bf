"""Text of hostapd's and wpa_supplicant's configurations. Pure.

Names and passwords may hold anything. A name is written so that no character of it ends its line or its
quotes; of a password only the key is written, which is 64 hexadecimal digits (IEEE 802.11-2020 annex J.4).
"""

import hashlib
import re

from content_packs.errors import UsageError
from hub.network.facts import Interface
from hub.network.stations import count_stations
from hub.network.wishes import Wishes

MAX_SSID_BYTES = 32
PASSWORD_BYTES = range(8, 64)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CHANNELS = (1, 6, 11)  # those of 2.4 GHz that do not overlap
_LAST_CHANNEL = 13
_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")


def render_hostapd(wishes: Wishes, radio: Interface) -> str:
    """Return hostapd.conf of the access point: WPA2 with CCMP, or open where there is no password.

    Raises:
        UsageError: the name, the password or the country cannot be used.
    """
    if not _COUNTRY.fullmatch(wishes.country):
        hint = "Write the country as two capital letters, such as UA."
        raise UsageError(f"country: expected two capital letters, got {wishes.country!r}", hint=hint)
    name = check_ssid(wishes.ssid, "wifi.ssid")
    return "\n".join(
        (
            "# Written by `hub card network`: docs/adr/0016.",
            f"interface={radio.name}",
            "driver=nl80211",
            "ctrl_interface=/run/hostapd",
            f"ssid2={quote_ssid(name)}",
            "utf8_ssid=1",
            f"country_code={wishes.country}",
            "ieee80211d=1",
            "hw_mode=g",
            f"channel={choose_channel(wishes.channel, radio.mac)}",
            "ieee80211n=1",
            "wmm_enabled=1",
            "auth_algs=1",
            *_protection(name, wishes.password),
            f"max_num_sta={count_stations(radio)}",
            "ap_max_inactivity=120",
            "ap_isolate=1",
            "disassoc_low_ack=0",
            "",
        )
    )


def render_supplicant(wishes: Wishes) -> str:
    """Return wpa_supplicant.conf for the Wi-Fi that leads out; UsageError where it cannot be used."""
    name = check_ssid(wishes.uplink_ssid, "uplink.ssid")
    password = wishes.uplink_password
    key = ("key_mgmt=NONE",) if not password else (f"psk={derive_key(name, password)}",)
    lines = (f"ssid={name.hex()}", "scan_ssid=1", *key)
    return "\n".join(
        (
            "# Written by `hub card network`: docs/adr/0016.",
            "ctrl_interface=/run/wpa_supplicant",
            f"country={wishes.country}",
            "network={",
            *(f"  {line}" for line in lines),
            "}",
            "",
        )
    )


def check_ssid(text: str, key: str) -> bytes:
    """Return the bytes of a network's name; UsageError where it has too many, or none."""
    name = text.encode("utf-8", "surrogateescape")
    if not 1 <= len(name) <= MAX_SSID_BYTES:
        raise UsageError(
            f"{key}: expected 1 to {MAX_SSID_BYTES} bytes, got {len(name)}",
            hint="Choose a shorter name; a Cyrillic letter takes two bytes.",
        )
    return name


def quote_ssid(name: bytes) -> str:
    r"""Return a name as hostapd and wpa_supplicant read it: P"…", letters as they are, the rest as \xHH."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return name.hex()
    return f'P"{"".join(map(_escape, text))}"'


def _escape(character: str) -> str:
    if character in '\\"':
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode())


def derive_key(name: bytes, password: str) -> str:
    """Return the key that a password makes for a network: UsageError where it is too short or too long."""
    if _HEX_KEY.fullmatch(password):
        return password.lower()
    secret = password.encode("utf-8", "surrogateescape")
    if len(secret) not in PASSWORD_BYTES:
        raise UsageError(
            f"Wi-Fi password: expected 8 to 63 bytes, got {len(secret)}",
            hint="Choose a password of 8 to 63 Latin letters and digits.",
        )
    return hashlib.pbkdf2_hmac("sha1", secret, name, 4096, 32).hex()


def choose_channel(wished: int, mac: str) -> int:
    """Return the channel; 0 lets the radio's own number choose, so that the hubs of a school differ."""
    if 1 <= wished <= _LAST_CHANNEL:
        return wished
    digits = mac[-2:]
    number = int(digits, 16) if re.fullmatch(r"[0-9a-fA-F]{2}", digits) else 0
    return _CHANNELS[number % len(_CHANNELS)]


def _protection(name: bytes, password: str) -> tuple[str, ...]:
    if not password:
        return ()
    return (
        "wpa=2",
        "wpa_key_mgmt=WPA-PSK",
        "rsn_pairwise=CCMP",
        "ieee80211w=0",
        f"wpa_psk={derive_key(name, password)}",
    )
