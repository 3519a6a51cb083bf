"""What the board and systemd say of the machine, from their own files."""

from pathlib import Path

import pytest

from hub.hardware import Hardware, check_hardware, parse_failed

THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
CASES = [
    ({}, []),
    ({f"sys/{THROTTLED}": "0\n"}, []),
    ({f"sys/{THROTTLED}": "50005\n"}, ["power"]),
    ({f"sys/{THROTTLED}": "10000\n"}, ["power"]),
    ({f"sys/{THROTTLED}": "20000\n"}, []),
    ({f"sys/{THROTTLED}": "odd\n"}, []),
    (
        {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"},
        ["power"],
    ),
    ({"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"}, []),
    ({"sys/class/hwmon/hwmon0/name": "cpu\n", "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "1\n"}, []),
    ({"sys/class/watchdog/watchdog0/bootstatus": "32\n"}, ["watchdog"]),
    ({"sys/class/watchdog/watchdog0/bootstatus": "0\n"}, []),
    ({"run/hub-data-lost": "the data partition /dev/mmcblk0p4 cannot be mounted\n"}, ["data-lost"]),
]


@pytest.mark.parametrize(("files", "codes"), CASES)
def test_says_what_is_wrong(tmp_path: Path, files, codes):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    checks = list(check_hardware(Hardware(tmp_path / "sys", tmp_path / "run")))

    assert [check.code for check in checks] == codes
    assert all(check.text and check.advice for check in checks)


def test_failed_services_by_their_own_names():
    said = "hub-kolibri.service loaded failed failed Kolibri\nhub-stick@sda1.service loaded failed\n"

    assert parse_failed(said) == ["kolibri", "stick@sda1"]
    assert parse_failed("") == []
