import json
import stat

import pytest

from hub.web.accepted import MAX_DEVICES, AcceptedInFile, AcceptedInMemory, find_hardware

LIFETIME_S = 10 * 3600.0


@pytest.fixture
def hardware():
    """Which device has which address now; tests change it."""
    return {}


@pytest.fixture(params=["memory", "file"])
def accepted(request, tmp_path, hardware):
    def find(address):
        return hardware.get(address, "")

    if request.param == "memory":
        return AcceptedInMemory(LIFETIME_S, find_hardware=find)
    return AcceptedInFile(tmp_path / "devices", LIFETIME_S, find_hardware=find)


def test_is_left_alone_for_a_school_day(accepted):
    assert not accepted.has("10.0.0.7", now=99.0)
    accepted.add("10.0.0.7", now=100.0)
    assert accepted.has("10.0.0.7", now=100.0 + LIFETIME_S - 1)
    assert not accepted.has("10.0.0.7", now=100.0 + LIFETIME_S)
    assert not accepted.has("10.0.0.8", now=101.0)


def test_pressing_again_begins_the_day_anew(accepted):
    accepted.add("10.0.0.7", now=100.0)
    accepted.add("10.0.0.7", now=5000.0)
    assert accepted.has("10.0.0.7", now=100.0 + LIFETIME_S)


def test_who_gets_the_address_of_another_is_asked_again(accepted, hardware):
    hardware["10.0.0.7"] = "aa:bb:cc:00:00:01"
    accepted.add("10.0.0.7", now=0.0)
    hardware["10.0.0.7"] = "aa:bb:cc:00:00:02"
    assert not accepted.has("10.0.0.7", now=1.0)
    hardware["10.0.0.7"] = ""  # the kernel forgets whom it has not talked to for a while
    assert accepted.has("10.0.0.7", now=1.0)


def test_the_first_make_room_where_there_are_too_many(accepted):
    accepted.add("first", now=0.0)
    accepted.add("second", now=0.0)
    accepted.add("first", now=1.0)
    for number in range(MAX_DEVICES - 1):
        accepted.add(f"phone {number}", now=2.0)
    assert accepted.has("first", now=3.0)
    assert not accepted.has("second", now=3.0)


def test_outlives_a_restart_of_the_portal_and_no_reboot(tmp_path, hardware):
    def portal():
        return AcceptedInFile(tmp_path / "devices", LIFETIME_S, find_hardware=lambda _: "")

    portal().add("10.0.0.7", now=100.0)
    assert portal().has("10.0.0.7", now=200.0)
    assert not portal().has("10.0.0.7", now=100.0 + LIFETIME_S)
    file = tmp_path / "devices" / "accepted.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"boot": "the one before"}))
    assert not portal().has("10.0.0.7", now=200.0)


def test_what_is_remembered_can_be_read_by_the_hub_alone(tmp_path):
    AcceptedInFile(tmp_path / "devices", LIFETIME_S).add("10.0.0.7", now=0.0)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((tmp_path / "devices").iterdir())]
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "devices").stat().st_mode) == 0o700


@pytest.mark.parametrize("left", [b"", b"[]", b'{"boot": 1}', b'{"boot": "", "devices": {"a": 1}}', b"\xff"])
def test_a_torn_file_counts_as_none(tmp_path, left):
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "accepted.json").write_bytes(left)
    accepted = AcceptedInFile(tmp_path / "devices", LIFETIME_S)
    assert not accepted.has("10.0.0.7", now=0.0)
    accepted.add("10.0.0.7", now=0.0)
    assert accepted.has("10.0.0.7", now=1.0)


def test_a_folder_that_is_a_trap_is_not_used(tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "devices").symlink_to(tmp_path / "elsewhere")
    accepted = AcceptedInFile(tmp_path / "devices", LIFETIME_S)
    accepted.add("10.0.0.7", now=0.0)
    assert accepted.has("10.0.0.7", now=1.0)
    assert not list((tmp_path / "elsewhere").iterdir())
    said = capsys.readouterr().err
    assert "Continue" in said
    assert "10.0.0.7" not in said


def test_hardware_is_read_from_the_kernels_list(tmp_path, monkeypatch):
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.0.0.7         0x1         0x2         aa:bb:cc:00:00:01     *        wlan0\n"
        "10.0.0.70        0x1         0x0         00:00:00:00:00:00     *        wlan0\n"
    )
    monkeypatch.setattr("hub.web.accepted._ARP", table)
    assert find_hardware("10.0.0.7") == "aa:bb:cc:00:00:01"
    assert find_hardware("10.0.0.70") == ""
    assert find_hardware("10.0.0.8") == ""
    monkeypatch.setattr("hub.web.accepted._ARP", tmp_path / "none")
    assert find_hardware("10.0.0.7") == ""
