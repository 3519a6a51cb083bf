"""What a page changes in the school config holds, on the card too."""

from datetime import UTC, datetime

import pytest

from content_packs.errors import LocalError, UsageError
from hub.card import school
from hub.card.boot import Others, boot
from hub.card.change import change
from hub.card.places import CardPlaces
from hub.school import to_file, write_config
from support.crashing import crash_at
from support.school_config import make_school

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def places(tmp_path):
    places = CardPlaces(tmp_path / "root", tmp_path / "fat", tmp_path / "data")
    for folder in (places.etc, places.boot, places.data):
        folder.mkdir(parents=True)
    (places.boot / "hub-config.txt").write_bytes(to_file(write_config(make_school())))
    boot(places, Others(), now=NOW)
    return places


def test_a_changed_network_is_that_of_the_next_boot(places):
    change(places, {"wifi.ssid": "Школа-6", "wifi.password": "new password", "wifi.channel": "0"})
    config = boot(places, Others(), now=NOW).chosen.config
    assert (config.wifi.ssid, config.wifi.password, config.wifi.channel) == ("Школа-6", "new password", 0)
    text = (places.boot / "hub-config.txt").read_text(encoding="utf-8")
    assert 'ssid = "Школа-6"' in text
    assert "new password" not in text


def test_a_cut_at_any_write_leaves_the_former_network_or_the_new_one(places):
    """Never the former name with the new password, which nobody would get into."""
    found = []
    for moment in range(1, 100):
        boot(places, Others(), now=NOW)
        change(places, {"wifi.ssid": "Школа-5", "wifi.password": "na5 doshka!"})
        with crash_at(moment) as crashing:
            change(places, {"wifi.ssid": "Школа-6", "wifi.password": "new password"})
        wifi = boot(places, Others(), now=NOW).chosen.config.wifi
        found.append((wifi.ssid, wifi.password))
        assert "new password" not in (places.boot / "hub-config.txt").read_text(encoding="utf-8")
        if not crashing.has_crashed:
            break
    assert set(found) == {("Школа-5", "na5 doshka!"), ("Школа-6", "new password")}
    assert found[0] != found[-1]


def test_a_card_that_cannot_be_written_keeps_its_network_whole(places, monkeypatch):
    def refuse(*_):
        raise LocalError("cannot be mounted rw")

    monkeypatch.setattr(school, "write_fat", refuse)
    with pytest.raises(LocalError):
        change(places, {"wifi.ssid": "Школа-6", "wifi.password": "new password"})
    monkeypatch.undo()
    wifi = boot(places, Others(), now=NOW).chosen.config.wifi
    assert (wifi.ssid, wifi.password) == ("Школа-5", "na5 doshka!")


@pytest.mark.parametrize(("before", "after"), [("ethernet", "usb"), ("none", "none"), ("wifi", "wifi")])
def test_an_access_point_takes_the_socket_and_leaves_other_ways_out(places, before, after):
    change(places, {"uplink.kind": before, "uplink.ssid": "Сільрада", "uplink.password": ""})
    config = change(places, {"wifi.mode": "external-ap", "wifi.ssid": "Клас", "wifi.password": "long enough"})
    assert (config.wifi.mode, config.uplink.kind) == ("external-ap", after)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"wifi.password": "short"}, "password"),
        ({"wifi.colour": "red"}, "wifi.colour"),
        ({"wifi.channel": "six"}, "six"),
        ({"wifi.ssid": ""}, "no name"),
        ({"country": "XX"}, "XX"),
        ({"wifi.mode": "external-ap", "uplink.kind": "ethernet"}, "external-ap"),
    ],
)
def test_a_value_that_cannot_be_used_changes_nothing(places, values, told):
    before = (places.boot / "hub-config.txt").read_bytes(), places.school.read_bytes()
    with pytest.raises(UsageError) as refused:
        change(places, values)
    assert told in refused.value.message
    assert refused.value.hint
    assert before == ((places.boot / "hub-config.txt").read_bytes(), places.school.read_bytes())


def test_a_card_whose_file_has_errors_is_put_right_by_a_page(places):
    (places.boot / "hub-config.txt").write_text("not a config")
    change(places, {"school_name": "Ліцей"})
    done = boot(places, Others(), now=NOW)
    assert (done.chosen.source, done.chosen.config.school_name) == ("card", "Ліцей")
