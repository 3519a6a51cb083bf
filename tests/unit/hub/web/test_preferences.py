import html
import re
from urllib.parse import quote

import pytest

from support.shelves import put_lesson

OWN_PAGE = {"Origin": "http://localhost"}


def test_a_language_is_remembered(portal):
    answer = portal.post("/set/language/en", data={"next": "/library?grade=5"}, headers=OWN_PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/library?grade=5"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = portal.get("/library").text
    assert 'lang="en"' in page
    assert "Library" in page


@pytest.mark.parametrize("target", ["http://[", "//[x", "//evil.example", "/\\evil.example"])
def test_no_choice_leads_out_of_the_hub(portal, target):
    answer = portal.post("/set/language/en", data={"next": target}, headers=OWN_PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_a_text_size_is_remembered(portal):
    assert "text-huge" not in portal.get("/").text
    portal.post("/set/text-size/huge", headers=OWN_PAGE)
    assert 'class="text-huge"' in portal.get("/").text


def test_a_browser_that_tells_no_origin_may_choose_by_its_referer(portal):
    answer = portal.post("/set/language/en", headers={"Referer": "http://localhost/library"})
    assert "language=en" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("page", ["http://localhost:8081/", "http://localhost.example/", "nonsense", "null"])
@pytest.mark.parametrize("name", ["Origin", "Referer"])
def test_only_a_page_of_the_portal_may_choose(portal, name, page):
    answer = portal.post("/set/language/en", headers={name: page.rstrip("/") if name == "Origin" else page})
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers


def test_who_does_not_say_where_it_comes_from_chooses_nothing(portal):
    assert "Set-Cookie" not in portal.post("/set/language/en").headers
    not_ours = {"Origin": "null", "Referer": "http://localhost/"}
    assert "Set-Cookie" not in portal.post("/set/language/en", headers=not_ours).headers


def test_an_address_alone_chooses_nothing(portal):
    answer = portal.get("/set/language/en", headers=OWN_PAGE)
    assert answer.status_code == 405
    assert "Set-Cookie" not in answer.headers


def test_both_choices_have_a_page_that_leads_back(portal):
    page = portal.get("/set?next=/library%3Fgrade%3D5").text
    assert 'name="next" value="/library?grade=5"' in page
    assert 'href="/library?grade=5"' in page
    assert 'formaction="/set/text-size/huge"' in page
    assert "evil" not in portal.get("/set?next=//evil.example/").text


def test_a_page_that_a_lesson_fills_leads_to_them(portal, paths, scratch):
    put_lesson(paths, scratch)
    assert "/set?next=/view/lesson/" in portal.get("/view/lesson/").text


@pytest.mark.parametrize("here", ["/search?q=урок", "/search?q=100%25+%23+%26", "/view/a/1%20#x%25.md"])
def test_the_buttons_lead_back_to_the_page_one_is_on(portal, here):
    here = quote(here, safe="/?=%+&").replace("#", "%23")
    place = html.unescape(re.findall(r'name="next" value="([^"]*)"', portal.get(here).text)[0])
    answer = portal.post("/set/language/en", data={"next": place}, headers=OWN_PAGE)
    assert answer.headers["Location"] == here


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
        "/set",
        "/set?next=/set",
        "",
    ],
)
def test_no_redirect_leaves_the_hub(portal, target):
    answer = portal.post("/set/language/en", data={"next": target})
    assert answer.headers["Location"] in ("/", "/%0d%0aSet-Cookie:x")


def test_unknown_choices_are_refused(portal):
    assert portal.post("/set/language/xx").status_code == 404
    assert portal.post("/set/text-size/tiny").status_code == 404


def test_nonsense_in_a_cookie_changes_nothing(portal):
    portal.set_cookie("language", '"><script>')
    portal.set_cookie("text_size", "x y")
    page = portal.get("/").text
    assert 'lang="uk"' in page
    assert 'class="text-' not in page
    assert '"><script>' not in page
