"""What the text of nginx's configuration says, setting by setting; flows show that nginx obeys."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from content_packs.errors import UsageError
from hub.door.config import door_of_settings, write_config
from hub.door.run import choose_door
from hub.settings import DoorSettings, HubPaths, HubSettings, KolibriSettings, PortalSettings

PATHS = HubPaths(Path("/var/lib/hub"))


def text_of(settings: HubSettings, *, host: str = "0.0.0.0", **how: object) -> str:
    return write_config(PATHS, settings, door_of_settings(settings), host=host, **how)


def settings_with(**door: object) -> HubSettings:
    return HubSettings("h-1", "/depot", door=DoorSettings(enabled=True, **door))


def listens(text: str) -> set[str]:
    return set(re.findall(r"listen (\S+?)(?: default_server| ipv6only=off)*;", text))


def test_one_port_for_everything_and_three_for_who_uses_a_number():
    assert listens(text_of(settings_with())) == {f"0.0.0.0:{port}" for port in (80, 81, 82, 83)}
    given = settings_with(port=8000, packs_port=9001, zip_port=9003)
    assert listens(text_of(given)) == {f"0.0.0.0:{port}" for port in (8000, 9001, 8002, 9003)}


def test_ports_that_are_the_same_are_refused():
    with pytest.raises(UsageError, match="must differ"):
        door_of_settings(settings_with(port=80, kolibri_port=81))


@pytest.mark.parametrize(
    ("host", "written"), [("127.0.0.1", "127.0.0.1:80"), ("::", "[::]:80"), ("fd00::1", "[fd00::1]:80")]
)
def test_it_listens_where_hub_toml_says(host, written):
    assert written in listens(text_of(settings_with(), host=host))


def test_names_come_from_hub_toml():
    text = text_of(settings_with(hub_name="school.test", packs_domain="packs.test"))
    assert 'server_name ".packs.test";' in text
    assert 'server_name "kolibri.school.test";' in text
    assert "frame-src http://*.packs.test;" in text
    assert "lan" not in re.findall(r"[a-z.]*\.lan\b", text)
    assert '"GETschool.test"' in text


def test_a_hub_without_kolibri_has_no_door_to_it():
    text = text_of(replace(settings_with(), kolibri=KolibriSettings(enabled=False)))
    assert "kolibri" not in text.lower()
    assert listens(text) == {"0.0.0.0:80", "0.0.0.0:81"}


def test_kolibri_at_any_free_port_cannot_be_found():
    with pytest.raises(UsageError, match="kolibri"):
        text_of(replace(settings_with(), kolibri=KolibriSettings(port=0)))


def test_the_administrator_s_pages_are_a_setting_and_the_app_s_key_is_not():
    hidden, shown = text_of(settings_with()), text_of(settings_with(kolibri_admin=True))
    assert "setup_wizard" in hidden and "setup_wizard" not in shown
    assert "initialize" in hidden and "initialize" in shown


def test_kolibri_is_reached_on_loopback_behind_the_door():
    assert "server 127.0.0.1:8090;" in text_of(settings_with())
    other = replace(settings_with(), kolibri=KolibriSettings(host="10.0.0.5", port=9))
    assert "server 10.0.0.5:9;" in text_of(other)


def test_patience_is_the_portal_s():
    text = text_of(replace(settings_with(), portal=PortalSettings(patience_s=12)))
    assert "send_timeout 12s;" in text


def test_workers_run_as_who_is_named_and_a_trial_is_one_process():
    assert "\nuser hub;" in text_of(settings_with(), user="hub")
    assert "user " not in text_of(settings_with())
    assert "master_process off;" in text_of(settings_with(), single=True)
    assert "master_process" not in text_of(settings_with())


@pytest.mark.parametrize("name", ["a b", "a$b", 'a"b', "a;b", "a\nb", "a{b}"])
def test_a_folder_that_nginx_would_misread_is_refused(name):
    settings = settings_with()
    with pytest.raises(UsageError, match="nginx"):
        write_config(HubPaths(Path("/x") / name), settings, door_of_settings(settings), host="::")


def test_every_place_has_its_policy():
    """An `add_header` in a place switches off all those around it: each place repeats them."""
    text = text_of(settings_with())
    for place in re.findall(r"location [^{]*\{[^{}]*add_header[^{}]*\}", text):
        assert "X-Content-Type-Options" in place, place
        assert "Content-Security-Policy" in place or "/static/" in place, place


def test_a_trial_takes_free_ports_or_those_that_are_given():
    assert choose_door(settings_with(), 8000).zip_port == 8003
    assert choose_door(settings_with(), None).port == 80
    free = choose_door(settings_with(), 0)
    assert len({free.port, free.packs_port, free.kolibri_port, free.zip_port}) == 4


@pytest.mark.parametrize("path", ["/opds/search", "/opds/all", "/sitemap.xml", "/sitemap/2.xml"])
def test_nobody_asks_for_what_takes_long_as_often_as_he_likes(path):
    assert zone_of(path) == "search"


def test_a_search_that_is_not_finished_yet_is_limited_too():
    text = text_of(settings_with())
    assert re.search(r"location = /search \{\n(?: +[^ }].+\n)+? +try_files /\S+ @search;", text)
    assert re.search(r"location @search \{ limit_req zone=search ", text)


@pytest.mark.parametrize(
    ("path", "zone"),
    [("/search/suggest", "suggest"), ("/opds/search.xml", ""), ("/searches", ""), ("/login", ""), ("/", "")],
)
def test_other_pages_have_other_limits_or_none(path, zone):
    assert zone_of(path) == zone


def zone_of(path: str) -> str:
    """The zone whose limit holds for a path: of the first location that is given by a pattern."""
    text = text_of(settings_with())
    for pattern, zone in re.findall(r"location ~ \"?(\S+?)\"? \{ limit_req zone=(\w+)", text):
        if re.search(pattern, path):
            return str(zone)
    return ""
