import pytest

from provisioning.central.people import add_person, find_by_name, make_link, sign_out_everywhere
from provisioning.central.web.app import create_dashboard
from provisioning.central.web.dashboard import Dashboard, check_url
from provisioning.central.web.preferences import safe_target

OPEN = {"signin.index", "signin.enter", "signin.leave", "signin.link", "signin.accept"}
OPEN |= {"preferences.language", "assets.send", "assets.favicon"}


def test_every_page_but_the_ways_in_asks_who_it_is_for(app):
    asked = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "needs")
    }
    assert {rule.endpoint for rule in app.url_map.iter_rules()} - asked == OPEN


def test_what_changes_something_is_not_for_those_who_only_read(app):
    own = {"account.password", "account.everywhere"}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "POST" in rule.methods and rule.endpoint not in OPEN | own:
            assert view.needs in ("publisher", "admin"), rule.endpoint


def test_the_way_in_leads_to_the_page_that_was_asked_for(browser):
    asked = browser.get("/?state=ok")
    assert asked.status_code == 303
    assert asked.location == "/signin?next=/?state%3Dok"
    done = browser.post("/signin", {"name": "v-person", "password": "three red horses", "next": "/?state=ok"})
    assert (done.status_code, done.location) == (303, "/?state=ok")
    assert browser.get("/").status_code == 200
    cookie = browser.client.get_cookie("central_session")
    assert cookie.http_only and cookie.same_site == "Lax" and not cookie.secure
    assert browser.post("/signout").status_code == 303
    assert browser.get("/").status_code == 303


def test_a_wrong_password_is_said_and_then_waited_for(browser):
    for _ in range(5):
        assert browser.sign_in("v-person", "wrong").status_code == 422
    assert browser.sign_in("v-person").status_code == 429


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:81", "https://localhost"]
)
def test_a_form_of_another_page_is_refused(browser, origin):
    assert (
        browser.post(
            "/signin", {"name": "v-person", "password": "three red horses"}, origin=origin
        ).status_code
        == 403
    )


def test_a_form_without_its_token_is_refused(as_role):
    browser = as_role("admin")
    sent = browser.client.post("/signout", headers={"Origin": "http://localhost"})
    assert sent.status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "[::1"]
)
def test_a_foreign_host_name_is_no_page(browser, host):
    assert browser.get("/signin", headers={"Host": host}).status_code == 421


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(work):
    app = create_dashboard(Dashboard(work.office, "https://office.example"))
    client = app.test_client()
    assert client.get("/signin", headers={"Host": "localhost"}).status_code == 421
    page = client.get("/signin", headers={"Host": "office.example"})
    assert "secure" in page.headers["Set-Cookie"].lower()
    assert "max-age" in page.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("proxied", "told", "counted"),
    [(True, "203.0.113.9, 198.51.100.7", "198.51.100.7"), (False, "203.0.113.9", "127.0.0.1")],
)
def test_who_asks_is_what_our_own_proxy_says_and_nobody_else(work, proxied, told, counted):
    from provisioning.central.web.guard import client_address

    environ = {"HTTP_X_FORWARDED_FOR": told, "REMOTE_ADDR": "127.0.0.1"}
    assert (
        client_address(environ, Dashboard(work.office, "https://office.example" if proxied else ""))
        == counted
    )


def test_every_answer_carries_the_policy_and_no_cache_keeps_it(as_role):
    for path in ("/", "/signin", "/nope", "/favicon.ico"):
        headers = as_role("viewer").get(path).headers
        assert "script-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == (
            "no-store" if path != "/favicon.ico" else headers["Cache-Control"]
        )


def test_signed_out_everywhere_is_signed_out_here(as_role, work):
    browser = as_role("viewer")
    assert browser.get("/").status_code == 200
    sign_out_everywhere(work.office, find_by_name(work.office, "v-person"))
    assert browser.get("/").status_code == 303


def test_a_link_lets_a_new_person_choose_a_password_and_go_in(browser, work):
    person = add_person(work.office, "petro", role="viewer", password=None, now=work.now)
    path = f"/link/{make_link(work.office, person, now=work.now)}"
    assert "petro" in browser.get(path).text
    assert browser.post(path, {"password": "short", "again": "short"}).status_code == 422
    assert browser.post(path, {"password": "four blue horses", "again": "four blue hares"}).status_code == 422
    assert (
        browser.post(path, {"password": "four blue horses", "again": "four blue horses"}).status_code == 303
    )
    assert browser.get("/").status_code == 200
    assert browser.get(path).status_code == 410


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "//["]
)
def test_no_redirect_leaves_the_dashboard(target):
    assert safe_target(target) == "/"


@pytest.mark.parametrize(
    "url",
    ["office.example", "ftp://office.example", "https://a@b", "https://x/path", "https://", "https://x:y"],
)
def test_what_is_no_address_of_a_dashboard_is_refused(url):
    with pytest.raises(Exception, match="--url"):
        check_url(url)
