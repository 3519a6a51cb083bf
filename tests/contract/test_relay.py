"""The simulated uplink keeps its promises; all measurements over it rest on this."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from support.relay import Relay


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it gets, to one caller."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ConnectionError):  # the relay resets what is still open
            while data := connection.recv(65536):
                connection.sendall(data)

    thread = threading.Thread(target=echo)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += connection.recv(65536)
    return data


@pytest.mark.alone
def test_delay_is_a_round_trip(echo_port: int) -> None:
    with Relay(echo_port, delay_s=0.15) as relay, socket.create_connection(("127.0.0.1", relay.port)) as link:
        trips_s = []
        for _ in range(5):
            started = time.monotonic()
            link.sendall(b"x")
            assert link.recv(1) == b"x"
            trips_s.append(time.monotonic() - started)
        # Never shorter; a machine with other work may make one longer, but not all of them.
        assert min(trips_s) == pytest.approx(0.3, rel=0.05)


@pytest.mark.alone
def test_bandwidth_is_kept(echo_port: int) -> None:
    size, bits_per_s = 80_000, 256_000
    with (
        Relay(echo_port, delay_s=0.05, bits_per_s=bits_per_s) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as link,
    ):
        started = time.monotonic()
        link.sendall(bytes(size))
        assert receive(link, size) == bytes(size)
        one_packet_s = 1448 * 8 / bits_per_s  # the way back starts with the first packet
        expected = size * 8 / bits_per_s + 0.1 + one_packet_s
        assert 0.95 * expected <= time.monotonic() - started <= 1.3 * expected
        assert (relay.up_bytes, relay.down_bytes) == (size, size)


def test_cut_after_some_bytes(echo_port: int) -> None:
    with Relay(echo_port) as relay, socket.create_connection(("127.0.0.1", relay.port)) as link:
        relay.cut_after(1000)
        link.sendall(bytes(5000))
        got = 0
        with pytest.raises(ConnectionResetError):
            while data := link.recv(100):
                got += len(data)
            raise ConnectionResetError
        assert got <= 1000
        assert relay.down_bytes == 1000


def test_black_hole_swallows_but_does_not_hang_up(echo_port: int) -> None:
    with Relay(echo_port) as relay, socket.create_connection(("127.0.0.1", relay.port)) as link:
        relay.black_hole_after(1000)
        link.sendall(bytes(5000))
        assert len(receive(link, 1000)) == 1000
        link.settimeout(0.3)
        with pytest.raises(TimeoutError):
            link.recv(1)
