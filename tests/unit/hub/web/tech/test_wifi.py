import json
import os

import pytest

from hub.card.change import plan_change
from hub.clock import read_boot_id
from hub.jobvalues import SPECS
from hub.web.tech.wifi import find_wifi
from hub.web.wifi_fields import WIFI_CHANNELS, WIFI_MODES
from support.accounts import fill_in
from support.school_config import make_school

STATE = {
    "mode": "builtin",
    "ssid": "Ліцей <b>Кваси</b>",
    "country": "UA",
    "channel": 6,
    "stations": {
        "count": 7,
        "limit": 7,
        "list": [{"name": "…0a:1f", "signal_dbm": -50}, {"name": "…0a:20", "signal_dbm": -84}, {"name": "x"}],
    },
    "uplinks": [{"interface": "eth0", "sort": "ethernet", "address": "192.168.1.20/24", "gateway": None}],
    "internet": {"policy": "off", "open": False, "online": None},
    "warnings": [{"code": "stranger", "values": {"servers": "192.168.1.1"}}],
}


def watch(paths, state):
    paths.run.mkdir(parents=True, exist_ok=True)
    said = {"format": 1, "boot": read_boot_id(), "pid": os.getpid()}
    (paths.run / "network.json").write_text(json.dumps({**said, **state}))


def test_who_is_on_it_how_well_and_what_is_wrong(technician, paths):
    technician.set_cookie("language", "en")
    watch(paths, STATE)
    page = technician.get("/tech/wifi").text
    assert "Ліцей &lt;b&gt;Кваси" in page
    assert "7 of at most 7" in page
    assert "<dd>UA</dd>" in page
    assert "…0a:1f" in page
    assert "weak" in page
    assert "192.168.1.1" in page
    assert "full" in page
    assert "<svg" not in page.partition("Show the QR code")[0].rpartition("</dl>")[2].replace(
        '<svg class="icon"', ""
    )


def test_the_code_is_made_of_a_password_typed_in_which_nothing_keeps(technician, paths):
    technician.set_cookie("language", "en")
    watch(paths, STATE)
    answer = fill_in(technician, "/tech/wifi", {"password": "vesna2027"})
    assert "QR code for joining the Wi-Fi" in answer.text
    assert "vesna2027" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "QR code for joining the Wi-Fi" not in technician.get("/tech/wifi").text


@pytest.mark.parametrize("name", STATE)
@pytest.mark.parametrize("value", [None, "x", 3, [], {}, [1], {"list": "x", "count": True}])
def test_a_state_of_another_version_is_no_error(name, value):
    find_wifi({**STATE, name: value})
    find_wifi({})


def test_without_a_watcher_nothing_is_claimed(technician):
    technician.set_cookie("language", "en")
    assert "Nothing is known of the Wi-Fi." in technician.get("/tech/wifi").text


@pytest.mark.parametrize("mode", WIFI_MODES)
@pytest.mark.parametrize("channel", [channel for channel in WIFI_CHANNELS if channel])
def test_what_the_page_offers_is_what_the_card_takes(mode, channel):
    values = {"mode": mode, "channel": channel, "ssid": "Клас", "password": "long enough"}
    assert not [name for name, text in values.items() if SPECS["wifi"].optional[name](text)]
    assert plan_change(make_school(), {f"wifi.{name}": text for name, text in values.items()}).config
