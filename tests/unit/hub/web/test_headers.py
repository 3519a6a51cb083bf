import re

import pytest

from hub.web.assets import asset_url
from support.shelves import stock


@pytest.mark.parametrize("address", ["/", "/nope", "/view/python-1/", "/status.json", "/favicon.ico"])
def test_every_answer_is_strict(portal, paths, scratch, address):
    stock(paths, scratch)
    headers = portal.get(address, headers={"Host": "hub.lan:8080"}).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-src"] == "http://hub.lan:8081"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_hold_no_inline_script_or_style(portal, paths, scratch):
    stock(paths, scratch)
    for address in ("/", "/library", "/pack/maths-shelf", "/tech/status", "/search?q=урок", "/help"):
        page = portal.get(address).text
        assert re.findall("<script[^>]*>", page) == [f'<script src="{asset_url("portal.js")}" defer>']
        assert " style=" not in page
        assert " onclick" not in page
