"""Phones join the network of a real hub: what goes over the wire, byte for byte."""

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.settings import HubPaths
from hub.web.memory_disk import private_folder
from support.probes import PROBES
from support.serving import Served, serving


@pytest.fixture
def paths(tmp_path):
    paths = HubPaths(tmp_path / "hub")
    yield paths
    shutil.rmtree(private_folder(paths), ignore_errors=True)


def send(served: Served, request: str, *, source: str = "127.0.0.1") -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body as they came; `source` is the address of the phone."""
    address = ("127.0.0.1", served.port)
    with socket.create_connection(address, timeout=20, source_address=(source, 0)) as link:
        link.sendall(request.replace("\n", "\r\n").encode())
        raw = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def ask(
    served: Served, host: str, path: str, *, source: str = "127.0.0.1"
) -> tuple[int, dict[str, str], bytes]:
    return send(served, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n\n", source=source)


def press_continue(served: Served, *, source: str = "127.0.0.1") -> int:
    head = "POST /welcome HTTP/1.1\nHost: hub.lan\nContent-Length: 0\nConnection: close\n\n"
    return send(served, head, source=source)[0]


def test_every_system_before_and_after_continue(paths: HubPaths) -> None:
    with serving(paths) as served:
        for probe in PROBES:
            status, headers, body = ask(served, probe.host, probe.path)
            assert (status, headers["location"]) == (302, f"http://hub.lan:{served.port}/welcome"), probe
            assert len(body) == int(headers["content-length"]) > 4
        status, _, page = ask(served, "hub.lan", "/welcome")
        assert status == 200
        assert b'<form method="post" action="/welcome">' in page
        assert press_continue(served) == 200
        for probe in PROBES:
            status, headers, body = ask(served, probe.host, probe.path)
            assert (status, body) == (probe.status, probe.body), probe
            assert headers.get("x-networkmanager-status") == probe.nm_status
            assert "transfer-encoding" not in headers
            if probe.body:
                assert int(headers["content-length"]) == len(probe.body)
            head = send(served, f"HEAD {probe.path} HTTP/1.1\nHost: {probe.host}\nConnection: close\n\n")
            assert (head[0], head[2]) == (probe.status, b"")
        assert ask(served, PROBES[0].host, PROBES[0].path, source="127.0.0.2")[0] == 302  # another phone


def test_a_restart_of_the_portal_asks_nobody_again(paths: HubPaths) -> None:
    with serving(paths) as served:
        press_continue(served)
    with serving(paths) as served:
        assert ask(served, PROBES[0].host, PROBES[0].path)[0] == 204
    assert private_folder(paths).is_relative_to("/dev/shm")
    on_the_card = [
        path for path in paths.dir.rglob("*") if path.is_file() and b"accepted" in path.read_bytes()
    ]
    assert not on_the_card


def test_a_class_joins_at_once(paths: HubPaths) -> None:
    with serving(paths) as served, ThreadPoolExecutor(40) as phones:
        asked = [phones.submit(ask, served, probe.host, probe.path) for probe in PROBES * 10]
        assert {future.result()[0] for future in asked} == {302}
        assert ask(served, "127.0.0.1", "/")[0] == 200


def test_no_address_of_a_phone_is_said(paths: HubPaths) -> None:
    with serving(paths) as served:
        press_continue(served)
        ask(served, PROBES[0].host, PROBES[0].path)
        served.stop()
        assert served.process.stdout is not None
        assert set(served.process.stdout.read().split()) <= {f"http://127.0.0.1:{served.port}/"}
