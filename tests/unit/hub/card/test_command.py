"""The parts that `hub card boot` puts together, with the real ones: accounts, label, network, last sync."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from hub import accounts
from hub.card.places import CardPlaces
from hub.cli import cli
from hub.labelcode import is_label_code
from hub.school import to_file, write_config
from support.school_config import make_school, office_part

PASSWORD = "дуже довгий пароль"


@pytest.fixture
def places(tmp_path):
    places = CardPlaces(tmp_path / "root", tmp_path / "fat", tmp_path / "data")
    for folder in (places.etc, places.boot, places.data):
        folder.mkdir(parents=True)
    return places


def boot(places):
    words = ["card", "boot", "--root", places.root, "--boot", places.boot, "--data", places.data, "--json"]
    return json.loads(CliRunner().invoke(cli, [str(word) for word in words]).stdout)


def write(places, **changes):
    (places.boot / "hub-config.txt").write_bytes(to_file(write_config(make_school(**changes))))


def signs_in(places, password):
    return accounts.sign_in(places.hub, "technician", password, address="10.42.0.7").account is not None


def test_the_password_of_the_file_signs_the_technician_in_and_is_gone_from_the_card(places):
    write(places, technician_password=PASSWORD)
    assert boot(places)["problems"] == []
    assert signs_in(places, PASSWORD)
    assert PASSWORD not in (places.boot / "hub-config.txt").read_text(encoding="utf-8")
    for file in places.data.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


def test_a_password_that_was_forgotten_is_set_anew_by_the_card(places):
    write(places, technician_password=PASSWORD)
    boot(places)
    write(places, technician_password="another long one")
    assert boot(places)["problems"] == []
    assert signs_in(places, "another long one")
    assert not signs_in(places, PASSWORD)


def test_a_password_that_will_not_do_is_told_and_stays_on_the_card(places):
    write(places, technician_password="technician")
    told = boot(places)
    assert [found["key"] for found in told["findings"]] == ["technician_password"]
    assert not told["secrets_removed"]


def test_the_code_of_the_label_opens_the_first_start(places):
    write(places, label_code="K7RM-4XQ9")
    boot(places)
    assert is_label_code(places.hub, "k7rm 4xq9")
    write(places, label_code="AAAA-BBBB")
    boot(places)
    assert is_label_code(places.hub, "AAAA-BBBB")
    assert not is_label_code(places.hub, "K7RM-4XQ9")


def test_the_network_is_prepared(places):
    write(places, central=office_part("h-5"))
    boot(places)
    wishes = json.loads((places.root / "run/hub/network-wishes.json").read_text())
    assert (wishes["ssid"], wishes["password"]) == ("Школа-5", "na5 doshka!")
    assert (places.root / "run/hub/nftables.conf").is_file()


def test_the_last_sync_is_told(places):
    from hub.db import open_db

    write(places, central=office_part("h-5"))
    boot(places)
    assert "ще не було" in (places.boot / "hub-status.txt").read_text(encoding="utf-8-sig")
    db = open_db(places.hub.db)
    moment = datetime(2026, 11, 27, 9, tzinfo=UTC).isoformat()
    columns = {
        "started_at": moment,
        "finished_at": moment,
        "source": "x",
        "result": "ok",
        "message": "",
        "hint": "",
    }
    db.table("sync_runs").insert({**columns, "received_bytes": 1, "installed": "[]"}, alter=True)
    db.close()
    assert boot(places)["problems"] == []
    assert "Останній обмін з управлінням: 2026-11-27" in (places.boot / "hub-status.txt").read_text(
        encoding="utf-8-sig"
    )
