import pytest


def test_a_language_is_remembered(portal):
    answer = portal.get("/set/language/en?next=/library?grade=5")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/library?grade=5"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = portal.get("/library").text
    assert 'lang="en"' in page
    assert "Library" in page


def test_a_text_size_is_remembered(portal):
    assert "text-huge" not in portal.get("/").text
    portal.get("/set/text-size/huge")
    assert 'class="text-huge"' in portal.get("/").text


def test_the_links_lead_back_to_the_page_one_is_on(portal):
    assert "/set/language/en?next=/search?q%3D%D1%83%D1%80%D0%BE%D0%BA" in portal.get("/search?q=урок").text


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
