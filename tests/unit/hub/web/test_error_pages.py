import re

import pytest
from flask import Flask, abort

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


@pytest.mark.parametrize("status", [400, 403, 404, 405, 418, 429, 500, 503])
def test_every_error_says_what_to_do_and_leads_on(paths, status):
    app = create_portal(paths, SETTINGS, ports=Ports(8080, 8081))
    app.add_url_rule("/broken", view_func=lambda: abort(status))
    client = app.test_client()
    client.set_cookie("language", "en")
    page = client.get("/broken").text
    words = re.search(r'<section class="empty">.*?<h1>([^<]+)</h1>\s*<p>([^<]+)</p>', page, re.DOTALL)
    assert len(words[2]) > 20
    assert f"Error {status}" in page
    assert 'class="button" href="/"' in page or 'class="button quiet" href="/"' in page


@pytest.mark.parametrize(("status", "retries"), [(404, False), (429, True), (500, False), (503, True)])
def test_only_what_passes_by_itself_is_tried_again_by_itself(paths, status, retries):
    app = create_portal(paths, SETTINGS, ports=Ports(8080, 8081))
    app.add_url_rule("/broken", view_func=lambda: abort(status))
    assert ('http-equiv="refresh"' in app.test_client().get("/broken").text) is retries


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_sent(portal, method):
    answer = portal.open("/", method=method)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "host",
    ["evil.example/x", "a b", "<script>", "[::1", "x;script-src *", "", "..", "a..b", "a" * 64, "a" * 300],
)
def test_a_host_that_is_no_name_is_refused(portal, host):
    answer = portal.get("/library", headers={"Host": host})
    assert answer.status_code == 400
    assert host == "" or host not in answer.headers["Content-Security-Policy"]
