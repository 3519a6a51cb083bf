"""What systemd hears of a service, on a real socket; and that nobody misses it elsewhere."""

import socket

import pytest

from hub.notify import READY, Watchdog, notify


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        if request.param == "path":
            address = str(tmp_path / "notify")
            listener.bind(address)
        else:
            name = f"hub-test-{tmp_path.name}"
            listener.bind(f"\0{name}")
            address = f"@{name}"
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listener


def test_systemd_hears_it(systemd):
    notify(READY)

    assert systemd.recv(100) == b"READY=1"


def test_says_that_it_lives_at_half_of_the_time(systemd, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    watchdog = Watchdog()

    watchdog.alive()
    watchdog.alive()

    assert watchdog.every_s == 30
    assert systemd.recv(100) == b"WATCHDOG=1"
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


@pytest.mark.parametrize("usec", ["", "0", "soon"])
def test_no_watchdog_no_word(systemd, monkeypatch, usec):
    monkeypatch.setenv("WATCHDOG_USEC", usec)

    Watchdog().alive()

    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_without_systemd_nothing_fails(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    notify(READY)
