"""The office's dashboard in both browsers: each page on a phone and a PC, and work without scripts."""

import os
from collections.abc import Iterator

import pytest

from support.axe import examine
from support.dashboards import ADMIN, HUB, PASSWORD, RunningDashboard, a_dashboard
from support.tab import SCHOOL_PC
from support.visitor import DEVICES, keep_picture

NARROW, PHONE = (320, 640), DEVICES["phone"]
_TALLEST = 2400


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> Iterator[RunningDashboard]:
    with a_dashboard(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


def sign_in(tab, office):
    tab.open(office.url + "/signin")
    for name, text in (("name", ADMIN), ("password", PASSWORD)):
        tab.tap(f"input[name={name}]")
        tab.type(text)
    tab.follow("main form button")
    assert tab.url == office.url + "/"


def looked_at(tab, engine, language, name):
    """Keep pictures of the page that is open, whole but for docs; return what is wrong with it."""
    wrong = []
    for size in (SCHOOL_PC, PHONE):
        tab.show(size)
        whole = int(tab.value("document.documentElement.scrollHeight"))
        tall = size[1] if os.environ.get("RENEW") else max(size[1], min(whole, _TALLEST))
        tab.show((size[0], tall))
        keep_picture(tab, engine, size, language, f"dashboard-{name}")
    wrong += [f"axe: {line}" for line in examine(tab).violations]
    tab.show(NARROW)
    if (width := tab.value("document.documentElement.scrollWidth")) > NARROW[0]:
        wrong.append(f"{width} px wide on a screen of {NARROW[0]}")
    return wrong


@pytest.mark.parametrize(
    ("engine", "language"),
    [("chromium", "uk"), ("chromium", "en"), ("chromium-64", "uk")],
    indirect=["engine"],
)
def test_every_page_is_one_that_all_can_use(tab, engine, office, language):
    tab.set_cookies(office.url, {"language": language})
    tab.paint(color_scheme="dark" if language == "en" and engine.is_today else "light")
    tab.show(PHONE)
    wrong = {}
    tab.open(office.url + "/signin")
    wrong["signin"] = looked_at(tab, engine, language, "signin")
    tab.open(office.url + office.link)
    wrong["link"] = looked_at(tab, engine, language, "link")
    sign_in(tab, office)
    for name, path in office.pages.items():
        tab.open(office.url + path)
        assert tab.value("document.documentElement.lang") == language
        wrong[name] = looked_at(tab, engine, language, name)
    assert {name: lines for name, lines in wrong.items() if lines} == {}
    assert [line for line in tab.complaints if "status of 404" not in line] == []


def test_a_school_is_given_a_pack_without_scripts(tab, engine, office):
    hub_id = HUB if engine.is_today else "h-7f3a0005"
    tab.allow_scripts(False)
    tab.show(PHONE)
    sign_in(tab, office)
    tab.follow("a[href='/packs']")
    tab.follow("a[href='/packs/history-grade8']")
    tab.tap("summary")
    tab.tap("input[name=hub]")
    tab.type(hub_id)
    tab.follow("form[action='/packs/history-grade8/assign'] button")
    assert "history-grade8" in tab.text("main table")
    tab.follow("form[method=post][action='/packs/history-grade8/assign'] button")
    assert tab.url == office.url + "/packs/history-grade8"
    assert tab.has("[role=status]")
    assert hub_id in tab.text("main")
    tab.open(office.url + "/audit")
    assert "history-grade8" in tab.text("main")
    tab.follow("form[action='/signout'] button")
    tab.open(office.url + "/packs")
    assert tab.url.startswith(office.url + "/signin")
