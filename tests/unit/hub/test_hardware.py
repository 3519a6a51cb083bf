import os

import pytest

from hub.hardware import check_hardware
from hub.health import Level
from hub.machine import Card, find_power, read_card

GOOD, NOTE, ATTENTION = Level.GOOD, Level.NOTE, Level.ATTENTION


@pytest.mark.parametrize(
    ("bits", "level"), [(0x0, GOOD), (0x50005, ATTENTION), (0x50000, NOTE), (0x1, ATTENTION), (0x8, GOOD)]
)
def test_too_little_voltage_now_and_since_the_start(bits, level):
    (check,) = check_hardware(find_power(bits), None, None)
    assert (check.code, check.level) == ("power", level)


@pytest.mark.parametrize(("degrees", "level"), [(45.0, GOOD), (70.0, NOTE), (81.4, ATTENTION)])
def test_heat(degrees, level):
    (check,) = check_hardware(None, degrees, None)
    assert (check.level, str(round(degrees)) in check.text) == (level, True)


@pytest.mark.parametrize(("errors", "level"), [(0, GOOD), (3, ATTENTION)])
def test_errors_of_the_card(errors, level):
    (check,) = check_hardware(None, None, Card("SC32G", "06/2023", errors, None))
    assert (check.code, check.level) == ("card", level)


def test_a_machine_that_tells_nothing_has_no_checks():
    assert list(check_hardware(None, None, Card("", "", None, None))) == []


def test_a_card_is_read_where_the_kernel_describes_it(tmp_path):
    number = tmp_path.stat().st_dev
    partition = tmp_path / "sys" / "block" / "mmcblk0" / "mmcblk0p4"
    for file, text in {
        partition.parent / "device" / "name": "SC32G\n",
        partition.parent / "device" / "date": "06/2023\n",
        tmp_path / "sys" / "fs" / "ext4" / "mmcblk0p4" / "errors_count": "2\n",
        tmp_path / "sys" / "fs" / "ext4" / "mmcblk0p4" / "lifetime_write_kbytes": "1000\n",
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    partition.mkdir()
    link = tmp_path / "sys" / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(partition)
    assert read_card(tmp_path, sys=tmp_path / "sys") == Card("SC32G", "06/2023", 2, 1_024_000)
    assert read_card(tmp_path, sys=tmp_path / "nothing") is None
