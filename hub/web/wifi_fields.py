"""The Wi-Fi as pages ask for it, at the first start and later: its choices, and what is wrong. Pure."""

from hub.school.check import check_answer
from hub.wording import later

WIFI_MODES = {
    "builtin": later("The hub itself: for a few devices"),
    "external-ap": later("An access point on the cable: for a whole class"),
    "off": later("Nobody: the hub is in a network that is there already"),
}
WIFI_CHANNELS = {  # those of 2.4 GHz that do not overlap
    "": later("stays as it is"),
    "0": later("the hub chooses"),
    "1": "1",
    "6": "6",
    "11": "11",
}


def ssid_fault(text: str) -> str:
    """Return what is wrong with the name of a network that is needed, to translate; empty: nothing."""
    if text and not check_answer("wifi.ssid", text):
        return ""
    return later("Write the name of the Wi-Fi: up to 32 Latin letters, or 16 Ukrainian ones.")


def password_fault(text: str) -> str:
    """Return what is wrong with a password, to translate; empty: nothing."""
    if not check_answer("wifi.password", text):
        return ""
    return later("The password of the Wi-Fi has 8 to 63 Latin letters, digits and signs; or leave it empty.")
