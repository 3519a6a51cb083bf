"""What holds for every tier: nothing is skipped, nothing leaves this machine."""

import socket

import pytest
from hypothesis import HealthCheck, settings

# How fast a busy machine is says nothing about an example.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
_real_connect = socket.socket.connect


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip, or an expected failure, into a failure: what is missing is an error here."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # pytest shows such a failure, but ends as if there were none
        report.longrepr = f"{item.nodeid} was skipped; install what it needs (make test) or remove it"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same for a module that skips itself while it is collected."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped itself"
    return report


@pytest.fixture(autouse=True)
def width(monkeypatch):
    """Let no test's output depend on how wide the terminal of who runs it is."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def network(request, monkeypatch):
    """Block sockets in unit tests and cases, and let the other tiers no further than loopback."""
    tier = request.path.relative_to(request.config.rootpath).parts[1]
    allowed = () if tier in ("unit", "cases") else _LOOPBACK

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(allowed):
            raise AssertionError(f"a test in tests/{tier} wants to connect to {address}")
        return _real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
