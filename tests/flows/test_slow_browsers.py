"""The real server, and browsers that say half of what they want: all others are answered."""

import re
import socket
import subprocess
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from support.office import OfficeAtWork
from support.road import BIN

HEAD = b"GET /signin HTTP/1.1\r\nHost: localhost\r\nX"
FORM = (
    b"POST /signin HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\nname="
)
MORE_THAN_THREADS = 12
NOT_FOR_EVER_S = 60


@pytest.fixture
def url(tmp_path):
    office = OfficeAtWork.found(tmp_path / "office").office
    command = [BIN / "central", "--dir", office.dir, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.mark.parametrize("half", [HEAD, FORM], ids=["head", "form"])
def test_half_requests_hold_no_dashboard(url, half):
    with ExitStack() as opened:
        for _ in range(MORE_THAN_THREADS):
            place = (urlsplit(url).hostname, urlsplit(url).port)
            opened.enter_context(socket.create_connection(place)).sendall(half)
        page = urllib.request.urlopen(f"{url}signin", timeout=NOT_FOR_EVER_S).read()
    assert re.search(rb"csrf_token", page)
