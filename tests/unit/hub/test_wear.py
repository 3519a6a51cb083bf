import os

import pytest

from hub.health import Level
from hub.machine import Card, Power, find_power, read_card
from hub.wear import check_wear

GOOD, NOTE, ATTENTION = Level.GOOD, Level.NOTE, Level.ATTENTION


def test_the_machine_says_what_its_power_is_like_now_and_was_since_the_start():
    assert find_power(0x50001) == Power(
        frozenset({"under_voltage"}), frozenset({"under_voltage", "throttled"})
    )
    assert find_power(0) == Power(frozenset(), frozenset())


@pytest.mark.parametrize(("degrees", "level"), [(45.0, GOOD), (70.0, NOTE), (81.4, ATTENTION)])
def test_heat(degrees, level):
    (check,) = check_wear(degrees, None)
    assert (check.level, str(round(degrees)) in check.text) == (level, True)


@pytest.mark.parametrize(("errors", "level"), [(0, GOOD), (3, ATTENTION)])
def test_errors_of_the_card(errors, level):
    (check,) = check_wear(None, Card("SC32G", "06/2023", errors, None))
    assert (check.code, check.level) == ("card", level)


def test_a_machine_that_tells_nothing_has_no_checks():
    assert list(check_wear(None, Card("", "", None, None))) == []


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
