import pytest
from flask import Flask

from hub.web.app import create_portal
from hub.web.origins import Ports
from support.shelves import SETTINGS


def test_404_is_in_our_clothes_and_no_dead_end(portal):
    answer = portal.get("/nope")
    assert answer.status_code == 404
    assert "Такої сторінки немає" in answer.text
    assert 'action="/search"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_500_is_in_our_clothes_and_tells_nothing_of_the_inside(paths):
    app: Flask = create_portal(paths, SETTINGS, ports=Ports(8080, 8081))
    app.add_url_rule("/broken", view_func=lambda: 1 / 0)
    app.logger.disabled = True
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "Щось пішло не так" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_sent(portal, method):
    answer = portal.open("/", method=method)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "<script>", "[::1", "x;script-src *", ""])
def test_a_host_that_is_no_name_is_refused(portal, host):
    answer = portal.get("/library", headers={"Host": host})
    assert answer.status_code == 400
    assert host == "" or host not in answer.headers["Content-Security-Policy"]
