from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from hub.settings import HubPaths
from hub.web.app import create_portal
from hub.web.content_origin import create_content_origin
from hub.web.largebodies import LargeBodies
from hub.web.origins import Ports
from support.shelves import SETTINGS

PORTS = Ports(8080, 8081)
MOST_BODIES = 2


@pytest.fixture
def paths(tmp_path: Path) -> HubPaths:
    return HubPaths(tmp_path / "hub")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def portal(paths: HubPaths) -> FlaskClient:
    return create_portal(paths, SETTINGS, ports=PORTS).test_client()


@pytest.fixture
def content(paths: HubPaths) -> Client:
    bodies = LargeBodies(MOST_BODIES)
    return Client(create_content_origin(paths, ports=PORTS, find_port=lambda _: None, bodies=bodies))
