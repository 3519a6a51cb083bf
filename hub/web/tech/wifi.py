"""The Wi-Fi: its name and who is on it, the way to change it, and a code by which phones join."""

from flask import Blueprint, Response, render_template

from hub.network.state import read_network_state
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.qr import qr_code
from hub.web.signin import needs
from hub.web.tech.actions import WIFI_CHANNELS, WIFI_MODES
from hub.web.tech.card import is_card

bp = Blueprint("wifi", __name__)
_SPECIAL = '\\;,":'  # of the text in a code for joining a network


@bp.get("/tech/wifi")
@needs("technician")
def show() -> Response:
    """How the Wi-Fi is."""
    return _show()


@fresh_page
def _show() -> str:
    state = read_network_state(this_portal().paths)
    return render_template(
        "tech/wifi.html",
        state=state,
        code="",
        modes=WIFI_MODES,
        channels=WIFI_CHANNELS,
        is_card=is_card(),
    )


def join_text(ssid: str, password: str) -> str:
    """Return what a code says by which phones join a network; one without a password they are asked for."""
    kind, secret = ("WPA", f"P:{_quoted(password)};") if password else ("WPA", "")
    return f"WIFI:T:{kind};S:{_quoted(ssid)};{secret};"


def _quoted(text: str) -> str:
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in text)


def signal_word(dbm: int) -> str:
    """Return how well a device hears the hub: "good", "fair" or "weak"."""
    return "good" if dbm >= -65 else "fair" if dbm >= -78 else "weak"  # below, films stutter
