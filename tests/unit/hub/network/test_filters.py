"""Block lists: a whole, right one is taken; of a wrong one the old one stays."""

import os
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.blocklist import check_domain, is_below, order_of
from hub.db import open_db
from hub.network.filter_names import blocked_line, find_blocked
from hub.network.filters import Filter, most_domains, read_filter, take_filter
from hub.network.paths import NetworkPaths
from hub.network.safe import SAFE_SEARCH
from hub.settings import HubPaths
from hub.uplink.limits import Moment
from support.filter_pack import in_use, install

GIB = 1024**3
OWN = ("hub.school.org", "hubpacks.lan")
GOOD = "example.com a\nbad.example.org b\nxn--e1afmkfd.xn--j1amh z\n"


@pytest.fixture
def places(tmp_path):
    return HubPaths(tmp_path / "hub"), NetworkPaths(tmp_path / "run", tmp_path / "links", tmp_path / "kept")


def test_list_becomes_what_dnsmasq_reads(places):
    hub, paths = places
    install(hub, 3, GOOD, safe_search=[{"name": "www.google.com", "address": "216.239.38.121"}])
    used, is_new = take_filter(hub, paths, ram_bytes=GIB)
    assert is_new
    assert (used.pack_id, used.version, used.domains) == ("filter", 3, 3)
    assert in_use(used.files, "always", paths) == (
        "address=/example.com/198.51.100.2 #a\naddress=/bad.example.org/198.51.100.2 #b\n"
        "address=/xn--e1afmkfd.xn--j1amh/198.51.100.2 #z\n"
    )
    (file,) = used.lists(paths, lesson=False)
    assert file.stat().st_mode & 0o777 == 0o644
    assert str(used.addresses()["www.google.com"]) == "216.239.38.121"
    assert used.addresses()["www.bing.com"] == SAFE_SEARCH["www.bing.com"]
    assert read_filter(paths) == used
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, False)


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        ("", {}, "the list is empty"),
        ("", {"domains": 1}, "expected 1 domains as they were signed, got 0"),
        ("com a\n", {}, "line 1: 'com' expected a domain of two labels"),
        ("com.ua a\n", {}, "'com.ua' is not one site"),
        ("hub.lan a\n", {}, "'hub.lan' is not one site"),
        ("hub.school.org a\n", {}, "hub.school.org is this hub's own name"),
        ("kolibri.hub.school.org a\n", {}, "kolibri.hub.school.org is this hub's own name"),
        ("10.0.0.1 a\n", {}, "expected a domain, not an address"),
        ("example.com a\r\n", {}, "the letter of a category"),
        ("example.com\n", {}, "expected a domain, a space and the letter of a category"),
        ("example.com A\n", {}, "the letter of a category"),
        ("Example.com a\n", {}, "expected a domain of two labels"),
        ("приклад.укр a\n", {}, "expected a domain of two labels"),
        ("example.com/ a\nserver=8.8.8.8\n", {}, "line 1"),
        ("example.com/8.8.8.8\n", {}, "line 1"),
        (f"{'a' * 64}.com a\n", {}, "expected a domain of two labels"),
        (f"{'a.' * 140}com a\n", {}, "line 1"),
        ("example.com a\nexample.com a\n", {}, "line 2: example.com stands after example.com"),
        ("example.com a\nwww.example.com a\n", {}, "line 2: www.example.com is below example.com"),
        ("b.example.com a\na.example.com a\n", {}, "line 2: a.example.com stands after"),
        (GOOD, {"lesson": "www.example.com g\n"}, "www.example.com is always blocked, by example.com"),
        (GOOD, {"lesson": "example.com g\n"}, "example.com is always blocked"),
        (GOOD, {"lesson": "games.org i\n", "lesson_sha256": "0" * 64}, "as they were signed"),
        (GOOD, {"lesson": "games.org i\n", "lesson_time": "often"}, "lesson_time: expected days and times"),
        (GOOD, {"allow": "com\n"}, "line 1: 'com' expected a domain"),
        (GOOD, {"allow": "ok.example.com\nx.ok.example.com\n"}, "which the list holds already"),
        (GOOD, {"strict_search": "yes"}, "strict_search: expected what a filter's index says"),
        (GOOD, {"domains": 4}, "expected 4 domains as they were signed, got 3"),
        (GOOD, {"sha256": "0" * 64}, "as they were signed"),
        (GOOD, {"domains": 600_000}, "expected at most 512000 domains on this machine"),
        (GOOD, {"safe_search": [{"name": "www.google.com", "address": "10.0.0.1"}]}, "a public IPv4 address"),
        ("\x00\xff\n", {}, "line 1"),
    ],
)
def test_wrong_list_is_named_and_the_old_one_stays(places, text, changes, words):
    hub, paths = places
    install(hub, 3, GOOD)
    old, _ = take_filter(hub, paths, ram_bytes=GIB)
    before = in_use(old.files, "always", paths)
    install(hub, 4, text, **changes)
    used, is_new = take_filter(hub, paths, ram_bytes=GIB, own=OWN)
    assert not is_new
    assert words in used.refused
    assert replace(used, refused="", refused_version=0) == old
    assert in_use(used.files, "always", paths) == before
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, False)  # and it is not read again each minute
    install(hub, 5, "good.example a\n")
    newest = take_filter(hub, paths, ram_bytes=GIB)[0]
    assert (newest.version, newest.domains, newest.refused) == (5, 1, "")


def test_a_pack_that_is_taken_away_leaves_its_list(places):
    hub, paths = places
    install(hub, 3, GOOD)
    old, _ = take_filter(hub, paths, ram_bytes=GIB)
    db = open_db(hub.db)
    db.table("installed").delete_where("pack_id = ?", ["filter"])
    db.close()
    assert take_filter(hub, paths, ram_bytes=GIB) == (old, False)


def test_root_reads_no_file_that_is_not_the_hub_s(places, tmp_path):
    """Else a portal that was taken over could have lines of any file shown as what is wrong with a list."""
    hub, paths = places
    install(hub, 3, GOOD)
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    list_file = hub.packs / "filter/3/files/domains.txt"
    list_file.unlink()
    list_file.symlink_to(secret)
    assert take_filter(hub, paths, ram_bytes=GIB)[0].refused == "filter 3: domains.txt is no file of this hub"
    install(hub, 4, GOOD)
    os.chown(hub.packs / "filter/4/files/domains.txt", 12345, -1)
    assert take_filter(hub, paths, ram_bytes=GIB)[0].refused == "filter 4: domains.txt is no file of this hub"


def spoil_names(paths, used):
    (file,) = used.lists(paths, lesson=True)
    file.write_bytes(file.read_bytes().replace(b"example.com", b"exa\nple.com"))  # dnsmasq would not start


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_names,
        lambda paths, used: used.lists(paths, lesson=True)[0].unlink(),
        lambda paths, used: paths.filter.write_bytes(b""),
        lambda paths, used: paths.filter.write_text('{"version": 3, "files": []}'),
    ],
    ids=["names", "no-names", "empty", "odd"],
)
def test_what_a_power_cut_spoiled_is_taken_again(places, spoil):
    hub, paths = places
    install(hub, 3, GOOD)
    used, _ = take_filter(hub, paths, ram_bytes=GIB)
    spoil(paths, used)
    assert not read_filter(paths).is_there
    assert take_filter(hub, paths, ram_bytes=GIB) == (used, True)


def test_no_hub_db_is_no_filter(places):
    assert take_filter(*places, ram_bytes=GIB) == (Filter(), False)


@pytest.mark.parametrize(
    ("ram", "most"),
    [
        (0, 512_000),
        (GIB, 512_000),
        (926 * 1024**2, 512_000),
        (430 * 1024**2, 256_000),
        (4 * GIB, 2_048_000),
    ],
)
def test_small_boards_take_shorter_lists(ram, most):
    assert most_domains(ram) == most


LESSON = {"lesson": "www.youtube.com j\ngames.org i\n", "allow": "ok.example.com\n"}
NOW = {
    "lesson": Moment(datetime.fromisoformat("2026-11-27T09:00")),  # a Friday
    "after": Moment(datetime.fromisoformat("2026-11-27T16:00")),
    "clock": Moment(datetime.fromisoformat("2026-11-27T16:00"), is_known=False),
}


@pytest.mark.parametrize(("when", "lesson"), [("lesson", True), ("after", False), ("clock", True)])
def test_lessons_have_a_list_of_their_own(places, when, lesson):
    """Whoever does not know the time blocks more, not less."""
    hub, paths = places
    install(hub, 3, GOOD, **LESSON)
    used, _ = take_filter(hub, paths, ram_bytes=GIB)
    assert used.is_lesson(NOW[when]) is lesson
    sorts = [path.name.split("-")[1] for path in used.lists(paths, lesson=lesson)]
    assert sorts == (["always", "lesson", "allow"] if lesson else ["always", "allow"])
    assert in_use(used.files, "allow", paths) == "server=/ok.example.com/#\n"
    assert ("www.youtube.com" in used.addresses(lesson=lesson)) is not lesson  # blocked goes before safe
    assert "www.bing.com" in used.addresses(lesson=lesson)


def test_what_the_hub_answers_itself_stands_in_no_list(places):
    """Else dnsmasq gave two answers."""
    hub, paths = places
    install(hub, 3, "x.mask.icloud.com l\nbad.example a\ndns.google l\n")
    used, _ = take_filter(hub, paths, ram_bytes=GIB)
    assert in_use(used.files, "always", paths) == "address=/bad.example/198.51.100.2 #a\n"


def test_lists_before_the_last_two_are_removed(places):
    hub, paths = places
    for version in (3, 4, 5):
        install(hub, version, f"bad{version}.example a\n")
        take_filter(hub, paths, ram_bytes=GIB)
    assert len(list(paths.kept.glob("names-*"))) == 2  # dnsmasq may be reading the one before


labels = st.text(st.sampled_from("ab1-"), min_size=1, max_size=3).filter(lambda t: t.strip("-") == t)
names = st.lists(labels, min_size=2, max_size=4).map(".".join).filter(lambda name: not check_domain(name))


@given(st.sets(names, min_size=1, max_size=12), names)
def test_a_name_is_found_as_dnsmasq_finds_it(tmp_path_factory, listed, name):
    apart = sorted((n for n in listed if not any(n != m and is_below(n, m) for m in listed)), key=order_of)
    file = tmp_path_factory.mktemp("names") / "list"
    file.write_text("".join(blocked_line(n, "a") for n in apart))
    found = find_blocked(file, name)
    assert (found.name if found else None) == next((n for n in apart if is_below(name, n)), None)


def test_nothing_is_found_where_there_is_no_list(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "odd").write_bytes(b"\xff\n\n/=/\n")
    for name in ("empty", "odd", "none"):
        assert find_blocked(tmp_path / name, "bad.example") is None
