"""A technician before a new hub, on a phone and without scripts too; and a lesson that wants what is his."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import jobs
from hub.accounts import add_account, list_accounts, read_steps
from hub.labelcode import write_label_code
from hub.settings import HubPaths
from hub.web.sessions import COOKIE
from support.accounts import PASSWORD
from support.axe import examine
from support.paper import count_pages
from support.serving import serving
from support.shelves import put_lesson
from support.tab import PHONE, SCHOOL_PC
from support.visitor import Visitor

GO = "main form button.main"
CODE = "K7RM-4XQ9"
POPUP = b"""<!doctype html><title>x</title><h1>lesson</h1><script>
const portal = location.origin.replace(/:\\d+$/, ':PORT');
const form = document.createElement('form');
form.method = 'post';
form.action = portal + '/tech/accounts/sign-out';
form.target = 'popup';
document.body.appendChild(form);
const popup = window.open(portal + '/tech/accounts', 'popup');
let read = 'nothing';
const quietly = (what) => { try { return what(); } catch (error) { return 'refused'; } };
setTimeout(() => {
  read = quietly(() => popup.document.body.textContent);
  quietly(() => form.submit());
  quietly(() => fetch(form.action, {method: 'POST', credentials: 'include', mode: 'no-cors'}).catch(() => 0));
  quietly(() => document.cookie = 'COOKIE=x');
  setTimeout(() => document.title = 'tried:' + read, 500);
}, 500);
</script>"""


@pytest.fixture
def paths(tmp_path):
    paths = HubPaths(tmp_path / "hub")
    paths.dir.mkdir()
    return paths


def fill(tab, values):
    for name, value in values.items():
        field = f"main form [name={name}]"
        tab.run("function (s) { document.querySelector(s).value = '' }", field)
        tab.tap(field)
        tab.type(value)


def sign_in(technician, **values):
    technician.go("/signin")
    fill(technician.tab, {"name": "technician", "password": PASSWORD} | values)
    technician.tab.follow(GO)


def look(technician, name, *, scripts=True):
    """Keep a picture; nothing is wider than the smallest screen, and axe finds nothing, where it may run."""
    technician.keep(name)
    technician.tab.show((320, 640))
    assert technician.tab.value("document.documentElement.scrollWidth <= innerWidth")
    technician.tab.show(technician.size)
    if scripts:
        assert examine(technician.tab).violations == ()


def step(technician, name, values=None, *, scripts):
    """Look at one step, fill it in and go on."""
    assert technician.place == f"/start/{name}"
    look(technician, f"start-{name}", scripts=scripts)
    fill(technician.tab, values or {})
    technician.tab.follow(GO)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_technician_makes_a_new_hub_ready(tab, engine, paths, scripts):
    write_label_code(paths, CODE)
    with serving(paths) as served:
        technician = Visitor(tab, served, engine, PHONE)
        technician.arrive()
        tab.allow_scripts(scripts)
        technician.go("/signin")
        assert technician.place == "/start"
        look(technician, "start-code", scripts=scripts)
        fill(tab, {"code": "k7rm 4xq9"})
        tab.follow(GO)
        look(technician, "start-overview", scripts=scripts)
        tab.follow("main .actions a.main")
        step(technician, "language", scripts=scripts)
        step(
            technician,
            "school",
            {"school_name": "Ліцей села Кваси", "school_code": "12345678"},
            scripts=scripts,
        )
        step(
            technician, "wifi", {"ssid": "Квасівський ліцей"[:16], "password": "vesna-2026"}, scripts=scripts
        )
        step(
            technician,
            "account",
            {"display_name": "Олена Коваль", "password": PASSWORD, "again": PASSWORD},
            scripts=scripts,
        )
        if not scripts:
            tab.follow(GO)
            assert technician.place == "/start/clock"
            assert tab.has("[role=alert]")
            tab.follow("main details form button")  # as the hub itself has it
        else:
            step(technician, "clock", scripts=scripts)
        step(technician, "content", scripts=scripts)
        if engine.is_today and scripts:
            assert count_pages(tab.print_to_pdf()) == 1
        step(technician, "cards", scripts=scripts)
        assert technician.place == "/start"
        assert tab.has("a.main[href='/tech/status']")
        look(technician, "start-done", scripts=scripts)
    assert len(read_steps(paths)) == 7
    assert [account.name for account in list_accounts(paths)] == ["technician"]
    said = next(job for job in jobs.read_jobs(paths) if job.name == "set-time").values["iso"]
    assert abs(datetime.fromisoformat(said) - datetime.now(UTC)) < timedelta(minutes=5)
    assert scripts is (tab.complaints == [])  # the browser itself complains of a page with status 422


def test_somebody_signs_in_and_out(tab, engine, paths):
    add_account(paths, "technician", PASSWORD, role="technician", display_name="Олена Коваль")
    add_account(paths, "head", PASSWORD, role="admin", display_name="Ганна Мельник")
    with serving(paths) as served:
        technician = Visitor(tab, served, engine, PHONE)
        technician.arrive()
        tab.open(f"{served.url}/tech/accounts")  # go() would come signed in
        look(technician, "signin")
        sign_in(technician, password="wrong")
        assert tab.has("[role=alert]")
        look(technician, "signin-wrong")
        sign_in(technician)
        assert COOKIE not in str(tab.value("document.cookie"))
        tab.open(f"{served.url}/tech/accounts")
        look(technician, "accounts")
        tab.follow("main a[href='/tech/accounts/of/head']")
        look(technician, "account")
        technician.go("/signin/forgot")
        look(technician, "forgot")
        tab.open(f"{served.url}/tech/accounts")
        tab.follow("form[action='/signout'] button")
        assert technician.place == "/"
        tab.back()  # nothing is kept of what was shown
        assert technician.place.startswith("/signin")


def test_a_lesson_gets_nothing_of_who_is_signed_in(tab, engine, paths, scratch):
    add_account(paths, "technician", PASSWORD, role="technician")
    with serving(paths) as served:
        page = POPUP.replace(b"PORT", str(served.port).encode()).replace(b"COOKIE", COOKIE.encode())
        put_lesson(paths, scratch, {"index.html": page})
        technician = Visitor(tab, served, engine, SCHOOL_PC)
        technician.arrive()
        sign_in(technician)
        tab.open(f"{served.content_url}/p/lesson/index.html")
        title = tab.wait_until("document.title.indexOf('tried:') === 0 && document.title")
        assert title in ("tried:refused", "tried:nothing")
        tab.open(f"{served.url}/tech/accounts")
        assert technician.place == "/tech/accounts"  # the cookie is what it was, and its session too
    account = list_accounts(paths)[0]
    assert account.session_version == 1
