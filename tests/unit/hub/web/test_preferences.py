import html
import re
from urllib.parse import quote

import pytest

OWN_PAGE = {"Referer": "http://localhost/library"}


def test_a_language_is_remembered(portal):
    answer = portal.get("/set/language/en?next=/library?grade=5", headers=OWN_PAGE)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/library?grade=5"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = portal.get("/library").text
    assert 'lang="en"' in page
    assert "Library" in page


@pytest.mark.parametrize("target", ["http://[", "//[x", "//evil.example", "/\\evil.example"])
def test_no_choice_leads_out_of_the_hub(portal, target):
    answer = portal.get("/set/language/en", query_string={"next": target}, headers=OWN_PAGE)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"


def test_a_text_size_is_remembered(portal):
    assert "text-huge" not in portal.get("/").text
    portal.get("/set/text-size/huge", headers=OWN_PAGE)
    assert 'class="text-huge"' in portal.get("/").text


@pytest.mark.parametrize(
    "page", [None, "http://localhost:8081/", "http://localhost.example/", "nonsense", "http://[/"]
)
def test_only_a_page_of_the_portal_may_choose(portal, page):
    answer = portal.get("/set/language/en", headers={"Referer": page} if page else {})
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("here", ["/search?q=урок", "/search?q=100%25+%23+%26", "/view/a/1%20#x%25.md"])
def test_the_links_lead_back_to_the_page_one_is_on(portal, here):
    here = quote(here, safe="/?=%+&").replace("#", "%23")
    link = html.unescape(re.findall(r'href="(/set/language/en[^"]*)"', portal.get(here).text)[0])
    assert portal.get(link, headers=OWN_PAGE).headers["Location"] == here


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:x",
        "/\t/evil.example",
        "library",
        "/set/language/uk",
        "",
    ],
)
def test_no_redirect_leaves_the_hub(portal, target):
    answer = portal.get("/set/language/en", query_string={"next": target})
    assert answer.headers["Location"] in ("/", "/%0d%0aSet-Cookie:x")


def test_unknown_choices_are_refused(portal):
    assert portal.get("/set/language/xx").status_code == 404
    assert portal.get("/set/text-size/tiny").status_code == 404


def test_nonsense_in_a_cookie_changes_nothing(portal):
    portal.set_cookie("language", '"><script>')
    portal.set_cookie("text_size", "x y")
    page = portal.get("/").text
    assert 'lang="uk"' in page
    assert "<script>" not in page
