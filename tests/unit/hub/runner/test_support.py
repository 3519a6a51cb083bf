"""The support file tells how the hub is and nothing about anybody; what other jobs decide."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from content_packs.errors import UsageError
from hub.clock import MAX_AHEAD
from hub.runner.power import check_moment
from hub.runner.support import clean, pack, without_secrets

NOW = datetime(2026, 11, 28, 19, 30, tzinfo=UTC)
TOLD = [
    ("wlan0: STA 3c:5a:b4:01:02:03 IEEE 802.11: associated", "3c:5a"),
    ("DHCPACK(wlan0) 10.77.0.23 3c:5a:b4:01:02:03 Olenas-Galaxy", "Olenas"),
    ("DHCPACK(wlan0) 10.77.0.23 3c:5a:b4:01:02:03 Olenas-Galaxy", "10.77.0.23"),
    ("wpa_passphrase=very-secret", "very-secret"),
    ('password = "very-secret"', "very-secret"),
    ("token: abcdef", "abcdef"),
    ('{"password": "two words"}', "words"),
    ("eth0 UP 192.168.1.7/24 2a02:2378:10:5::7/64 fe80::3e5a:b4ff:fe01:203/64", "2a02"),
    ("eth0 UP 192.168.1.7/24 2a02:2378:10:5::7/64 fe80::3e5a:b4ff:fe01:203/64", "fe01"),
    ("uplink 93.72.10.5 up", "93.72"),
    ('client: 10.83.16.55, request: "GET /search?q=%D0%BC HTTP/1.1", referrer: "http://hub.lan/?q=me"', "q="),
]


@pytest.mark.parametrize(("line", "secret"), TOLD)
def test_a_log_tells_nothing_about_anybody(line, secret):
    assert secret not in clean(line)


@pytest.mark.parametrize(
    "line",
    [
        "hub-kolibri.service: Main process exited, code=killed, status=9/KILL",
        "2026-11-29T10:03:25+0000 kernel: usb 1-1.2: new high-speed USB device, 00:03:25 ago, std::bad_alloc",
        'connect() failed, request: "GET /p/maths/a.html HTTP/1.1", host: "hub.lan"',
    ],
)
def test_a_log_still_tells_what_is_wrong(line):
    assert clean(line) == line


def test_settings_without_secrets():
    values = {
        "hub_id": "h-1",
        "depot_url": "sftp://school:geheim@depot.example/x",
        "wifi": {"ssid": "Школа", "password": "very secret", "label_code": "K7RM"},
    }

    text = json.dumps(without_secrets(values))

    assert "depot.example" in text
    assert not [secret for secret in ("geheim", "very secret", "K7RM") if secret in text]


def test_the_file_says_what_is_in_it():
    data = pack({"status.json": "{}", "log/kernel.txt": "ok"}, NOW)

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        listed = archive.read("LIST.txt").decode()
        assert all(name in listed for name in archive.namelist() if name != "LIST.txt")


@pytest.mark.parametrize("moment", [NOW, NOW + timedelta(days=700), NOW - timedelta(minutes=5)])
def test_takes_a_time_that_can_be(moment):
    check_moment(moment, NOW)


@pytest.mark.parametrize("moment", [NOW - timedelta(days=1), NOW + MAX_AHEAD + timedelta(days=1)])
def test_refuses_a_time_that_cannot_be(moment):
    with pytest.raises(UsageError, match="cannot be"):
        check_moment(moment, NOW)
