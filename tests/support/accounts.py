"""Somebody who signs in to a portal under test, by the form that a person fills in."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.accounts import add_account, find_by_name
from hub.settings import HubPaths

OWN_PAGE = {"Origin": "http://localhost"}
PASSWORD = "три слова і крапка"


def token(page: str) -> str:
    """Return the token in a form of a page."""
    return re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]


def fill_in(portal: FlaskClient, path: str, form: dict[str, str], *, page: str = "") -> TestResponse:
    """Open a page (`page`, where the form stands on another one) and send its form with these values."""
    known = token(portal.get(page or path).text)
    return portal.post(path, data={"csrf_token": known, **form}, headers=OWN_PAGE)


def sign_in_as(portal: FlaskClient, paths: HubPaths, role: str = "technician", name: str = "") -> None:
    """Be signed in to an account of this role, which is added where there is none."""
    name = name or role
    if find_by_name(paths, name) is None:
        add_account(paths, name, PASSWORD, role=role)
    answer = fill_in(portal, "/signin", {"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
