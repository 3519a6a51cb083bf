"""The Wi-Fi: its name and who is on it, the way to change it, and a code by which phones join."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from hub.machine import is_card
from hub.network.state import check_network, read_network_state
from hub.school.join import join_text
from hub.web.pages import fresh_page
from hub.web.portal import this_portal
from hub.web.qr import qr_code
from hub.web.signin import needs
from hub.web.wifi_fields import WIFI_CHANNELS, WIFI_MODES
from hub.wording import later

bp = Blueprint("wifi", __name__)
_FAIR_DBM, _WEAK_DBM = -65, -78  # below the second, films stutter
_WAYS = {"ethernet": later("Cable"), "usb": later("Phone or modem on USB"), "wifi": later("Wi-Fi adapter")}
_LONGEST_PASSWORD = 63


@dataclass(frozen=True, slots=True)
class Device:
    """A device on the Wi-Fi; of its hardware address the end only."""

    name: str
    signal_dbm: int | None
    signal: str  # "good", "fair", "weak"; empty: not known


@dataclass(frozen=True, slots=True)
class Wifi:
    """What the watcher of the network wrote, in types that a template can rely on."""

    mode: str
    ssid: str
    country: str  # two capital letters: which channels there are depends on it
    channel: int | None
    count: int | None  # None: the access point does not answer, or is not ours
    limit: int | None
    devices: tuple[Device, ...]
    ways: tuple[tuple[str, str], ...]  # to the Internet: a sort as English words, an address
    is_online: bool | None


@bp.get("/tech/wifi")
@needs("admin")
def show() -> Response:
    """How the Wi-Fi is."""
    return _show()


@bp.post("/tech/wifi")
@needs("admin")
def show_code() -> Response:
    """The same, with a code that holds the password typed in: the portal itself does not know it."""
    return _show(password=request.form.get("password", "")[:_LONGEST_PASSWORD])


@fresh_page
def _show(password: str = "") -> str:
    state = read_network_state(this_portal().paths)
    wifi = find_wifi(state) if state else None
    return render_template(
        "tech/wifi.html",
        wifi=wifi,
        checks=[check for check in check_network(state) if check.level],
        code=qr_code(join_text(wifi.ssid, password)) if wifi and wifi.ssid and password else Markup(),
        modes=WIFI_MODES,
        channels=WIFI_CHANNELS,
        is_card=is_card(),
    )


def find_wifi(state: Mapping[str, Any]) -> Wifi:
    """Return what stands in run/network.json; what is missing or of another type is not known. Pure."""
    stations = state.get("stations")
    found = stations if isinstance(stations, dict) else {}
    internet = state.get("internet")
    return Wifi(
        mode=str(state.get("mode", "")),
        ssid=str(state.get("ssid", "")),
        country=str(state.get("country", "")),
        channel=_number(state.get("channel")),
        count=_number(found.get("count")),
        limit=_number(found.get("limit")),
        devices=tuple(_device(device) for device in _list(found.get("list"))),
        ways=tuple(
            (_WAYS.get(str(way.get("sort")), ""), str(way.get("address", "")))
            for way in _list(state.get("uplinks"))
        ),
        is_online=internet.get("online") if isinstance(internet, dict) else None,
    )


def _device(said: Mapping[str, Any]) -> Device:
    signal = _number(said.get("signal_dbm"))
    return Device(str(said.get("name", "")), signal, signal_word(signal) if signal is not None else "")


def signal_word(dbm: int) -> str:
    """Return how well a device hears the hub: "good", "fair" or "weak"."""
    return "good" if dbm >= _FAIR_DBM else "fair" if dbm >= _WEAK_DBM else "weak"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
