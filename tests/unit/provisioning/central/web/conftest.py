"""An office with a dashboard, and people in front of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from provisioning.central.office import Office
from provisioning.central.people import add_person
from provisioning.central.web.app import create_dashboard
from provisioning.central.web.dashboard import Dashboard
from support.office import OfficeAtWork

PASSWORD = "three red horses"
HERE = "http://localhost"


@dataclass
class Browser:
    """Somebody in front of the dashboard, without scripts."""

    client: FlaskClient
    office: Office

    def get(self, path: str, **options) -> TestResponse:
        return self.client.get(path, **options)

    def token(self) -> str:
        """The token of the form on a page that everybody may see."""
        return re.search(
            r'csrf_token" value="([^"]+)', self.client.get("/signin", follow_redirects=True).text
        )[1]

    def post(
        self, path: str, data: dict[str, object] | None = None, *, origin: str = HERE, **more
    ) -> TestResponse:
        """Send a form of a page of ours."""
        form = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=form, headers={"Origin": origin}, **more)

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/signin", {"name": name, "password": password})


@pytest.fixture(scope="session")
def stocked(tmp_path_factory) -> OfficeAtWork:
    """An office with two packs, two rings and three hubs, which a test copies."""
    work = OfficeAtWork.found(tmp_path_factory.mktemp("dashboard") / "office", now=datetime.now(UTC))
    for hub_id, ring in (("h-1", "all"), ("h-2", "pilot"), ("h-3", "pilot")):
        work.enrol(hub_id, ring=ring)
    work.publish(work.build("maths", 1), work.build("maths", 2), work.build("history", 1))
    work.assign("maths@1", ring="pilot")
    for role in ("viewer", "publisher", "admin"):
        add_person(work.office, role[0] + "-person", role=role, password=PASSWORD, now=work.now)
    return work


@pytest.fixture
def work(stocked, tmp_path) -> OfficeAtWork:
    return stocked.copy(tmp_path / "office")


@pytest.fixture
def app(work) -> Flask:
    return create_dashboard(Dashboard(work.office))


@pytest.fixture
def browser(app, work) -> Browser:
    """Nobody who has signed in."""
    return Browser(app.test_client(), work.office)


@pytest.fixture
def as_role(app, work) -> Callable[[str], Browser]:
    """Somebody of a role, signed in without the cost of a password."""

    def enter(role: str) -> Browser:
        from provisioning.central.people import find_by_name

        person = find_by_name(work.office, role[0] + "-person")
        client = app.test_client()
        with client.session_transaction() as session:
            session["person"], session["version"] = person.id, person.session_version
        return Browser(client, work.office)

    return enter
