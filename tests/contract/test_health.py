"""Whether the hub works: each part with a real one that does, and one that does not."""

import http.server
import os
import socket
import sqlite3
import subprocess
import threading
from contextlib import closing, contextmanager

import pytest

from hub.card.health import Health, ask_dns, check_databases, check_dns, check_network, check_portal
from hub.network.state import write_network_state
from hub.settings import HubPaths
from support.shelves import SETTINGS
from support.waiting import wait_for


@contextmanager
def web_server(status):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hosts.append(self.headers["Host"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    hosts = []
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, hosts
        server.shutdown()


@pytest.mark.parametrize(("status", "said"), [(200, ""), (502, "expected 200 on port"), (302, "got 302")])
def test_the_portal_answers_through_the_door(status, said):
    with web_server(status) as (port, hosts):
        wrong = check_portal("127.0.0.1", port, "hub.lan")
    assert wrong == said if not said else said in wrong
    assert hosts == ["hub.lan"]


def test_a_portal_that_does_not_listen_is_said():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert f"no answer on port {port}" in check_portal("127.0.0.1", port, "hub.lan")


def test_dns_knows_the_hub(tmp_path):
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"]
    command += [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=", "--group="]
    command += ["--address=/hub.lan/192.0.2.1", "--address=/nothing.lan/", f"--pid-file={tmp_path / 'pid'}"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def answers():
        try:
            return ask_dns("127.0.0.1", "hub.lan", port=port)
        except OSError:
            return False

    try:
        wait_for(answers, timeout_s=30)
        assert not ask_dns("127.0.0.1", "nothing.lan", port=port)
    finally:
        server.terminate()
        server.wait()
    with pytest.raises(OSError, match="refused"):
        ask_dns("127.0.0.1", "hub.lan", port=port)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"mode": "external-ap"}, ""),
        ({"mode": "off"}, ""),
        ({"mode": "builtin", "stations": {"count": 0, "limit": 7}}, ""),
        ({"mode": "builtin", "stations": {"count": None, "limit": 7}}, "the access point does not run"),
        ({"mode": "builtin", "stations": None}, "no Wi-Fi was found"),
        (None, "hub-network does not run"),
    ],
)
def test_the_access_point_runs_where_it_is_ours(tmp_path, state, said):
    paths = HubPaths(tmp_path)
    if state is not None:
        write_network_state(paths).write(state | {"pid": os.getpid()})
    assert said in check_network(paths)
    assert bool(said) == bool(check_network(paths))


@pytest.mark.parametrize(("interface", "asked"), [("", False), ("lo", True)])
def test_dns_is_asked_where_there_is_a_network_of_ours(tmp_path, interface, asked):
    paths = HubPaths(tmp_path)
    lan = {"interface": interface, "hub": "127.0.0.77"}  # nobody answers there
    write_network_state(paths).write({"mode": "builtin", "lan": lan, "pid": os.getpid()})
    assert bool(check_dns(paths, SETTINGS)) == asked


def test_databases_are_whole(tmp_path):
    paths = HubPaths(tmp_path)
    assert check_databases(paths) == ""
    with closing(sqlite3.connect(paths.db)) as db:
        db.execute("create table t (x)")
        db.commit()
    assert check_databases(paths) == ""
    paths.accounts_db.write_bytes(b"no database at all" * 100)
    assert check_databases(paths).startswith("accounts.db: ")


def test_what_failed_before_is_no_fault_of_the_update():
    found = Health({"portal": "", "dns": "silent", "network": "no Wi-Fi was found"})
    assert found.newly_failing(("network",)) == ("dns",)
    assert found.newly_failing(("network", "dns")) == ()
    assert found.why(("dns", "network")) == "dns: silent; network: no Wi-Fi was found"
