import re
from http.cookies import SimpleCookie

import pytest
from flask import session
from itsdangerous import URLSafeSerializer

from hub import accounts
from hub.accounts import find_by_name, read_session_key, remove_account, set_password, sign_out_everywhere
from hub.labelcode import write_label_code
from hub.tries import FREE_MISSES
from hub.web import sessions
from hub.web.app import create_portal
from hub.web.origins import Ports
from hub.web.pages import cached_page
from hub.web.signin import WITHOUT_TOKEN, needs, signed_in
from support.accounts import OWN_PAGE, PASSWORD, fill_in, sign_in_as, token
from support.shelves import SETTINGS, put_lesson

COOKIE = sessions.COOKIE
PAGE = "/tech/accounts"  # any page behind `needs`


@pytest.fixture(autouse=True)
def _made(paths):
    paths.dir.mkdir(parents=True)


def is_in(portal):
    return portal.get(PAGE).status_code == 200


def cookie_of(answer):
    return SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]


def test_who_is_not_signed_in_is_led_to_the_form_and_back(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    answer = portal.get(f"{PAGE}?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/signin?next={PAGE}?x%3D1")
    assert answer.headers["Cache-Control"] == "no-store"
    form = portal.get(answer.headers["Location"]).text
    place = re.findall(r'name="next" value="([^"]*)"', form)[0]
    answer = fill_in(portal, "/signin", {"name": "technician", "password": PASSWORD, "next": place})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?x=1")
    assert is_in(portal)
    assert portal.get("/signin").status_code == 303


@pytest.mark.parametrize(
    ("target", "place"),
    [("//evil.example", "/"), ("http://evil.example/", "/"), ("/\\evil.example", "/"), ("", "/tech/status")],
)
def test_signing_in_never_leads_out_of_the_hub(portal, paths, target, place):
    sign_in_as(portal, paths)
    fill_in(portal, "/signout", {}, page=PAGE)
    answer = fill_in(portal, "/signin", {"name": "technician", "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == place


def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    answer = fill_in(portal, "/signin", {"name": "technician", "password": PASSWORD})
    cookie = cookie_of(answer)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert (
        not cookie["expires"] and not cookie["max-age"]
    )  # the hub's clock may be years behind the browser's
    assert PASSWORD not in cookie.value


def test_a_wrong_password_and_a_wrong_name_look_the_same(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    answers = [
        fill_in(portal, "/signin", {"name": name, "password": "wrong"}) for name in ("technician", "nobody12")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    pages = [
        re.sub(r'csrf_token" value="[^"]*"', "", answer.text).replace("nobody12", "technician")
        for answer in answers
    ]
    assert pages[0] == pages[1]
    assert 'role="alert"' in pages[0]
    assert "wrong" not in re.findall(r'type="password" value="([^"]*)"', answers[0].text)


def test_after_five_misses_one_waits(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    form = {"name": "technician", "password": "wrong"}
    statuses = [fill_in(portal, "/signin", form).status_code for _ in range(FREE_MISSES + 1)]
    assert statuses == [422] * FREE_MISSES + [429]
    assert fill_in(portal, "/signin", form | {"password": PASSWORD}).status_code == 429
    assert not is_in(portal)


def test_waits_survive_a_restart_of_the_portal(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    for _ in range(FREE_MISSES):
        fill_in(portal, "/signin", {"name": "technician", "password": "wrong"})
    again = create_portal(paths, SETTINGS, ports=Ports(8080, 8081)).test_client()
    assert fill_in(again, "/signin", {"name": "technician", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("headers", "with_token", "status"),
    [
        (OWN_PAGE, True, 303),
        (OWN_PAGE, False, 400),
        ({}, True, 403),
        ({"Origin": "null"}, True, 403),
        ({"Origin": "http://localhost:8081"}, True, 403),  # a lesson, on the packs' own origin
        ({"Origin": "http://evil.example"}, True, 403),
        ({"Referer": "http://localhost/signin"}, True, 303),  # Firefox before 70
        ({"Referer": "http://localhost:8081/p/lesson/"}, True, 403),
        ({"Referer": "http://localhost/signin"}, False, 400),
    ],
)
def test_a_form_needs_its_token_and_a_page_of_ours(portal, paths, headers, with_token, status):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    form = {"name": "technician", "password": PASSWORD}
    if with_token:
        form["csrf_token"] = token(portal.get("/signin").text)
    assert portal.post("/signin", data=form, headers=headers).status_code == status


def test_the_token_of_another_browser_is_worth_nothing(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    stolen = token(portal.application.test_client().get("/signin").text)
    portal.get("/signin")
    form = {"name": "technician", "password": PASSWORD, "csrf_token": stolen}
    assert portal.post("/signin", data=form, headers=OWN_PAGE).status_code == 400


def test_a_session_that_somebody_planted_is_left_behind(portal, paths):
    """Fixation: what was known before signing in, token and cookie, is worth nothing after it."""
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    planted = portal.get("/signin")
    known, value = token(planted.text), cookie_of(planted).value
    form = {"name": "technician", "password": PASSWORD, "csrf_token": known}
    assert portal.post("/signin", data=form, headers=OWN_PAGE).status_code == 303
    assert portal.post("/signout", data={"csrf_token": known}, headers=OWN_PAGE).status_code == 400
    assert is_in(portal)
    other = portal.application.test_client()
    other.set_cookie(COOKIE, value)
    assert not is_in(other)


def test_every_post_of_the_portal_asks_for_a_token_but_these_few(portal):
    posts = {
        rule.endpoint for rule in portal.application.url_map.iter_rules() if "POST" in (rule.methods or ())
    }
    assert posts >= set(WITHOUT_TOKEN)
    for rule in portal.application.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint not in WITHOUT_TOKEN:
            path = re.sub(r"<[^>]+>", "x", rule.rule)
            assert portal.post(path, headers=OWN_PAGE).status_code == 400, path
            assert portal.post(path).status_code == 403, path


@pytest.mark.parametrize("value", ["", "x", "eyJhY2NvdW50IjoiMSJ9.forged", "..", "null", "W10.x", "\u00ff"])
def test_a_forged_cookie_is_none(portal, paths, value):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    portal.set_cookie(COOKIE, value)
    assert not is_in(portal)
    assert portal.get("/signin").status_code == 200


def test_a_cookie_signed_with_another_key_is_none(portal, paths):
    sign_in_as(portal, paths)
    held = dict(_held(portal, paths))
    portal.set_cookie(
        COOKIE,
        URLSafeSerializer("another key", salt="session", serializer=sessions.TaggedJSONSerializer()).dumps(
            held
        ),
    )
    assert not is_in(portal)
    portal.set_cookie(COOKIE, _signed(paths, held))
    assert is_in(portal)


@pytest.mark.parametrize(
    "change",
    [
        {"_boot": "another boot"},
        {"_at": -50_000.0},
        {"_at": 9e12},
        {"account": "0000000000000000"},
        {"account": 5},
        {"version": 2},
        {"version": "1"},
    ],
)
def test_what_a_session_says_must_be_true_now(portal, paths, change):
    sign_in_as(portal, paths)
    portal.set_cookie(COOKIE, _signed(paths, {**_held(portal, paths), **change}))
    assert not is_in(portal)


def _held(portal, paths):
    signer = URLSafeSerializer(
        read_session_key(paths), salt="session", serializer=sessions.TaggedJSONSerializer()
    )
    return signer.loads(portal.get_cookie(COOKIE).value)


def _signed(paths, held):
    signer = URLSafeSerializer(
        read_session_key(paths), salt="session", serializer=sessions.TaggedJSONSerializer()
    )
    return signer.dumps(held)


def test_a_session_ends_after_a_working_day_whatever_the_clock_says(portal, paths, monkeypatch):
    sign_in_as(portal, paths)
    began = sessions.time.clock_gettime(sessions.time.CLOCK_BOOTTIME)

    class Clock:
        CLOCK_BOOTTIME = sessions.time.CLOCK_BOOTTIME
        now = began + sessions.LIFETIME_S - 5

        @classmethod
        def clock_gettime(cls, _):
            return cls.now

    monkeypatch.setattr(sessions, "time", Clock)
    assert is_in(portal)
    Clock.now = began + sessions.LIFETIME_S + 5
    assert not is_in(portal)


@pytest.mark.parametrize("how", ["everywhere", "password", "removed"])
def test_a_stolen_cookie_ends_with_its_session_version(portal, paths, how):
    sign_in_as(portal, paths)
    thief = portal.application.test_client()
    thief.set_cookie(COOKIE, portal.get_cookie(COOKIE).value)
    assert is_in(thief)
    account = find_by_name(paths, "technician")
    {
        "everywhere": lambda: sign_out_everywhere(paths, account),
        "password": lambda: set_password(paths, account, "зовсім інші слова"),
        "removed": lambda: remove_account(paths, account),
    }[how]()
    assert not is_in(thief)


def test_signing_out_takes_the_cookie_away(portal, paths):
    sign_in_as(portal, paths)
    answer = fill_in(portal, "/signout", {}, page=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert portal.get_cookie(COOKIE) is None
    assert not is_in(portal)


def test_an_administrator_is_no_technician(portal, paths):
    @portal.application.get("/test-only")
    @needs("technician")
    def only():
        return "in"

    sign_in_as(portal, paths, "admin")
    assert portal.get("/test-only").status_code == 403
    assert is_in(portal)


def test_learners_get_no_cookie_and_kept_pages(portal, paths, scratch):
    put_lesson(paths, scratch)
    for path in ("/", "/library", "/pack/lesson", "/search?q=x", "/help", "/set"):
        answer = portal.get(path)
        assert "Set-Cookie" not in answer.headers, path
        assert answer.headers["Cache-Control"] == "no-cache", path
        assert "ETag" in answer.headers, path
    assert not paths.session_key.exists()
    assert not paths.accounts_db.exists()


def test_kept_pages_are_the_same_for_who_is_signed_in(portal, paths, scratch):
    put_lesson(paths, scratch)
    sign_in_as(portal, paths)
    learner = portal.application.test_client()
    for path in ("/", "/library", "/pack/lesson", "/help"):
        mine, theirs = portal.get(path), learner.get(path)
        assert mine.data == theirs.data
        assert mine.headers["ETag"] == theirs.headers["ETag"]
        assert "Set-Cookie" not in mine.headers


def test_a_kept_page_that_looks_who_asks_is_not_kept(portal, paths):
    @cached_page
    def view():
        account = signed_in()
        return account.name if account else "nobody"

    portal.application.add_url_rule("/test-kept", view_func=view)
    sign_in_as(portal, paths)
    answer = portal.get("/test-kept")
    assert answer.text == "technician"
    assert answer.headers["Cache-Control"] == "no-store"
    assert portal.application.test_client().get("/test-kept").text == "nobody"


@pytest.mark.parametrize("path", ["/signin", "/signin/forgot", "/start", PAGE, "/start/wifi"])
def test_pages_of_who_signs_in_are_kept_nowhere(portal, paths, path):
    sign_in_as(portal, paths)
    answer = portal.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_a_forgotten_password_is_reset_before_the_hub(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    write_label_code(paths, "K7RM-4XQ9")
    new = {"name": "technician", "password": "зовсім інші слова", "again": "зовсім інші слова"}
    for wrong, field in (
        ({"code": "K7RM-4XQ8"}, "code"),
        ({"again": "other"}, "password"),
        ({"name": "x"}, "name"),
    ):
        answer = fill_in(portal, "/signin/forgot", new | {"code": "k7rm4xq9"} | wrong)
        assert answer.status_code == 422
        assert re.findall(r'name="(\w+)"[^>]*aria-invalid', answer.text) == [field]
        assert ('value="k7rm4xq9"' in answer.text) == (field != "code")  # what is right is not typed again
    assert not is_in(portal)
    assert fill_in(portal, "/signin/forgot", new | {"code": "k7rm4xq9"}).headers["Location"] == "/tech/status"
    assert is_in(portal)
    assert fill_in(portal.application.test_client(), "/signin", new).status_code == 303


def test_a_pupil_who_guesses_on_keeps_nobody_out_who_has_the_code(portal, paths):
    """As the password's new, five more guesses take five seconds; the technician is in by then."""
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    write_label_code(paths, "K7RM-4XQ9")
    new = {"name": "technician", "password": "зовсім інші слова", "again": "зовсім інші слова"}

    def guess():
        for number in range(FREE_MISSES + 1):
            accounts.sign_in(paths, "technician", f"guess {number}", address="10.42.0.77")

    guess()
    assert fill_in(portal, "/signin", {"name": "technician", "password": PASSWORD}).status_code == 429
    fill_in(portal, "/signin/forgot", new | {"code": "K7RM-4XQ9"})
    guess()
    assert is_in(portal)


def test_codes_are_not_guessed_for_long(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    write_label_code(paths, "K7RM-4XQ9")
    form = {"name": "technician", "password": "зовсім інші слова", "again": "зовсім інші слова"}
    statuses = [
        fill_in(portal, "/signin/forgot", form | {"code": f"AAAA-AAA{n}"}).status_code for n in range(2, 8)
    ]
    assert statuses == [422] * FREE_MISSES + [429]
    assert fill_in(portal, "/signin/forgot", form | {"code": "K7RM-4XQ9"}).status_code == 429


def test_names_and_passwords_of_any_kind_harm_nothing(portal, paths):
    accounts.add_account(paths, "technician", PASSWORD, role="technician")
    for odd in ('"><script>alert(1)</script>', "' or 1=1 --", "\0", "x" * 9000, "\U0001f600", "%s %(x)s"):
        answer = fill_in(portal, "/signin", {"name": odd, "password": odd})
        assert answer.status_code in (422, 429)
        assert "<script>alert" not in answer.text


def test_a_session_is_opened_for_nobody_who_has_no_cookie(portal):
    with portal.application.test_request_context("/"):
        assert not session
    assert portal.application.secret_key is None
